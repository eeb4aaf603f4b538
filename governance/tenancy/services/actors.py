"""Who acts: an Actor made from a session, a user, a token, or the system."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from governance.kernel import policies
from governance.kernel.actions import scope_actions
from governance.kernel.actors import Actor, ActorKind
from governance.tenancy.domain import presets
from governance.tenancy.models import ApiToken, Policy, Role, User, UserSession


def for_session(session: UserSession, *, network: str) -> Actor:
    """The person of a live session, in its role (or in all of theirs, for a local session)."""
    return for_user(
        user=session.user,
        role=session.role,
        network=network,
        authenticated_at=session.authenticated_at,
        tags=session.tags,
    )


def for_user(
    *,
    user: User,
    role: Role | None,
    network: str = "",
    authenticated_at: datetime | None = None,
    tags: dict[str, str] | None = None,
) -> Actor:
    """A person. Without a role they act with all roles bound to them; an inactive one with none."""
    return Actor(
        kind=ActorKind.PERSON,
        namespace_id=user.namespace_id,
        user_id=user.pk,
        role_id=None if role is None else role.pk,
        role_name="" if role is None else role.name,
        username=user.username,
        policies=_policies_of(user, role) if user.is_active else (),
        tags=tags or {},
        network=network,
        authenticated_at=authenticated_at,
    )


def arriving(*, user: User, role: Role, network: str) -> Actor:
    """A person whose session is being opened: a name for the trail, who may do nothing yet."""
    return Actor(
        kind=ActorKind.PERSON,
        namespace_id=user.namespace_id,
        user_id=user.pk,
        role_id=role.pk,
        role_name=role.name,
        username=user.username,
        network=network,
    )


def for_token(token: ApiToken, *, network: str = "") -> Actor:
    """A script: its scopes, as a policy. ApproveErasure is in no scope."""
    actions = frozenset().union(
        *(scope_actions(scope) for scope in token.scopes if scope != "scim")
    )
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement] if actions else []}
    return Actor(
        kind=ActorKind.TOKEN,
        namespace_id=token.namespace_id,
        user_id=token.created_by_id,
        token_id=token.pk,
        policies=(_parsed("token-scopes", json.dumps(document)),) if actions else (),
        network=network,
    )


def system(namespace_id: UUID | None = None) -> Actor:
    """The service itself: workers, commands, schedules."""
    return Actor(kind=ActorKind.SYSTEM, namespace_id=namespace_id)


def _policies_of(user: User, role: Role | None) -> tuple[policies.Policy, ...]:
    if user.is_platform_administrator:
        return (_parsed("platform-administrator", json.dumps(presets.PLATFORM_ADMINISTRATOR)),)
    rows: Iterable[Policy]
    if role is None:
        rows = Policy.objects.filter(attachments__role__bindings__user=user).distinct()
    else:
        rows = Policy.objects.filter(attachments__role=role)
    return tuple(_parsed(row.name, json.dumps(row.document)) for row in rows.order_by("name"))


@lru_cache(maxsize=1024)
def _parsed(name: str, document: str) -> policies.Policy:
    """Parsing costs more than deciding, and documents rarely change: remember by content."""
    return policies.Policy.parse(name=name, document=json.loads(document))
