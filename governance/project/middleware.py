"""What every request passes: addresses, whom a proxy speaks for, the content security policy."""

from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from governance.project import errors

ADMIN_PATH = "/admin/"


class TrustedProxyMiddleware:
    """Behind a trusted proxy, the client is whom it names last and the scheme is the one it saw.

    Of a chain, what our own proxies wrote stands at its end; what came before is hearsay.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_trusted(_parsed(request.META.get("REMOTE_ADDR", ""))):
            named = request.headers.get("X-Forwarded-For", "").split(",")
            for address in map(_parsed, reversed(named)):
                if address is None:
                    break
                request.META["REMOTE_ADDR"] = str(address)
                if not _is_trusted(address):
                    break
            if request.headers.get("X-Forwarded-Proto") == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


class PlainAddressMiddleware:
    """An address with a NUL in it is refused: PostgreSQL has no such text, so nothing matches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            return errors.not_found(request, Http404())
        if "%00" in request.META.get("QUERY_STRING", ""):
            return errors.bad_request(request, SuspiciousOperation("a NUL in the address"))
        return self.get_response(request)


class NoBlankPageMiddleware:
    """Django answers a wrong method with nothing at all: a person gets a page and a way out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET":
            return errors.not_a_page(request, response)
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Strict everywhere; the admin's looser policy below /admin/ alone."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - django-csp's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only=report_only)
        if not report_only and parts.replace is None and request.path.startswith(ADMIN_PATH):
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _is_trusted(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)
