"""Who wins: an explicit deny over every allow, and nothing is allowed that no statement allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance.kernel.policies.documents import Policy
from governance.kernel.policies.statements import Effect, Statement


class Reason(StrEnum):
    EXPLICIT_ALLOW = "explicit_allow"
    EXPLICIT_DENY = "explicit_deny"
    DEFAULT_DENY = "default_deny"
    SYSTEM = "system"
    """The service itself acts; no policy was asked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the statement that gave it as `policy-name/Sid` (or its index)."""

    allowed: bool
    reason: Reason
    statement: str | None = None


def decide(
    *,
    policies: Sequence[Policy],
    action: str,
    resource: str,
    context: Mapping[str, object],
) -> Decision:
    """The first statement that denies, else the first that allows, else the default: no.

    A `resource` of `*` asks about no particular thing (a list): only a Resource of `*` covers it.
    """
    wanted = action.lower()
    keys = {key.lower(): value for key, value in context.items()}
    allowing: Statement | None = None
    for policy in policies:
        for statement in policy.statements_on(wanted):
            is_allow = statement.effect is Effect.ALLOW
            if is_allow and allowing is not None:
                continue
            if not statement.covers(resource=resource, context=keys):
                continue
            if not is_allow:
                return Decision(
                    allowed=False, reason=Reason.EXPLICIT_DENY, statement=statement.label
                )
            allowing = statement
    if allowing is None:
        return Decision(allowed=False, reason=Reason.DEFAULT_DENY)
    return Decision(allowed=True, reason=Reason.EXPLICIT_ALLOW, statement=allowing.label)
