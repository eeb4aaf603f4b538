"""People: provisioned by providers, made by hand, deactivated everywhere at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from governance.audit import trail
from governance.isolation import crossings, prepared
from governance.isolation.prepared import Change
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, Forbidden
from governance.tenancy.domain.people import LocalPerson, ProvidedPerson
from governance.tenancy.models import (
    ApiToken,
    Role,
    RoleBinding,
    User,
    UsernameChange,
    UserSource,
)
from governance.tenancy.services import erased_people, identities, sessions, step_up, ways_in


class LoginNameTaken(Conflict):
    code = "login_name_taken"
    sentence = "This login name is taken. Login names are unique over the installation."


class UserInactive(Forbidden):
    code = "user_inactive"
    sentence = "This account is deactivated. Ask an administrator of your namespace."


class UserNotLocal(Conflict):
    code = "user_not_local"
    sentence = "This person signs in at their identity provider and has no password here."


def provision(
    *, person: ProvidedPerson, roles: Sequence[Role], actor: Actor, now: datetime
) -> User:
    """The person that a provider names, made or brought up to date.

    Found by provider and its names for them alone, never by email. Roles from this provider become
    exactly `roles`; those given by hand stay. Raises UserInactive, or SubjectTaken where the names
    mean two people here: without a savepoint, so the caller lets that leave its scope.
    """
    with transaction.atomic(savepoint=False):
        found = identities.identified(person, signed_in_at=now)
        user, had = found.user, list[RoleBinding]()
        if not found.is_new:
            if not user.is_active:
                raise UserInactive
            _update(user, person=person, now=now)
            had = _bindings_of(user, person)
        _bind(user=user, person=person, roles=roles, had=had, actor=actor, now=now)
    return user


def enrol(*, person: ProvidedPerson, actor: Actor, now: datetime) -> User:
    """The person that a provider announces before (or after) they sign in.

    All names of theirs mean the person from now on. Raises SubjectTaken where two of them name
    two people.
    """
    with transaction.atomic():
        found = identities.identified(person, signed_in_at=None)
        if found.is_new:
            trail.record(actor=actor, action="user.enrolled", target=found.user, now=now)
    return found.user


def describe(*, user: User, email: str, display_name: str) -> None:
    """Take over what a provider says of a person."""
    user.email, user.display_name = email, display_name
    user.save(update_fields=["email", "display_name", "updated_at"])


def call(*, user: User, username: str) -> User:
    """Give the person another label, and remember the one that they were signed in under."""
    if user.username != username:
        if user.sessions.exists():
            UsernameChange.objects.create(user=user, username=user.username)
        user.username = username
        user.save(update_fields=["username", "updated_at"])
    return user


def sync_roles(
    *, user: User, person: ProvidedPerson, roles: Sequence[Role], actor: Actor, now: datetime
) -> None:
    """Make the bindings of this provider exactly `roles`. A lost role ends sessions in it."""
    had = _bindings_of(user, person)
    _bind(user=user, person=person, roles=roles, had=had, actor=actor, now=now)


def _bindings_of(user: User, person: ProvidedPerson) -> list[RoleBinding]:
    return _bindings(user_id=user.pk, source=person.source, provider_id=person.provider_id)


@prepared.selecting
def _bindings(*, user_id: UUID, source: str, provider_id: UUID) -> QuerySet[RoleBinding]:
    return RoleBinding.objects.filter(user_id=user_id, source=source, provider_id=provider_id)


def _bind(
    *,
    user: User,
    person: ProvidedPerson,
    roles: Sequence[Role],
    had: Sequence[RoleBinding],
    actor: Actor,
    now: datetime,
) -> None:
    wanted = {role.pk: role for role in roles}
    bound = {binding.role_id for binding in had}
    gained, lost = wanted.keys() - bound, bound - wanted.keys()
    for role_id in gained:
        RoleBinding.objects.create(
            user=user,
            role=wanted[role_id],
            source=person.source,
            provider_id=person.provider_id,
        )
    if lost:
        rows = RoleBinding.objects.filter(pk__in=[binding.pk for binding in had])
        rows.filter(role_id__in=lost).delete()
        sessions.end_in_roles(user=user, role_ids=lost, reason="role removed", now=now)
    if gained or lost:
        trail.record(
            actor=actor,
            action="user.roles_synced",
            target=user,
            detail={
                "provider_id": str(person.provider_id),
                "gained": sorted(map(str, gained)),
                "lost": sorted(map(str, lost)),
            },
            now=now,
        )


def create_local(
    *,
    person: LocalPerson,
    password: str | None,
    roles: Sequence[Role] = (),
    actor: Actor,
    now: datetime,
) -> User:
    """A local user of the open scope (in a system scope: a platform administrator).

    Without a password they cannot sign in until one is set. Raises LoginNameTaken and
    PersonWasErased.
    """
    step_up.require_recent(actor=actor, now=now)
    erased_people.check({person.email, person.login_name})
    if crossings.local_user_of_login_name(person.login_name) is not None:
        raise LoginNameTaken
    with transaction.atomic():
        user = User(
            login_name=person.login_name,
            username=person.login_name,
            email=person.email,
            display_name=person.display_name,
            source=UserSource.LOCAL,
        )
        user.set_password(password)
        user.save()
        for role in roles:
            RoleBinding.objects.create(user=user, role=role)
        trail.record(
            actor=actor,
            action="user.created",
            target=user,
            detail={"roles": [str(role.pk) for role in roles]},
            now=now,
        )
    return user


def set_active(*, user: User, active: bool, actor: Actor, now: datetime) -> User:
    """Let a person in again, or end everything of theirs at once: sessions and tokens.

    Raises the refusal of `ways_in`, where a local person is who must be able to come in.
    """
    # Who comes by a provider is nobody's way around that provider.
    keeping = ways_in.kept() if user.source == UserSource.LOCAL else transaction.atomic()
    with keeping:
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.is_active == active:
            return user
        user.is_active = active
        user.save(update_fields=["is_active", "updated_at"])
        if not active:
            sessions.end_all(user=user, reason="deactivated", now=now)
            ApiToken.objects.filter(created_by=user, revoked_at__isnull=True).update(revoked_at=now)
        action = "user.activated" if active else "user.deactivated"
        trail.record(actor=actor, action=action, target=user, now=now)
    return user


def change(
    *, user: User, email: str | None, display_name: str | None, actor: Actor, now: datetime
) -> User:
    """Correct how a person is reached and called. A provider may set both again at sign-in.

    Raises PersonWasErased where the address is of somebody who was erased.
    """
    if email:
        # A form has written the new one into the row already.
        before = User.objects.values_list("email", flat=True).get(pk=user.pk)
        erased_people.check({email}, known={before})
    user.email = user.email if email is None else email
    user.display_name = user.display_name if display_name is None else display_name
    user.save(update_fields=["email", "display_name", "updated_at"])
    trail.record(actor=actor, action="user.changed", target=user, now=now)
    return user


def set_password(*, user: User, password: str, actor: Actor, now: datetime) -> User:
    """Give a local user a new password, and end every session that knew the old one."""
    step_up.require_recent(actor=actor, now=now)
    if user.source != UserSource.LOCAL:
        raise UserNotLocal
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])
    sessions.end_all(user=user, reason="password changed", now=now)
    trail.record(actor=actor, action="user.password_set", target=user, now=now)
    return user


def _update(user: User, *, person: ProvidedPerson, now: datetime) -> None:
    if user.username != person.username:
        UsernameChange.objects.create(user=user, username=user.username)
        user.username = person.username
    user.email = person.email or user.email
    user.display_name = person.display_name or user.display_name
    user.last_sign_in_at = now
    _note_sign_in(
        user_id=user.pk,
        username=user.username,
        email=user.email,
        display_name=user.display_name,
        now=now,
    )


@prepared.updating
def _note_sign_in(
    *, user_id: UUID, username: str, email: str, display_name: str, now: datetime
) -> Change:
    rows = User.objects.filter(pk=user_id)
    return rows, {
        "username": username,
        "email": email,
        "display_name": display_name,
        "last_sign_in_at": now,
        "updated_at": now,
    }
