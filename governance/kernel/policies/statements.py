"""A policy as it is asked: statements with compiled patterns and conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.kernel.policies.conditions import Absence, Condition
from governance.kernel.policies.patterns import Patterns
from governance.kernel.policies.variables import Variable


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`except_actions` and `except_resources` turn the patterns round (NotAction, NotResource)."""

    label: str
    effect: Effect
    actions: Patterns
    except_actions: bool
    resources: Patterns
    except_resources: bool
    conditions: tuple[Condition | Absence, ...]
    excluding: frozenset[Variable] = frozenset()
    """The variables of what is left out (NotResource, negated operators)."""

    def speaks_of(self, action: str) -> bool:
        """Whether the statement is about an action, which comes in lower case."""
        return self.actions.match(action, {}) is not self.except_actions

    def covers(self, *, resource: str, context: Mapping[str, object]) -> bool:
        """Whether it is about a resource, in this request; its keys come in lower case."""
        if self.effect is Effect.ALLOW and any(
            variable.value(context) is None for variable in self.excluding
        ):
            # Nobody knows what is to be left out, so nothing is granted.
            return False
        return self.resources.match(resource, context) is not self.except_resources and all(
            condition.holds(context) for condition in self.conditions
        )
