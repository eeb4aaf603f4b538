"""SCIM's answers: resources, lists and errors as `application/scim+json`."""

from collections.abc import Iterable, Mapping

from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from federation.domain.scim_filters import ScimFilterInvalid
from federation.domain.scim_patches import ScimPatchInvalid
from federation.domain.scim_resources import (
    GROUP,
    USER,
    resource_of_person,
    resource_of_team,
    without_members,
)
from federation.models import ScimGroup, ScimUser
from federation.services import scim_groups, scim_users
from governance.kernel.refusals import (
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unavailable,
)

MEDIA_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (Invalid, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Exhausted, 429),
    (Unavailable, 503),
)
# RFC 7644, table 9: the most exact first.
KEYWORDS: tuple[tuple[type[Refusal], str], ...] = (
    (ScimFilterInvalid, "invalidFilter"),
    (ScimPatchInvalid, "invalidSyntax"),
    (Invalid, "invalidValue"),
    (Conflict, "uniqueness"),
)


def user(row: ScimUser, *, namespace: str) -> dict[str, object]:
    person = scim_users.of(row)
    groups = ScimGroup.objects.filter(memberships__member=row).order_by("display_name")
    resource = {"schemas": [USER], "id": str(row.pk), **resource_of_person(person)}
    teams = [{"value": str(group.pk), "display": group.display_name} for group in groups]
    if teams:
        resource["groups"] = teams
    return resource | {"meta": _meta("User", row, namespace=namespace)}


def group(row: ScimGroup, *, namespace: str, members: bool) -> dict[str, object]:
    team = scim_groups.of(row)
    resource = resource_of_team(without_members(team))
    if members and team.members:
        resource["members"] = [
            {"value": member, "$ref": _location("user", namespace=namespace, resource_id=member)}
            for member in sorted(team.members)
        ]
    return {
        "schemas": [GROUP],
        "id": str(row.pk),
        **resource,
        "meta": _meta("Group", row, namespace=namespace),
    }


def listed(resources: Iterable[Mapping[str, object]], *, total: int, start: int) -> HttpResponse:
    page = list(resources)
    return answer(
        {
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(page),
            "Resources": page,
        }
    )


def answer(body: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    response = JsonResponse(dict(body), status=status, content_type=MEDIA_TYPE)
    meta = body.get("meta")
    if isinstance(meta, Mapping) and status in {200, 201}:
        response["Location"] = str(meta["location"])
    return response


def nothing() -> HttpResponse:
    return HttpResponse(status=204)


def refused(refusal: Refusal) -> HttpResponse:
    """A refusal in SCIM's error shape (RFC 7644, 3.12)."""
    status = next(code for kind, code in STATUSES if isinstance(refusal, kind))
    detail = " ".join((str(refusal), *(f"{one.pointer}: {one.detail}" for one in refusal.errors)))
    return error(status=status, detail=detail, kind=_scim_type(refusal))


def error(*, status: int, detail: str, kind: str = "") -> HttpResponse:
    body: dict[str, object] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if kind:
        body["scimType"] = kind
    response = answer(body, status=status)
    if status == 401:  # noqa: PLR2004 - unauthorized
        response["WWW-Authenticate"] = 'Bearer realm="scim"'
    return response


def _scim_type(refusal: Refusal) -> str:
    return next((word for kind, word in KEYWORDS if isinstance(refusal, kind)), "")


def _meta(kind: str, row: ScimUser | ScimGroup, *, namespace: str) -> dict[str, object]:
    return {
        "resourceType": kind,
        "created": row.created_at.isoformat(),
        "lastModified": row.updated_at.isoformat(),
        "location": _location(kind.lower(), namespace=namespace, resource_id=str(row.pk)),
    }


def _location(kind: str, *, namespace: str, resource_id: str) -> str:
    return reverse(f"federation:scim-{kind}", kwargs={"ns": namespace, "resource_id": resource_id})
