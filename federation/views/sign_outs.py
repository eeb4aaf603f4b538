"""Single logout: what identity providers send here, and what we send them."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from federation import wiring
from federation.domain.logouts import ReceivedLogout, ReceivedRequest, ReceivedResponse
from federation.domain.saml import Departure, ResponseRefused
from federation.models import IdentityProvider, SignInAttempt
from federation.selectors import identity_providers
from federation.services import explained_refusals, sign_in_requests, sign_outs
from federation.services.sign_in_attempts import Arrival
from federation.services.sign_outs import Leaving, NothingToSignOut
from federation.views.access import (
    BROWSER_COOKIE,
    browser_of,
    departed,
    fresh_id,
    fresh_reference,
    is_too_large,
    provider_scope,
    refused,
    remember_browser,
)
from federation.views.rates import within_budget
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.tenancy.middleware import network_of
from governance.tenancy.services import actors
from governance.tenancy.services.sign_outs import ENDED

TITLE = "Sign-out refused"


class LogoutBodyTooLarge(ResponseRefused):
    code = "saml_logout_body_too_large"
    sentence = "What was posted is larger than a logout message can be."
    check = "size"


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
@within_budget("sls")
def sls(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Single logout service: what it must hold instead of a CSRF token is a signature."""
    now = timezone.now()
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            # Not only for sign-ins: of a disabled provider nothing counts, and no session is open.
            sign_in_requests.check_open(row)
            match _received(request, row, now=now):
                case ReceivedRequest() as asked:
                    return _answer(request, row, asked, now=now)
                case ReceivedResponse() as response:
                    complete = sign_outs.answered(
                        provider=row,
                        response=response,
                        browser=request.COOKIES.get(BROWSER_COOKIE, ""),
                        now=now,
                    )
                    return _signed_out(request, row, complete=complete)
    except Refusal as refusal:
        with provider_scope(namespace=namespace, name=provider) as row:
            reference = _kept(request, row, refusal, now=now)
        return refused(request, refusal, reference=reference, title=TITLE)


@never_cache
@require_GET
def logout(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Go on to sign out at the provider, from a session that this browser has just ended.

    A page and no redirect: browsers hold the redirects of the sign-out form to `form-action`,
    and a person whose provider does not answer should have read that they are signed out here.
    """
    now = timezone.now()
    browser = browser_of(request)
    try:
        leaving = Leaving(
            request_id=fresh_id(),
            browser=browser,
            session_id=_ended_session(request),
        )
        with provider_scope(namespace=namespace, name=provider) as row:
            departure = sign_outs.begin(
                provider=row,
                leaving=leaving,
                writer=wiring.saml_writer(),
                key_maker=wiring.own_key_maker(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )
            response = _signed_out(request, row, departure=departure)
    except Refusal as refusal:
        return refused(request, refusal, reference="", title=TITLE)
    remember_browser(response, browser)
    return response


def _received(request: HttpRequest, provider: IdentityProvider, *, now: datetime) -> ReceivedLogout:
    verifier = wiring.logout_verifier()
    expectation = identity_providers.logout_expectation(provider, public_url=settings.PUBLIC_URL)
    if request.method == "GET":
        query = request.META.get("QUERY_STRING", "")
        return verifier.redirected(query=query, expectation=expectation, now=now)
    if is_too_large(request):
        raise LogoutBodyTooLarge
    parameters = dict(request.POST.lists())
    return verifier.posted(parameters=parameters, expectation=expectation, now=now)


def _kept(
    request: HttpRequest, provider: IdentityProvider, refusal: Refusal, *, now: datetime
) -> str:
    """The line of the sign-in log that explains it. What is too large is not read for it."""
    reader = wiring.logout_reader()
    door, captured = SignInAttempt.Door.SIGN_OUT_BY_REDIRECT, None
    if request.method == "GET":
        captured = reader.redirected(query=request.META.get("QUERY_STRING", ""))
    else:
        door = SignInAttempt.Door.SIGN_OUT_BY_FORM
        if not is_too_large(request):
            captured = reader.posted(parameters=dict(request.POST.lists()))
    return explained_refusals.kept_logout(
        provider=provider,
        arrival=Arrival(
            reference=fresh_reference(),
            network=network_of(request.META.get("REMOTE_ADDR", "")),
            door=door,
        ),
        captured=captured,
        refusal=refusal,
        public_url=settings.PUBLIC_URL,
        now=now,
    )


def _answer(
    request: HttpRequest, provider: IdentityProvider, asked: ReceivedRequest, *, now: datetime
) -> HttpResponse:
    departure = sign_outs.asked(
        provider=provider,
        request=asked,
        response_id=fresh_id(),
        writer=wiring.saml_writer(),
        key_maker=wiring.own_key_maker(),
        public_url=settings.PUBLIC_URL,
        actor=_entrance(request),
        now=now,
    )
    if departure is None:
        return _signed_out(request, provider)
    return departed(request, departure)


def _signed_out(
    request: HttpRequest,
    provider: IdentityProvider,
    *,
    complete: bool = True,
    departure: Departure | None = None,
) -> HttpResponse:
    context = {
        "label": provider.label,
        "namespace": provider.namespace.name,
        "complete": complete,
        "onward": "" if departure is None else departure.address,
    }
    return render(request, "federation/signed_out.html", context)


def _ended_session(request: HttpRequest) -> UUID:
    """The session that this browser ended last; asking for it takes it away."""
    ended = request.session.pop(ENDED, None)
    if ended is None:
        raise NothingToSignOut
    return UUID(ended)


def _entrance(request: HttpRequest) -> Actor:
    """Nobody acts but the provider: the service itself, for a network."""
    network = network_of(request.META.get("REMOTE_ADDR", ""))
    return replace(actors.system(current_namespace_id()), network=network)
