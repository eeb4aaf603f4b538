"""The SAML service provider's addresses, and the sign-in page of a namespace."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from federation import wiring
from federation.domain.landing import HOME, landing_path
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider
from federation.selectors import identity_providers
from federation.services import service_provider_keys, sign_in_requests, sign_ins
from federation.services.sign_in_requests import REQUEST_LIFE, Beginning
from federation.services.sign_ins import Posted
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.restapi import problems
from governance.tenancy.middleware import network_of

BROWSER_COOKIE = "lakewarden_saml"
BROWSER_BYTES = 32
LONGEST_BODY = 256 * 1024
DEFAULT_NAMESPACE = "default"
# No 0, 1, I or O: people read this to each other on the phone.
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


class BodyTooLarge(ResponseRefused):
    code = "saml_body_too_large"
    sentence = "What was posted is larger than a sign-in response can be."
    check = "size"


class LogoutNotOffered(ResponseRefused):
    code = "saml_logout_not_offered"
    sentence = "Single logout is not offered here. Sign out in the portal."
    check = "logout"


@require_GET
def metadata(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:  # noqa: ARG001
    """Our metadata towards this provider; there before the provider's own is."""
    with provider_scope(namespace=namespace, name=provider) as row:
        text = wiring.saml_writer().service_provider_metadata(
            service_provider=identity_providers.service_provider(
                row, public_url=settings.PUBLIC_URL
            ),
            certificates=service_provider_keys.certificates(row),
        )
    return HttpResponse(text, content_type="application/samlmetadata+xml")


@never_cache
@require_GET
def login(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Begin at the identity provider, and remember here where to land."""
    now = timezone.now()
    browser = request.COOKIES.get(BROWSER_COOKIE) or secrets.token_urlsafe(BROWSER_BYTES)
    beginning = Beginning(
        # An XML ID must not begin with a digit.
        request_id=f"_{secrets.token_hex(20)}",
        browser=browser,
        target=request.GET.get("next", HOME),
    )
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            address = sign_in_requests.begin(
                provider=row,
                beginning=beginning,
                writer=wiring.saml_writer(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )
    except Refusal as refusal:
        return refused(request, refusal, reference="")
    response = HttpResponseRedirect(address)
    _remember_browser(response, browser)
    return response


@never_cache
@csrf_exempt
@require_POST
def acs(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Assertion consumer service: what it must hold instead of a CSRF token is a signature."""
    now = timezone.now()
    try:
        posted = _posted(request)
    except ResponseRefused as refusal:
        return refused(request, refusal, reference="")
    try:
        with provider_scope(namespace=namespace, name=provider) as row:
            path = sign_ins.complete(
                request=request,
                provider=row,
                posted=posted,
                verifier=wiring.assertion_verifier(),
                public_url=settings.PUBLIC_URL,
                now=now,
            )
    except Refusal as refusal:
        with provider_scope(namespace=namespace, name=provider) as row:
            reference = sign_ins.refused(provider=row, posted=posted, refusal=refusal, now=now)
        return refused(request, refusal, reference=reference)
    return HttpResponseRedirect(path)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def sls(request: HttpRequest, namespace: str, provider: str) -> HttpResponse:
    """Single logout: refused until signatures on it are verified here."""
    with provider_scope(namespace=namespace, name=provider):
        return refused(request, LogoutNotOffered(), reference="")


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


@contextmanager
def provider_scope(*, namespace: str, name: str) -> Iterator[IdentityProvider]:
    """The provider that an address names, in its namespace's scope; else 404."""
    namespace_id = crossings.namespace_named(namespace)
    if namespace_id is None:
        raise Http404
    with namespace_scope(namespace_id):
        row = identity_providers.named(name)
        if row is None:
            raise Http404
        yield row


def refused(request: HttpRequest, refusal: Refusal, *, reference: str) -> HttpResponse:
    """403 with the name of the check that failed: a page, or a problem where JSON is asked."""
    check = getattr(refusal, "check", "sign-in")
    accept = request.headers.get("accept", "")
    if "json" in accept and "text/html" not in accept:
        document = problems.document(
            status=HTTPStatus.FORBIDDEN, code=refusal.code, detail=str(refusal)
        )
        document |= {"check": check, "reference": reference}
        return JsonResponse(document, status=HTTPStatus.FORBIDDEN, content_type=problems.MEDIA_TYPE)
    context = {"refusal": refusal, "check": check, "reference": reference}
    return render(request, "federation/refused.html", context, status=HTTPStatus.FORBIDDEN)


def _posted(request: HttpRequest) -> Posted:
    if int(request.headers.get("content-length") or 0) > LONGEST_BODY:
        raise BodyTooLarge
    return Posted(
        saml_response=request.POST.get("SAMLResponse", ""),
        relay_state=request.POST.get("RelayState", ""),
        browser=request.COOKIES.get(BROWSER_COOKIE, ""),
        network=network_of(request.META.get("REMOTE_ADDR", "")),
        reference="".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH)),
    )


def _remember_browser(response: HttpResponse, browser: str) -> None:
    """A short cookie that comes back with the provider's cross-site POST.

    Browsers send it there only as SameSite=None, which they accept over https alone; over http
    the provider is on this same machine, so Lax is enough.
    """
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=REQUEST_LIFE,
        path="/saml/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="None" if settings.HTTPS else "Lax",
    )


def _login_path(provider: IdentityProvider) -> str:
    return f"/saml/{provider.namespace.name}/{provider.name}/login/"
