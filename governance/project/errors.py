"""Our own pages for 400, 403, 404 and 500: they say what to do next and nothing of what failed."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone

from governance.restapi import problems
from governance.tenancy import lockouts

MACHINE_PATHS = ("/api/", "/scim/")
PORTAL_PATH = "/n/"

WORDS = {
    HTTPStatus.BAD_REQUEST: (
        "This cannot be read",
        "The request is not acceptable. Check the address, or begin again from the start page.",
    ),
    HTTPStatus.FORBIDDEN: (
        "Not allowed",
        "You may not do this. Ask an administrator of your namespace for a role that allows it.",
    ),
    HTTPStatus.NOT_FOUND: ("Not found", "There is nothing here, or nothing that you may see."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "Nothing to see at this address",
        "It only takes what a form sends, and nothing was done. Go on from the page of that form.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something failed",
        "Something failed on our side. Try again in a moment. What happened is in the log.",
    ),
}
OUT_OF_DATE = (
    "This page was out of date",
    "The page is out of date, so nothing was done. Go back, load it again, repeat the last step.",
)


LOCKED = "Locked for a while"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.bad_request(request, exception)
    return _page(HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.forbidden(request, exception)
    return _page(HTTPStatus.FORBIDDEN, request=request)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. The reason is in Django's log."""
    del reason
    if _is_machine(request):
        return problems.forbidden(request, None)
    return _page(HTTPStatus.FORBIDDEN, request=request, words=OUT_OF_DATE)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.not_found(request, exception)
    return _page(HTTPStatus.NOT_FOUND, request=request)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_machine(request):
        return problems.server_error(request)
    return _page(HTTPStatus.INTERNAL_SERVER_ERROR)


def not_a_page(request: HttpRequest, original: HttpResponse) -> HttpResponse:
    """For an address that takes forms alone, opened by a restored tab or a bookmark."""
    if _is_machine(request) or original.content:
        return original
    response = _page(HTTPStatus.METHOD_NOT_ALLOWED, up=_form_of(request.path))
    response["Allow"] = original.get("Allow", "")
    return response


def password_locked(
    request: HttpRequest, original: HttpResponse, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Axes's AXES_LOCKOUT_CALLABLE: a page, or a problem where JSON is asked for."""
    del original
    refusal = lockouts.refusal(request=request, credentials=credentials, now=timezone.now())
    status = problems.status_of(refusal)
    accept = request.headers.get("accept", "")
    if _is_machine(request) or ("json" in accept and "text/html" not in accept):
        document = problems.document(status=status, code=refusal.code, detail=str(refusal))
        response: HttpResponse = JsonResponse(
            document, status=status, content_type=problems.MEDIA_TYPE
        )
    else:
        response = _page(status, request=request, words=(LOCKED, str(refusal)))
    response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _page(
    status: HTTPStatus,
    *,
    request: HttpRequest | None = None,
    words: tuple[str, str] | None = None,
    up: str = "",
) -> HttpResponse:
    """Without the request the header has no name and no menu: reading them may be what failed."""
    title, sentence = words or WORDS[status]
    context = {"title": title, "sentence": sentence, "status": status.value, "up": up}
    return HttpResponse(render_to_string("project/error.html", context, request), status=status)


def _form_of(path: str) -> str:
    """The page that a form of the portal lies on: the address above what it is sent to."""
    return path.rstrip("/").rpartition("/")[0] + "/" if path.startswith(PORTAL_PATH) else ""


def _is_machine(request: HttpRequest) -> bool:
    return request.path.startswith(MACHINE_PATHS)
