"""What the addresses of single sign-on share: the provider, the browser, and refusals."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from federation.domain import explanations
from federation.domain.saml import Departure
from federation.models import IdentityProvider
from federation.selectors import configurations, identity_providers
from federation.selectors.configurations import Configuration
from federation.services.sign_in_requests import REQUEST_LIFE
from governance.isolation.scopes import scope_of_namespace
from governance.kernel.refusals import Refusal
from governance.restapi import problems

BROWSER_COOKIE = "lakewarden_saml"
BROWSER_BYTES = 32
LONGEST_BODY = 256 * 1024
# No 0, 1, I or O: people read this to each other on the phone.
REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


@contextmanager
def provider_scope(*, namespace: str, name: str) -> Iterator[IdentityProvider]:
    """The provider that an address names, in its namespace's scope; else 404."""
    with scope_of_namespace(namespace) as namespace_id:
        row = None if namespace_id is None else identity_providers.named(name)
        if row is None:
            raise Http404
        yield row


@contextmanager
def configuration_scope(*, namespace: str, name: str) -> Iterator[Configuration]:
    """As `provider_scope`, with all that the provider is configured by."""
    with scope_of_namespace(namespace) as namespace_id:
        found = None if namespace_id is None else configurations.named(name)
        if found is None:
            raise Http404
        yield found


def refused(
    request: HttpRequest,
    refusal: Refusal,
    *,
    reference: str,
    status: HTTPStatus = HTTPStatus.FORBIDDEN,
    title: str = "Sign-in refused",
) -> HttpResponse:
    """403 with the name of the check that failed: a page, or a problem where JSON is asked."""
    check = getattr(refusal, "check", "sign-in")
    accept = request.headers.get("accept", "")
    if "json" in accept and "text/html" not in accept:
        document = problems.document(status=status, code=refusal.code, detail=str(refusal))
        document |= {"check": check, "reference": reference}
        return JsonResponse(document, status=status, content_type=problems.MEDIA_TYPE)
    context = {
        "refusal": refusal,
        "check": check,
        "reference": reference,
        "title": title,
        "remedy": explanations.remedy(refusal.code),
    }
    return render(request, "federation/refused.html", context, status=status)


def departed(request: HttpRequest, departure: Departure) -> HttpResponse:
    """Send the browser on: a redirect, or a page with a form that posts itself.

    The page may post to the provider and nowhere else; browsers hold a form's redirects to the
    same list (CSP 3, form-action), so what an identity provider does over https is allowed too.
    """
    if not departure.fields:
        return HttpResponseRedirect(departure.address)
    parts = urlsplit(departure.address)
    context = {"address": departure.address, "fields": departure.fields, "host": parts.netloc}
    response = render(request, "federation/departure.html", context)
    allowed = {"form-action": [f"{parts.scheme}://{parts.netloc}", "https:"]}
    response._csp_update = allowed  # type: ignore[attr-defined] # noqa: SLF001 - django-csp's own
    return response


def fresh_id() -> str:
    """Of a message that we send. An XML ID must not begin with a digit."""
    return f"_{secrets.token_hex(20)}"


def fresh_reference() -> str:
    """What a refused person reads to their administrator, who opens it in the sign-in log."""
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))


def is_too_large(request: HttpRequest) -> bool:
    """Whether more was posted than a SAML message can be. Asked before the body is read."""
    declared = request.headers.get("content-length") or "0"
    return not declared.isdecimal() or int(declared) > LONGEST_BODY


def browser_of(request: HttpRequest) -> str:
    """The secret that a browser's requests and their answers have in common; new if it has none."""
    return request.COOKIES.get(BROWSER_COOKIE) or secrets.token_urlsafe(BROWSER_BYTES)


def remember_browser(response: HttpResponse, browser: str) -> None:
    set_short_cookie(response, BROWSER_COOKIE, browser)


def set_short_cookie(response: HttpResponse, name: str, value: str) -> None:
    """A short cookie that comes back with the provider's cross-site POST.

    Browsers send it there only as SameSite=None, which they accept over https alone; over http
    the provider is on this same machine, so Lax is enough.
    """
    response.set_cookie(
        name,
        value,
        max_age=REQUEST_LIFE,
        path="/saml/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="None" if settings.HTTPS else "Lax",
    )
