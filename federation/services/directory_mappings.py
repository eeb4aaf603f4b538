"""Mappings of a directory's people and groups to roles, in EMRFS's order."""

from datetime import datetime
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from federation.models import Directory, DirectoryMapping
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.tenancy.models import Role
from governance.tenancy.services import step_up


class MappingValues(TypedDict, total=False):
    directory: Directory
    kind: str
    identifiers: list[str]
    role: Role
    position: int


class MappingInvalid(Invalid):
    code = "directory_mapping_invalid"
    sentence = "The mapping is not valid."


class RoleTrustsOthers(Conflict):
    code = "directory_mapping_role_trusts_others"
    sentence = "The trust policy of the role {role} names identity providers, not directories."


def create(*, values: MappingValues, actor: Actor, now: datetime) -> DirectoryMapping:
    """A mapping at the position given, or behind the last. Raises MappingInvalid."""
    mapping = DirectoryMapping()
    if "position" not in values and "directory" in values:
        mapping.position = _next_position(values["directory"])
    return _saved(mapping, values, verb="created", actor=actor, now=now)


def change(
    *, mapping: DirectoryMapping, values: MappingValues, actor: Actor, now: datetime
) -> DirectoryMapping:
    return _saved(mapping, values, verb="changed", actor=actor, now=now)


def remove(*, mapping: DirectoryMapping, actor: Actor, now: datetime) -> None:
    """Whoever had the role by this mapping loses it at their next sign-in."""
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        trail.record(actor=actor, action="directory_mapping.deleted", target=mapping, now=now)
        mapping.delete()


def _next_position(directory: Directory) -> int:
    last = directory.mappings.order_by("-position").first()
    return 1 if last is None else last.position + 1


def _saved(
    mapping: DirectoryMapping,
    values: MappingValues,
    *,
    verb: str,
    actor: Actor,
    now: datetime,
) -> DirectoryMapping:
    step_up.require_recent(actor=actor, now=now)
    for name, value in values.items():
        setattr(mapping, name, value)
    mapping.identifiers = [text.strip() for text in mapping.identifiers if text.strip()]
    errors = _errors(mapping)
    if errors:
        raise MappingInvalid(errors=errors)
    if mapping.role.trust_policy:
        raise RoleTrustsOthers(role=mapping.role.name)
    with transaction.atomic():
        mapping.save()
        detail = {
            "directory_id": str(mapping.directory_id),
            "role_id": str(mapping.role_id),
            "position": mapping.position,
        }
        action = f"directory_mapping.{verb}"
        trail.record(actor=actor, action=action, target=mapping, detail=detail, now=now)
    return mapping


def _errors(mapping: DirectoryMapping) -> list[FieldError]:
    errors = []
    try:
        mapping.clean_fields(exclude=["namespace"])
    except ValidationError as error:
        errors = [
            FieldError(f"/{field}", "invalid", " ".join(problems))
            for field, problems in error.message_dict.items()
        ]
    if not mapping.identifiers:
        errors.append(FieldError("/identifiers", "required", "Name at least one."))
    return errors
