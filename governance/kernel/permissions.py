"""The one question that every entrance asks: whether this actor may do this."""

import re

from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.policies import Decision, Reason, decide
from governance.kernel.refusals import Forbidden

ANYTHING = "*"
# Names in the singular, which need an article to be said.
SPOKEN = {
    Action.OPEN_ADMIN: "open the web admin",
    Action.RUN_QUERY: "run a query",
    Action.READ_ERASURE: "read erasures",
    Action.REQUEST_ERASURE: "ask for an erasure",
    Action.APPROVE_ERASURE: "decide on an erasure",
    Action.MANAGE_DATA_MAP: "manage the data map",
    Action.READ_AUDIT: "read the audit trail",
}
CAPITALS = re.compile("[A-Z]+(?![a-z])|[A-Z]")


class PermissionDenied(Forbidden):
    code = "permission_denied"
    sentence = (
        "You may not {what} here: {why}. Ask an administrator for a {grant} that permits {action}."
    )


def decision(*, actor: Actor, action: Action, resource: str = ANYTHING) -> Decision:
    """What the actor's policies decide, with the statement that decided. The system may all."""
    if actor.kind is ActorKind.SYSTEM:
        return Decision(allowed=True, reason=Reason.SYSTEM)
    return decide(
        policies=actor.policies,
        action=action,
        resource=resource,
        context=_keys_of(actor),
    )


def _keys_of(actor: Actor) -> dict[str, object]:
    """The condition keys that say who asks."""
    keys: dict[str, object] = {f"aws:PrincipalTag/{key}": tag for key, tag in actor.tags.items()}
    if actor.username:
        keys["aws:username"] = actor.username
    if actor.role_name:
        keys["lakewarden:RoleName"] = actor.role_name
    return keys


def allows(*, actor: Actor, action: Action, resource: str = ANYTHING) -> bool:
    return decision(actor=actor, action=action, resource=resource).allowed


def require(*, actor: Actor, action: Action, resource: str = ANYTHING) -> Decision:
    """As `decision`, but a no is raised as PermissionDenied."""
    decided = decision(actor=actor, action=action, resource=resource)
    if not decided.allowed:
        grant = "token with a scope" if actor.kind is ActorKind.TOKEN else "role"
        why = _why(decided, grant=grant)
        raise PermissionDenied(action=action.value, what=words(action), why=why, grant=grant)
    return decided


def words(action: Action) -> str:
    """`lakewarden:ManageUsers` as people say it: manage users."""
    if action in SPOKEN:
        return SPOKEN[action]
    name = action.value.partition(":")[2]
    return CAPITALS.sub(lambda found: f" {found[0]}", name).strip().lower()


def _why(decided: Decision, *, grant: str) -> str:
    if decided.statement is None:
        return f"no {grant} of yours allows it"
    return f"the statement {decided.statement} of your role denies it"
