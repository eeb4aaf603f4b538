"""Sessions: opened at sign-in, bound to namespace and role, ended from anywhere.

Django's session holds the id of our row; the row is what counts. Ending the row ends the
session at the next request, wherever it is open.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import login
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Forbidden
from governance.tenancy.models import NamespaceStatus, Role, RoleBinding, User, UserSession
from governance.tenancy.models.access import BindingSource

BINDING = "lakewarden_session"
LOCAL_SESSION = timedelta(hours=8)
BACKEND = "governance.tenancy.auth_backends.LocalBackend"


class RoleNotHeld(Forbidden):
    code = "role_not_held"
    sentence = "You do not have this role here. Ask an administrator of your namespace."


class RoleTimeOver(Forbidden):
    code = "role_time_over"
    sentence = (
        "The longest session of the role {role} has passed since you signed in. Sign in again to "
        "act in it."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a sign-in grants: a role, until when, and what single logout will ask for.

    Without a role (local sign-in) the person acts with all roles bound to them. The proof holds
    until `expires_at`; the role's own maximum may end the session before. `authenticated_at` is
    when the person gave the proof, if that was not just now: a provider may remember them.
    """

    role: Role | None
    expires_at: datetime
    authenticated_at: datetime | None = None
    provider_id: UUID | None = None
    name_id: str = ""
    name_id_format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    session_index: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def open_session(
    *, request: HttpRequest, user: User, grant: Grant, actor: Actor, now: datetime
) -> UserSession:
    """Sign the person in with this browser: a new session key, bound to namespace and role.

    Needs the scope of the user's namespace (a system scope for platform administrators).
    """
    # Nothing of what this browser had before goes on: login() keeps the key of the same person.
    request.session.flush()
    login(request, user, backend=BACKEND)
    ends_at = _end_in(role=grant.role, proved_at=now, proof_expires_at=grant.expires_at)
    session = UserSession.objects.create(
        user=user,
        role=grant.role,
        provider_id=grant.provider_id,
        name_id=grant.name_id,
        name_id_format=grant.name_id_format,
        name_qualifier=grant.name_qualifier,
        sp_name_qualifier=grant.sp_name_qualifier,
        session_index=grant.session_index,
        tags=dict(grant.tags),
        network=actor.network,
        authenticated_at=min(now, grant.authenticated_at or now),
        expires_at=ends_at,
        proof_expires_at=grant.expires_at,
    )
    namespace = "" if user.namespace_id is None else str(user.namespace_id)
    request.session[BINDING] = {"id": str(session.pk), "namespace": namespace}
    # A switch of role may lengthen it up to this; our row says when it really ends.
    request.session.set_expiry(max(1, int((grant.expires_at - now).total_seconds())))
    if user.last_sign_in_at != now:  # whoever provisioned them has written it
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
    # Here, not when the answer leaves: the browser's session is there if, and only if, ours is.
    request.session.save()
    return session


def live(*, session_id: UUID, now: datetime) -> UserSession | None:
    """The open session of this id, if it and its person may still act. Needs its scope."""
    session = (
        UserSession.objects.select_related("user", "role__namespace", "namespace")
        .filter(pk=session_id, ended_at__isnull=True, expires_at__gt=now, user__is_active=True)
        .filter(Q(namespace__isnull=True) | Q(namespace__status=NamespaceStatus.CREATED))
        .first()
    )
    if session is None or session.role_id is None:
        return session
    held = RoleBinding.objects.filter(user_id=session.user_id, role_id=session.role_id).exists()
    return session if held else None


def roles_open_to(session: UserSession) -> QuerySet[Role]:
    """The roles of this session's own proofs, and those given to the person by hand.

    What another provider gave takes a sign-in through that provider.
    """
    bindings = RoleBinding.objects.filter(user_id=session.user_id)
    ours = Q(source=BindingSource.MANUAL)
    if session.provider_id is not None:
        ours |= Q(provider_id=session.provider_id)
    held = bindings.filter(ours).values("role_id")
    return Role.objects.select_related("namespace").filter(pk__in=held).order_by("name")


def switch_role(*, session: UserSession, role_id: UUID, actor: Actor, now: datetime) -> UserSession:
    """Go on as another role, as long as the proof and that role's maximum allow.

    Raises RoleNotHeld, and RoleTimeOver where that maximum has passed since the proof.
    """
    role = roles_open_to(session).filter(pk=role_id).first()
    if role is None:
        raise RoleNotHeld
    ends_at = _end_in(
        role=role,
        proved_at=max(session.created_at, session.authenticated_at),
        proof_expires_at=session.proof_expires_at or session.expires_at,
    )
    if ends_at <= now:
        raise RoleTimeOver(role=role.name)
    session.role, session.expires_at = role, ends_at
    session.save(update_fields=["role", "expires_at"])
    trail.record(
        actor=actor,
        action="session.role_switched",
        target=session,
        detail={"role": role.name},
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


def end_of_provider(*, provider_id: UUID, named: Q, reason: str, now: datetime) -> int:
    """Single logout: the sessions that this provider opened and that `named` is true of."""
    rows = UserSession.objects.filter(named, provider_id=provider_id)
    return _end(rows, reason=reason, now=now)


def _end_in(*, role: Role | None, proved_at: datetime, proof_expires_at: datetime) -> datetime:
    """The earlier end: of the proof, or of the role's longest session since it was given."""
    if role is None:
        return proof_expires_at
    return min(proof_expires_at, proved_at + timedelta(seconds=role.max_session_seconds))


def _end(rows: QuerySet[UserSession], *, reason: str, now: datetime) -> int:
    return rows.filter(ended_at__isnull=True).update(ended_at=now, end_reason=reason)
