"""Single logout both ways: what a provider asks of us, and what we ask of it.

Either way our own sessions end first and for good; what the other side makes of it is told to
the person, and changes nothing here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from federation.domain import logouts
from federation.domain.digests import digest_of
from federation.domain.logouts import (
    LogoutRequest,
    LogoutResponse,
    ReceivedRequest,
    ReceivedResponse,
)
from federation.domain.saml import Departure, ResponseRefused, ServiceProvider
from federation.models import IdentityProvider, RoleChoice, SignOutRequest
from federation.ports import OwnKeyMaker, SAMLWriter
from federation.selectors import identity_providers
from federation.services import replays, service_provider_keys
from federation.services.sign_in_requests import REQUEST_LIFE
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.tenancy.models import UserSession
from governance.tenancy.services import sessions, sign_outs


class LogoutAnswersNothing(ResponseRefused):
    code = "saml_logout_answers_nothing"
    sentence = (
        "This answers no sign-out that waits for it: it was used already or began too long ago. "
        "You are signed out here in any case."
    )
    check = "request"


class LogoutOfOtherBrowser(ResponseRefused):
    code = "saml_logout_other_browser"
    sentence = "This sign-out was begun in another browser. Go on there."
    check = "browser"


class NothingToSignOut(ResponseRefused):
    code = "saml_nothing_to_sign_out"
    sentence = "There is no session of yours to sign out of elsewhere. You are signed out here."
    check = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What the entrance brings: a fresh id, this browser's cookie, and its ended session."""

    request_id: str
    browser: str
    session_id: UUID


def path_after(*, session: UserSession) -> str | None:
    """Where the browser of an ended session goes to sign out at its provider too.

    A path of ours: only there is the cookie that binds the provider's answer to the browser.
    """
    if session.provider_id is None:
        return None
    providers = IdentityProvider.objects.select_related("namespace").exclude(slo_url="")
    provider = providers.filter(pk=session.provider_id, enabled=True).first()
    if provider is None:
        return None
    return f"/saml/{provider.namespace.name}/{provider.name}/logout/"


def begin(
    *,
    provider: IdentityProvider,
    leaving: Leaving,
    writer: SAMLWriter,
    key_maker: OwnKeyMaker,
    public_url: str,
    now: datetime,
) -> Departure:
    """A LogoutRequest for a session that this browser has just ended here."""
    session = UserSession.objects.filter(
        pk=leaving.session_id,
        provider_id=provider.pk,
        end_reason=sign_outs.REASON,
        ended_at__gt=now - timedelta(seconds=sign_outs.ENDED_SECONDS),
    ).first()
    if session is None or not provider.slo_url:
        raise NothingToSignOut
    SignOutRequest.objects.filter(expires_at__lte=now).delete()
    SignOutRequest.objects.create(
        identity_provider=provider,
        request_id=leaving.request_id,
        browser_fingerprint=digest_of(leaving.browser),
        expires_at=now + REQUEST_LIFE,
    )
    own = identity_providers.service_provider(provider, public_url=public_url)
    return writer.redirected(
        message=LogoutRequest(
            request_id=leaving.request_id,
            destination=provider.slo_url,
            issuer=own.entity_id,
            name_id=session.name_id,
            name_id_format=session.name_id_format,
            name_qualifier=session.name_qualifier,
            sp_name_qualifier=session.sp_name_qualifier,
            session_index=session.session_index,
        ),
        own_key=service_provider_keys.signing(provider=provider, key_maker=key_maker, now=now),
        now=now,
    )


def asked(  # noqa: PLR0913 - a request, and all that its answer needs
    *,
    provider: IdentityProvider,
    request: ReceivedRequest,
    response_id: str,
    writer: SAMLWriter,
    key_maker: OwnKeyMaker,
    public_url: str,
    actor: Actor,
    now: datetime,
) -> Departure | None:
    """End the sessions that a verified LogoutRequest names; return the answer to go back with.

    None where the provider has no address for answers. Running twice is refused as a replay.
    """
    with transaction.atomic():
        skew = timedelta(seconds=provider.clock_skew_seconds)
        replays.use_up_logout(request, skew=skew)
        own = identity_providers.service_provider(provider, public_url=public_url)
        ended, known = _end(provider, request, own=own, now=now)
        status, detail = logouts.outcome(ended=ended, known=known)
        trail.record(
            actor=actor,
            action="identity_provider.single_logout",
            target=provider,
            detail={"name": provider.name, "sessions": ended, "status": status.name.lower()},
            now=now,
        )
    address = provider.slo_response_url or provider.slo_url
    if not address:
        return None
    return writer.redirected(
        message=LogoutResponse(
            response_id=response_id,
            destination=address,
            issuer=own.entity_id,
            in_response_to=request.message_id,
            status=status,
            detail=detail,
            relay_state=request.relay_state,
        ),
        own_key=service_provider_keys.signing(provider=provider, key_maker=key_maker, now=now),
        now=now,
    )


def answered(
    *, provider: IdentityProvider, response: ReceivedResponse, browser: str, now: datetime
) -> bool:
    """Whether the provider signed the person out everywhere. Good once, in one browser."""
    with transaction.atomic():
        row = (
            SignOutRequest.objects.select_for_update()
            .filter(
                identity_provider=provider,
                request_id=response.in_response_to or "",
                consumed_at__isnull=True,
                expires_at__gt=now,
            )
            .first()
        )
        if row is None:
            raise LogoutAnswersNothing
        if not browser or row.browser_fingerprint != digest_of(browser):
            raise LogoutOfOtherBrowser
        row.consumed_at = now
        row.save(update_fields=["consumed_at", "updated_at"])
    return response.is_complete


def _end(
    provider: IdentityProvider, request: ReceivedRequest, *, own: ServiceProvider, now: datetime
) -> tuple[int, int]:
    """How many sessions ended now, and how many this provider ever opened for that name.

    A sign-in that still waits for a choice of role is no session yet, and must not become one.
    """
    person = _named(provider, request, own=own)
    indexes = request.session_indexes
    named = person & Q(session_index__in=indexes) if indexes else person
    stopped, _ = RoleChoice.objects.filter(named, identity_provider=provider).delete()
    ended = sessions.end_of_provider(
        provider_id=provider.pk, named=named, reason="single logout", now=now
    )
    known = UserSession.objects.filter(person, provider_id=provider.pk).count()
    return ended + stopped, known


def _named(provider: IdentityProvider, request: ReceivedRequest, *, own: ServiceProvider) -> Q:
    """Whom the request names: the same NameID, within the same names (core 3.3.4, 8.3.7).

    A qualifier that was left out at sign-in stands for the provider, or for us. One that the
    request leaves out is not compared: Entra sends none.
    """
    person = Q(name_id=request.name_id or "")
    qualifiers = (
        ("name_qualifier", request.name_qualifier, {provider.entity_id, provider.issuer_alias}),
        ("sp_name_qualifier", request.sp_name_qualifier, {own.entity_id}),
    )
    for column, qualifier, ours in qualifiers:
        if qualifier:
            meant = {qualifier, ""} if qualifier in ours else {qualifier}
            person &= Q(**{f"{column}__in": meant})
    return person
