"""Signing in: the beginning, the assertion consumer service, and the choice of a provider."""

import secrets
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from federation import wiring
from federation.domain import attempts
from federation.domain.landing import HOME, landing_path
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider
from federation.selectors import identity_providers
from federation.services import (
    explained_refusals,
    key_searches,
    sign_in_requests,
    sign_ins,
    unknown_keys,
)
from federation.services.sign_in_requests import Beginning
from federation.services.sign_ins import Landing, Posted
from federation.views import sign_in_tests
from federation.views.access import (
    BROWSER_BYTES,
    BROWSER_COOKIE,
    browser_of,
    configuration_scope,
    departed,
    fresh_id,
    fresh_reference,
    is_too_large,
    provider_scope,
    refused,
    remember_browser,
)
from federation.views.rates import within_budget
from federation.views.roles import remember_choice
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.middleware import network_of

DEFAULT_NAMESPACE = "default"


class BodyTooLarge(ResponseRefused):
    code = "saml_body_too_large"
    sentence = (
        "What was posted is larger than a sign-in response can be. Have the identity provider send "
        "fewer groups and attributes."
    )
    check = "size"


@never_cache
@require_GET
@within_budget("login")
def login(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Begin at the identity provider, and remember here where to land."""
    now = timezone.now()
    browser = browser_of(request)
    beginning = Beginning(
        request_id=fresh_id(),
        browser=browser,
        target=request.GET.get("next", HOME),
    )
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            departure = sign_in_requests.begin(
                provider=row,
                beginning=beginning,
                writer=wiring.saml_writer(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )
    except Refusal as refusal:
        return refused(request, refusal, reference="")
    response = departed(request, departure)
    remember_browser(response, browser)
    return response


@never_cache
@csrf_exempt
@require_POST
@within_budget("acs")
def acs(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Assertion consumer service: what it must hold instead of a CSRF token is a signature."""
    now = timezone.now()
    try:
        posted = _posted(request)
    except ResponseRefused as refusal:
        return refused(request, refusal, reference="")
    if sign_in_tests.TEST_COOKIE in request.COOKIES:
        report = sign_in_tests.examined(
            namespace=namespace, provider=provider, posted=posted, now=now
        )
        if report is not None:
            return sign_in_tests.shown(request, report)
    try:
        landing = _completed(request, namespace, provider, posted, now=now)
    except Refusal as refusal:
        with provider_scope(namespace=namespace, name=provider) as row:
            reference = explained_refusals.kept(
                provider=row,
                posted=posted,
                refusal=refusal,
                reader=wiring.response_reader(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )
        return refused(request, refusal, reference=reference)
    response = HttpResponseRedirect(landing.path)
    if landing.asks_for_role:
        remember_choice(response, posted.secret)
    return response


@never_cache
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """Every enabled provider of a namespace. An unknown namespace looks like an empty one."""
    name = request.GET.get("namespace", "").strip() or DEFAULT_NAMESPACE
    target = landing_path(target=request.GET.get("next", HOME), public_url=settings.PUBLIC_URL)
    namespace_id = crossings.namespace_named(name)
    offers: list[dict[str, str]] = []
    if namespace_id is not None:
        with namespace_scope(namespace_id):
            offers = [
                {"label": row.label, "url": _login_path(row)}
                for row in identity_providers.enabled()
            ]
    context = {"namespace": name, "offers": offers, "next": target, "home": HOME}
    return render(request, "federation/login.html", context)


def _completed(
    request: HttpRequest, namespace: str, provider: str, posted: Posted, *, now: datetime
) -> Landing:
    """Once, and once more where the provider turns out to sign with a new key by now."""
    trusted: frozenset[str] = frozenset()

    def attempt() -> Landing:
        nonlocal trusted
        with configuration_scope(namespace=namespace, name=provider) as configuration:
            trusted = frozenset(one.fingerprint for one in configuration.certificates)
            return sign_ins.complete(
                request=request,
                configuration=configuration,
                posted=posted,
                verifier=wiring.assertion_verifier(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )

    try:
        return attempt()
    except ResponseRefused as refusal:
        with provider_scope(namespace=namespace, name=provider) as row:
            search = unknown_keys.worth_seeking(
                provider=row,
                refusal=refusal,
                posted=posted,
                trusted=trusted,
                network=attempts.network_of(request.META.get("REMOTE_ADDR", "")),
                reader=wiring.response_reader(),
                now=now,
            )
        if search is None or not key_searches.sought(
            search=search,
            ports=wiring.provider_ports(),
            throttle=wiring.key_search_throttle(),
            clock=timezone.now,
        ):
            raise
    return attempt()


def _posted(request: HttpRequest) -> Posted:
    if is_too_large(request):
        raise BodyTooLarge
    return Posted(
        saml_response=request.POST.get("SAMLResponse", ""),
        relay_state=request.POST.get("RelayState", ""),
        browser=request.COOKIES.get(BROWSER_COOKIE, ""),
        network=network_of(request.META.get("REMOTE_ADDR", "")),
        reference=fresh_reference(),
        secret=secrets.token_urlsafe(BROWSER_BYTES),
    )


def _login_path(provider: IdentityProvider) -> str:
    return f"/saml/{provider.namespace.name}/{provider.name}/login/"
