"""Sessions: opened at sign-in, bound to namespace and role, ended from anywhere.

Django's session holds the id of our row; the row is what counts. Ending the row ends the
session at the next request, wherever it is open.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import login
from django.db.models import QuerySet
from django.http import HttpRequest

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Forbidden
from governance.tenancy.models import Role, RoleBinding, User, UserSession

BINDING = "lakewarden_session"
LOCAL_SESSION = timedelta(hours=8)
BACKEND = "governance.tenancy.auth_backends.LocalBackend"


class RoleNotHeld(Forbidden):
    code = "role_not_held"
    sentence = "You do not have this role. Ask an administrator of your namespace."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a sign-in grants: a role, until when, and what single logout will ask for.

    Without a role (local sign-in) the person acts with all roles bound to them.
    """

    role: Role | None
    expires_at: datetime
    provider_id: UUID | None = None
    name_id: str = ""
    session_index: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def open_session(
    *, request: HttpRequest, user: User, grant: Grant, actor: Actor, now: datetime
) -> UserSession:
    """Sign the person in with this browser: a new session key, bound to namespace and role.

    Needs the scope of the user's namespace (a system scope for platform administrators).
    """
    login(request, user, backend=BACKEND)
    session = UserSession.objects.create(
        user=user,
        role=grant.role,
        provider_id=grant.provider_id,
        name_id=grant.name_id,
        session_index=grant.session_index,
        tags=dict(grant.tags),
        network=actor.network,
        authenticated_at=now,
        expires_at=grant.expires_at,
    )
    namespace = "" if user.namespace_id is None else str(user.namespace_id)
    request.session[BINDING] = {"id": str(session.pk), "namespace": namespace}
    request.session.set_expiry(max(1, int((grant.expires_at - now).total_seconds())))
    User.objects.filter(pk=user.pk).update(last_sign_in_at=now)
    trail.record(
        actor=actor,
        action="session.opened",
        target=session,
        detail={
            "user_id": str(user.pk),
            "role": "" if grant.role is None else grant.role.name,
        },
        now=now,
    )
    return session


def live(*, session_id: UUID, now: datetime) -> UserSession | None:
    """The open session of this id, if it and its person may still act. Needs its scope."""
    session = (
        UserSession.objects.select_related("user", "role__namespace", "namespace")
        .filter(pk=session_id, ended_at__isnull=True, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if session is None or session.role_id is None:
        return session
    held = RoleBinding.objects.filter(user_id=session.user_id, role_id=session.role_id).exists()
    return session if held else None


def switch_role(*, session: UserSession, role_id: UUID, actor: Actor, now: datetime) -> UserSession:
    """Go on as another role that the person holds. Raises RoleNotHeld."""
    binding = (
        RoleBinding.objects.select_related("role")
        .filter(user_id=session.user_id, role_id=role_id)
        .first()
    )
    if binding is None:
        raise RoleNotHeld
    session.role = binding.role
    longest = session.authenticated_at + timedelta(seconds=binding.role.max_session_seconds)
    session.expires_at = min(session.expires_at, longest)
    session.save(update_fields=["role", "expires_at"])
    trail.record(
        actor=actor,
        action="session.role_switched",
        target=session,
        detail={"role": binding.role.name},
        now=now,
    )
    return session


def reauthenticated(
    *, request: HttpRequest, session: UserSession, actor: Actor, now: datetime
) -> None:
    """The person proved again who they are (step-up): this browser's session key changes."""
    session.authenticated_at = now
    session.save(update_fields=["authenticated_at"])
    request.session.cycle_key()
    trail.record(actor=actor, action="session.reauthenticated", target=session, now=now)


def end(*, session: UserSession, reason: str, now: datetime) -> int:
    return _end(UserSession.objects.filter(pk=session.pk), reason=reason, now=now)


def end_all(*, user: User, reason: str, now: datetime) -> int:
    """End every open session of a person; returns how many."""
    return _end(UserSession.objects.filter(user=user), reason=reason, now=now)


def end_others(*, session: UserSession, reason: str, now: datetime) -> int:
    """End every open session of the person but this one."""
    rows = UserSession.objects.filter(user_id=session.user_id).exclude(pk=session.pk)
    return _end(rows, reason=reason, now=now)


def end_in_roles(*, user: User, role_ids: Collection[UUID], reason: str, now: datetime) -> int:
    rows = UserSession.objects.filter(user=user, role_id__in=role_ids)
    return _end(rows, reason=reason, now=now)


def end_of_provider(
    *, provider_id: UUID, name_id: str, session_indexes: Collection[str], reason: str, now: datetime
) -> int:
    """Single logout: the sessions that this provider opened for this NameID."""
    rows = UserSession.objects.filter(provider_id=provider_id, name_id=name_id)
    if session_indexes:
        rows = rows.filter(session_index__in=session_indexes)
    return _end(rows, reason=reason, now=now)


def _end(rows: QuerySet[UserSession], *, reason: str, now: datetime) -> int:
    return rows.filter(ended_at__isnull=True).update(ended_at=now, end_reason=reason)
