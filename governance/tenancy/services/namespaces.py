"""Making namespaces, each with the preset roles; suspending and reopening them."""

import re
from datetime import datetime

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Conflict, FieldError, Forbidden, Invalid
from governance.tenancy.domain import presets
from governance.tenancy.models import (
    Namespace,
    NamespaceStatus,
    Policy,
    Role,
    RolePolicy,
    UserSession,
)
from governance.tenancy.services import step_up

# A name stands in addresses and as a folder of the lake, so it is never a way up.
NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}")
ACCOUNT_ID = re.compile(r"[0-9]{12}")


class NamespaceInvalid(Invalid):
    code = "namespace_invalid"
    sentence = "The namespace is not valid."


class NamespaceExists(Conflict):
    code = "namespace_exists"
    sentence = "There is already a namespace named {name}."


class NamespacePlatformOnly(Forbidden):
    code = "namespace_platform_only"
    sentence = "Only a platform administrator suspends or reopens a namespace."


class NamespaceNotThere(Conflict):
    code = "namespace_not_there"
    sentence = "A namespace that is {status} can be neither suspended nor reopened."


# What follows what by hand. The other states belong to making and deleting.
BY_HAND = {
    NamespaceStatus.CREATED: NamespaceStatus.SUSPENDED,
    NamespaceStatus.SUSPENDED: NamespaceStatus.CREATED,
}


def create(
    *, name: str, display_name: str = "", account_id: str, actor: Actor, now: datetime
) -> Namespace:
    """A namespace with the preset policies and roles. Needs a system scope.

    Raises NamespaceInvalid for a bad name or account, NamespaceExists for a taken name.
    """
    _check(name=name, account_id=account_id)
    if Namespace.objects.filter(name=name).exists():
        raise NamespaceExists(name=name)
    with transaction.atomic():
        namespace = Namespace.objects.create(
            id=new_id(), name=name, display_name=display_name or name, account_id=account_id
        )
        with namespace_scope(namespace.pk):
            _make_presets()
            trail.record(
                actor=actor,
                action="namespace.created",
                target=namespace,
                detail={"name": name},
                now=now,
            )
    return namespace


def rename(*, namespace: Namespace, display_name: str, actor: Actor, now: datetime) -> Namespace:
    """Change what people read. The name and the account in its ARNs are fixed once made."""
    namespace.display_name = display_name or namespace.name
    namespace.save(update_fields=["display_name", "updated_at"])
    trail.record(actor=actor, action="namespace.renamed", target=namespace, now=now)
    return namespace


def set_open(*, namespace: Namespace, is_open: bool, actor: Actor, now: datetime) -> Namespace:
    """Suspend or reopen: with the next request nobody and nothing of it is let in, or is again.

    Sessions end for good; API tokens, SCIM and directories rest. Needs the namespace's scope.
    """
    if not actor.is_platform:
        raise NamespacePlatformOnly
    if is_open:  # Shutting a door never waits for a proof.
        step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        row = Namespace.objects.select_for_update(no_key=True).get(pk=namespace.pk)
        wanted = NamespaceStatus.CREATED if is_open else NamespaceStatus.SUSPENDED
        if row.status == wanted:
            return row
        if BY_HAND.get(NamespaceStatus(row.status)) is not wanted:
            raise NamespaceNotThere(status=NamespaceStatus(row.status).label.lower())
        row.status = wanted
        row.save(update_fields=["status", "updated_at"])
        # Also when it opens again: a sign-in that was under way may have left one behind.
        UserSession.objects.filter(namespace_id=row.pk, ended_at__isnull=True).update(
            ended_at=now, end_reason="namespace suspended"
        )
        verb = "reopened" if is_open else "suspended"
        trail.record(actor=actor, action=f"namespace.{verb}", target=row, now=now)
    return row


def _check(*, name: str, account_id: str) -> None:
    errors = []
    if not NAME.fullmatch(name):
        errors.append(
            FieldError(
                pointer="/name",
                code="invalid",
                detail="Use 1 to 64 letters, digits, dots, underscores or hyphens.",
            )
        )
    if not ACCOUNT_ID.fullmatch(account_id):
        errors.append(
            FieldError(pointer="/account_id", code="invalid", detail="Write exactly 12 digits.")
        )
    if errors:
        raise NamespaceInvalid(errors=errors)


def _make_presets() -> None:
    for preset, document in presets.DOCUMENTS.items():
        description = presets.DESCRIPTIONS[preset]
        policy = Policy.objects.create(
            name=f"lakewarden-{preset}", description=description, document=document
        )
        role = Role.objects.create(name=preset.value, description=description)
        RolePolicy.objects.create(role=role, policy=policy)
