"""Our own pages for 400, 403, 404 and 500: they say what to do next and nothing of what failed."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from governance.restapi import problems

MACHINE_PATHS = ("/api/", "/scim/")

SENTENCES = {
    HTTPStatus.BAD_REQUEST: "The request is not acceptable.",
    HTTPStatus.FORBIDDEN: "You may not do this, or the page you came from is out of date.",
    HTTPStatus.NOT_FOUND: "There is nothing here, or nothing that you may see.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something failed on our side. What happened is in the log.",
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.bad_request(request, exception)
    return _page(HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.forbidden(request, exception)
    return _page(HTTPStatus.FORBIDDEN)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. The reason is in Django's log."""
    del reason
    return forbidden(request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_machine(request):
        return problems.not_found(request, exception)
    return _page(HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_machine(request):
        return problems.server_error(request)
    return _page(HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(status: HTTPStatus) -> HttpResponse:
    """Rendered without the request: context processors may be what failed."""
    context = {"status": status.value, "title": status.phrase, "sentence": SENTENCES[status]}
    return HttpResponse(render_to_string("project/error.html", context), status=status)


def _is_machine(request: HttpRequest) -> bool:
    return request.path.startswith(MACHINE_PATHS)
