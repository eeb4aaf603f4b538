"""Beginning a sign-in: a request that one browser may answer once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from federation.domain.digests import digest_of
from federation.domain.landing import landing_path
from federation.domain.saml import AuthnRequest, Departure, ResponseRefused
from federation.models import IdentityProvider, SignInRequest
from federation.ports import SAMLWriter
from federation.selectors import identity_providers, own_keys
from governance.isolation import prepared
from governance.isolation.prepared import Change
from governance.kernel.refusals import Conflict

# Of requests either way, and of the cookie that binds their answers to the browser.
REQUEST_LIFE = timedelta(minutes=15)


class ProviderDisabled(ResponseRefused):
    code = "saml_provider_disabled"
    sentence = (
        "Sign-in through this identity provider is not enabled. Sign in another way, or ask an "
        "administrator."
    )
    check = "provider"


class NamespaceClosed(ResponseRefused):
    code = "saml_namespace_closed"
    sentence = "Nobody can sign in to this namespace now. Ask whoever runs this service."
    check = "namespace"


class NoSignInAddress(Conflict):
    code = "saml_no_address_for_requests"
    sentence = (
        "The identity provider's metadata names no address for requests by {binding}, so a sign-in "
        "cannot begin here. An administrator may choose another way to send them."
    )


class UnsolicitedResponse(ResponseRefused):
    code = "saml_unsolicited_response"
    sentence = (
        "Nobody here asked for this sign-in. Begin at the sign-in page, or ask an administrator "
        "to allow IdP-initiated sign-in for this provider."
    )
    check = "request"


class RequestUnknown(ResponseRefused):
    code = "saml_request_unknown"
    sentence = (
        "This answers no open sign-in: it was used already or began too long ago. Begin again at "
        "the sign-in page."
    )
    check = "request"


class OtherBrowser(ResponseRefused):
    code = "saml_other_browser"
    sentence = "This sign-in was begun in another browser. Begin again in this one."
    check = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the entrance brings: a fresh request id, and this browser's secret cookie value.

    `session_id` is the session whose person is to prove again who they are (step-up);
    `tester_session_id` that of an administrator who tests the provider.
    """

    request_id: str
    browser: str
    target: str
    session_id: UUID | None = None
    tester_session_id: UUID | None = None


def begin(
    *,
    provider: IdentityProvider,
    beginning: Beginning,
    writer: SAMLWriter,
    public_url: str,
    now: datetime,
) -> Departure:
    """Remember the request and return where to send the browser, by redirect or by a form.

    The landing place stays here, by request id: nothing that comes back can change it.
    """
    is_test = beginning.tester_session_id is not None
    if not is_test:
        check_open(provider)
    destination, by_form = _way(provider)
    SignInRequest.objects.filter(expires_at__lte=now).delete()
    row = SignInRequest.objects.create(
        identity_provider=provider,
        request_id=beginning.request_id,
        browser_fingerprint=digest_of(beginning.browser),
        landing_path=landing_path(target=beginning.target, public_url=public_url),
        session_id=beginning.session_id,
        is_test=is_test,
        tester_session_id=beginning.tester_session_id,
        expires_at=now + REQUEST_LIFE,
    )
    own = identity_providers.service_provider(provider, public_url=public_url)
    send = writer.posted if by_form else writer.redirected
    return send(
        message=AuthnRequest(
            request_id=row.request_id,
            destination=destination,
            issuer=own.entity_id,
            acs_url=own.acs_url,
            relay_state=row.landing_path,
            force_authn=row.session_id is not None,
        ),
        own_key=own_keys.current(provider, now=now) if provider.sign_requests else None,
        now=now,
    )


def check_open(provider: IdentityProvider) -> None:
    """The one gate on signing in: before a request, and again before its answer counts."""
    if not provider.enabled:
        raise ProviderDisabled
    if not provider.namespace.is_open:
        raise NamespaceClosed


def answered(
    *, provider: IdentityProvider, request_id: str | None, browser: str, now: datetime
) -> SignInRequest | None:
    """The open request that a signed InResponseTo names, used up by this call.

    None where nobody asked and this provider may start sign-ins by itself.
    """
    if request_id is None:
        if not provider.allow_idp_initiated:
            raise UnsolicitedResponse
        return None
    found = _awaited(provider_id=provider.pk, request_id=request_id, now=now)
    if not found:
        raise RequestUnknown
    row = found[0]
    if not browser or row.browser_fingerprint != digest_of(browser):
        raise OtherBrowser
    _use_up(request_row_id=row.pk, now=now)
    return row


@prepared.selecting
def _awaited(*, provider_id: UUID, request_id: str, now: datetime) -> QuerySet[SignInRequest]:
    return SignInRequest.objects.select_for_update().filter(
        identity_provider_id=provider_id,
        request_id=request_id,
        is_test=False,
        consumed_at__isnull=True,
        expires_at__gt=now,
    )


@prepared.updating
def _use_up(*, request_row_id: UUID, now: datetime) -> Change:
    rows = SignInRequest.objects.filter(pk=request_row_id)
    return rows, {"consumed_at": now, "updated_at": now}


def is_open(*, provider: IdentityProvider, request_id: str, browser: str, now: datetime) -> bool:
    """Whether this browser waits for the answer of that request. Uses nothing up."""
    rows = _waiting(provider=provider, browser=browser, now=now)
    return rows.filter(request_id=request_id).exists()


def tests_of(*, provider: IdentityProvider, browser: str, now: datetime) -> QuerySet[SignInRequest]:
    """The tests that this browser began and waits for, the newest last."""
    return _waiting(provider=provider, browser=browser, now=now).filter(is_test=True)


def check_answers(test: SignInRequest, *, request_id: str | None, now: datetime) -> None:
    """The signed InResponseTo names this very test, once. Uses it up."""
    if request_id is None:
        raise UnsolicitedResponse
    open_test = SignInRequest.objects.filter(pk=test.pk, consumed_at__isnull=True)
    if request_id != test.request_id or not open_test.update(consumed_at=now):
        raise RequestUnknown


def _waiting(*, provider: IdentityProvider, browser: str, now: datetime) -> QuerySet[SignInRequest]:
    rows = SignInRequest.objects.filter(
        identity_provider=provider,
        browser_fingerprint=digest_of(browser),
        consumed_at__isnull=True,
        expires_at__gt=now,
    )
    return rows.order_by("created_at", "id") if browser else rows.none()


def _way(provider: IdentityProvider) -> tuple[str, bool]:
    """The address that requests go to, and whether by a form (HTTP-POST)."""
    redirect, post = provider.sso_redirect_url, provider.sso_post_url
    wanted = IdentityProvider.RequestBinding(provider.request_binding)
    automatic = wanted is IdentityProvider.RequestBinding.AUTOMATIC
    by_form = not redirect if automatic else wanted is IdentityProvider.RequestBinding.POST
    found = post if by_form else redirect
    if not found:
        raise NoSignInAddress(binding="HTTP-POST" if by_form else "HTTP-Redirect")
    return found, by_form
