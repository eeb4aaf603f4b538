"""Beginning a sign-in: a request that one browser may answer once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from federation.domain.landing import landing_path
from federation.domain.saml import AuthnRequest, ResponseRefused
from federation.models import IdentityProvider, SignInRequest
from federation.ports import SAMLWriter
from federation.selectors import identity_providers
from federation.services import service_provider_keys
from governance.kernel.refusals import Conflict

REQUEST_LIFE = timedelta(minutes=15)


class ProviderDisabled(ResponseRefused):
    code = "saml_provider_disabled"
    sentence = "Sign-in through this identity provider is not enabled."
    check = "provider"


class NoRedirectAddress(Conflict):
    code = "saml_no_redirect_address"
    sentence = (
        "The identity provider names no HTTP-Redirect address, so a sign-in cannot begin here. "
        "Begin it at the identity provider."
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
    sentence = "This answers no open sign-in: it was used already or began too long ago."
    check = "request"


class OtherBrowser(ResponseRefused):
    code = "saml_other_browser"
    sentence = "This sign-in was begun in another browser. Begin again in this one."
    check = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the entrance brings: a fresh request id, and this browser's secret cookie value.

    `session_id` is the session whose person is to prove again who they are (step-up).
    """

    request_id: str
    browser: str
    target: str
    session_id: UUID | None = None


def begin(
    *,
    provider: IdentityProvider,
    beginning: Beginning,
    writer: SAMLWriter,
    public_url: str,
    now: datetime,
) -> str:
    """Remember the request and return where to send the browser.

    The landing place stays here, by request id: nothing that comes back can change it.
    """
    check_open(provider)
    if not provider.sso_redirect_url:
        raise NoRedirectAddress
    SignInRequest.objects.filter(expires_at__lte=now).delete()
    row = SignInRequest.objects.create(
        identity_provider=provider,
        request_id=beginning.request_id,
        browser_fingerprint=_fingerprint(beginning.browser),
        landing_path=landing_path(target=beginning.target, public_url=public_url),
        session_id=beginning.session_id,
        expires_at=now + REQUEST_LIFE,
    )
    return writer.sign_in_url(
        request=AuthnRequest(
            request_id=row.request_id,
            destination=provider.sso_redirect_url,
            relay_state=row.landing_path,
            force_authn=row.session_id is not None,
        ),
        service_provider=identity_providers.service_provider(provider, public_url=public_url),
        own_key=service_provider_keys.current(provider) if provider.sign_requests else None,
        now=now,
    )


def check_open(provider: IdentityProvider) -> None:
    """The one gate on signing in: before a request, and again before its answer counts."""
    if not provider.enabled:
        raise ProviderDisabled


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
    row = (
        SignInRequest.objects.select_for_update()
        .filter(
            identity_provider=provider,
            request_id=request_id,
            consumed_at__isnull=True,
            expires_at__gt=now,
        )
        .first()
    )
    if row is None:
        raise RequestUnknown
    if not browser or row.browser_fingerprint != _fingerprint(browser):
        raise OtherBrowser
    row.consumed_at = now
    row.save(update_fields=["consumed_at", "updated_at"])
    return row


def _fingerprint(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
