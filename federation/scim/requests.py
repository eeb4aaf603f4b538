"""Reading SCIM requests: bodies, filters, pages."""

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from federation.domain import scim_filters
from federation.models import ScimGroup, ScimUser
from federation.scim import answers, schemas
from governance.kernel.refusals import Invalid

MAX_BODY = 1024 * 1024
DEEPEST = 16
USER_FILTERS = ("userName", "externalId", "id", "displayName", 'emails[type eq "work"].value')
SURROGATE = re.compile("[\ud800-\udfff]")
GROUP_FILTERS = ("displayName", "externalId", "id", "members")
Row = TypeVar("Row", ScimUser, ScimGroup)


class ScimBodyInvalid(Invalid):
    code = "scim_body_invalid"
    sentence = (
        "The body is not a JSON object of at most 1 MiB, or it is nested too deeply, or a text in "
        "it holds a NUL or half a character."
    )


def body(request: HttpRequest) -> dict[str, object]:
    if len(request.body) > MAX_BODY:
        raise ScimBodyInvalid
    try:
        parsed = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ScimBodyInvalid from error
    if not isinstance(parsed, dict):
        raise ScimBodyInvalid
    _check_texts(parsed)
    return parsed


def _check_texts(parsed: object) -> None:
    """What JSON may hold and PostgreSQL may not: NUL, and surrogates that stand alone."""
    waiting: list[tuple[object, int]] = [(parsed, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            if "\0" in value or SURROGATE.search(value):
                raise ScimBodyInvalid
        elif isinstance(value, dict | list):
            if depth >= DEEPEST:
                raise ScimBodyInvalid
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            waiting.extend((part, depth + 1) for part in parts)


def operations(request: HttpRequest) -> list[object]:
    members = {key.lower(): value for key, value in body(request).items()}
    operations = members.get("operations")
    return operations if isinstance(operations, list) else []


def filtered(rows: QuerySet[Row], request: HttpRequest, *, known: tuple[str, ...]) -> QuerySet[Row]:
    text = request.GET.get("filter")
    if text is None:
        return rows
    for condition in scim_filters.parse(text, known=known):
        rows = _matching(rows, condition)
    return rows


def _matching(rows: QuerySet[Row], condition: scim_filters.Condition) -> QuerySet[Row]:
    value = condition.value
    match condition.attribute:
        case "id":
            where = Q(pk=value) if _is_uuid(value) else Q(pk__in=())
        case "userName":
            where = Q(key=value.casefold())
        case "displayName" if rows.model is ScimGroup:
            where = Q(key=value.casefold())
        case "displayName":
            where = Q(resource__displayName__iexact=value)
        case "externalId":
            where = Q(external_id=value)
        case "members":
            # Entra asks whether somebody is in a group: id eq "…" and members eq "…".
            where = Q(memberships__member_id=value) if _is_uuid(value) else Q(pk__in=())
        case _:
            where = Q(resource__emails__contains=[{"type": "work", "value": value}])
    return rows.filter(where)


def page(
    rows: QuerySet[Row], request: HttpRequest, shown: Callable[[Row], Mapping[str, object]]
) -> HttpResponse:
    """One page, counted from 1; a count of 0 asks for the total alone (RFC 7644, 3.4.2.4)."""
    start = max(1, _number(request, "startIndex", default=1))
    count = min(schemas.MOST_RESULTS, max(0, _number(request, "count", default=100)))
    page = rows.order_by("created_at", "pk")[start - 1 : start - 1 + count]
    return answers.listed((shown(row) for row in page), total=rows.count(), start=start)


def _number(request: HttpRequest, name: str, *, default: int) -> int:
    text = request.GET.get(name, "")
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else default  # noqa: PLR2004 - below 2^31


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
