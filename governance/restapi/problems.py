"""Problem documents (RFC 9457): every no of the REST API in one shape, and never a stack trace.

`type` is a URN that does not change between installations; docs/problems.md explains each
code. `errors` points into the body by RFC 6901 pointers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus

import structlog
from django.core.exceptions import (
    PermissionDenied as DjangoPermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError as DjangoValidationError,
)
from django.db import IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from governance.kernel.refusals import (
    Conflict,
    Exhausted,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unavailable,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:lakewarden:problem:"

STATUSES: tuple[tuple[type[Refusal], HTTPStatus], ...] = (
    (Invalid, HTTPStatus.BAD_REQUEST),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (Exhausted, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


class TooDeep(Invalid):
    code = "too_deep"
    sentence = "The body is nested too deeply."


class TooLarge(Invalid):
    code = "too_large"
    sentence = "The body is larger than this service accepts."


class AlreadyExists(Conflict):
    code = "already_exists"
    sentence = "There is one like this already."


class InUse(Conflict):
    code = "in_use"
    sentence = "This is still used by something else. Remove what uses it first."


# In this order: the first kind that fits.
DJANGO_S_NOES: tuple[tuple[type[Exception], type[Refusal]], ...] = (
    (Http404, NotFound),
    (DjangoPermissionDenied, Forbidden),
    (RecursionError, TooDeep),
    (RequestDataTooBig, TooLarge),
    (SuspiciousOperation, Invalid),
    (ProtectedError, InUse),
    (RestrictedError, InUse),
)


def document(
    *, status: HTTPStatus, code: str, detail: str, errors: Sequence[FieldError] = ()
) -> dict[str, object]:
    """The JSON of a problem. Field errors are always there, if only as an empty list."""
    return {
        "type": f"{TYPE_PREFIX}{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "errors": [asdict(error) for error in errors],
    }


def status_of(refusal: Refusal) -> HTTPStatus:
    if isinstance(refusal, TooLarge):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    for kind, status in STATUSES:
        if isinstance(refusal, kind):
            return status
    return HTTPStatus.BAD_REQUEST


def from_refusal(refusal: Refusal) -> Response:
    standard = document(
        status=status_of(refusal),
        code=refusal.code,
        detail=str(refusal),
        errors=refusal.errors,
    )
    shown = {name: refusal.values[name] for name in refusal.members}
    response = _response({**shown, **standard})
    seconds = getattr(refusal, "retry_after_seconds", None)
    if seconds:
        response["Retry-After"] = str(seconds)
    return response


def handle(exc: Exception, context: Mapping[str, object]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None lets the rest fail as a bare 500 that says nothing."""
    del context
    if isinstance(exc, Refusal):
        return from_refusal(exc)
    if isinstance(exc, exceptions.APIException):
        return _from_rest_framework(exc)
    return _from_django(exc)


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """For handler404 under `/api/`: the same body as for an object that is not yours."""
    del request, exception
    return _plain(HTTPStatus.NOT_FOUND, NotFound.code, NotFound.sentence)


def server_error(request: HttpRequest) -> JsonResponse:
    """For handler500 under `/api/`. What happened is in the log, not in the answer."""
    del request
    return _plain(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something failed on our side."
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """For handler403 under `/api/`: what Django itself forbade, a failed CSRF check among it."""
    del request, exception
    return _plain(HTTPStatus.FORBIDDEN, Forbidden.code, Forbidden.sentence)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """For handler400 under `/api/`: a host or a form that Django itself refused."""
    del request, exception
    return _plain(HTTPStatus.BAD_REQUEST, "bad_request", "The request is not acceptable.")


def _plain(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    return JsonResponse(
        document(status=status, code=code, detail=detail), status=status, content_type=MEDIA_TYPE
    )


def _response(body: Mapping[str, object]) -> Response:
    status = body["status"]
    return Response(body, status=int(str(status)), content_type=MEDIA_TYPE)


def _from_rest_framework(exc: exceptions.APIException) -> Response:
    status = HTTPStatus(exc.status_code)
    if isinstance(exc, exceptions.ValidationError):
        errors = tuple(pointed_errors(exc.detail))
        detail = errors[0].detail if len(errors) == 1 else Invalid.sentence
        return _response(document(status=status, code="invalid", detail=detail, errors=errors))
    code = "not_found" if status is HTTPStatus.NOT_FOUND else _code_of(exc)
    detail = NotFound.sentence if status is HTTPStatus.NOT_FOUND else str(exc.detail)
    response = _response(document(status=status, code=code, detail=detail))
    if isinstance(exc, exceptions.Throttled) and getattr(exc, "wait", None):
        response["Retry-After"] = str(int(getattr(exc, "wait", 0)) + 1)
    header = getattr(exc, "auth_header", None)
    if header:
        response["WWW-Authenticate"] = header
    return response


def _code_of(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _from_django(exc: Exception) -> Response | None:
    if isinstance(exc, DjangoValidationError):
        return _from_rest_framework(exceptions.ValidationError(exc.messages))
    if isinstance(exc, IntegrityError) and not isinstance(exc, (ProtectedError, RestrictedError)):
        return _from_integrity_error(exc)
    refusal = next((answer for kind, answer in DJANGO_S_NOES if isinstance(exc, kind)), None)
    return None if refusal is None else from_refusal(refusal())


def _from_integrity_error(exc: IntegrityError) -> Response:
    """The database's own wall. A service should have explained it first, so it is logged."""
    log.warning("integrity_error_answered", kind=type(exc.__cause__).__name__)
    unique = getattr(exc.__cause__, "sqlstate", "") == "23505"
    return from_refusal(AlreadyExists() if unique else InUse())


def pointed_errors(detail: object, pointer: str = "") -> Iterator[FieldError]:
    """DRF's nested details as a flat list with JSON pointers."""
    if isinstance(detail, Mapping):
        for name, below in detail.items():
            own = name == "non_field_errors"
            yield from pointed_errors(below, pointer if own else f"{pointer}/{_escaped(name)}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, below in enumerate(detail):
            nested = isinstance(below, Mapping)
            yield from pointed_errors(below, f"{pointer}/{index}" if nested else pointer)
    else:
        yield FieldError(
            pointer=pointer, code=str(getattr(detail, "code", "invalid")), detail=str(detail)
        )


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
