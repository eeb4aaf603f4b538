"""People, as far as a decision needs to tell one human from another."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account, and every name of its human: email addresses, subjects at providers.

    Two accounts that share one name are taken for one human: refusing a second human by mistake
    costs a question, accepting the same human twice costs the second pair of eyes.
    """

    user_id: UUID
    names: frozenset[str]

    def may_be(self, other: "Person") -> bool:
        return self.user_id == other.user_id or bool(self.folded() & other.folded())

    def is_named_in(self, values: Collection[str]) -> bool:
        return bool(self.folded() & {value.strip().casefold() for value in values})

    def folded(self) -> frozenset[str]:
        return frozenset(name.strip().casefold() for name in self.names if name.strip())
