"""What stores of tables are asked with: announcements that nobody hears, and people on hold."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from purge.domain.identifiers import Identifier, Wanted
from purge.ports import Deletion


@contextmanager
def at_once(_: Deletion) -> Iterator[None]:
    """Announce a deletion to nobody."""
    yield


@dataclass(frozen=True, slots=True)
class Hold:
    """Implements `purge.ports.Keeper` for a few people, in whatever table."""

    identifiers: Sequence[Identifier]
    people: Collection[Wanted]
    until: str = "2027-01-01T00:00:00+00:00"
    is_idle: bool = False

    def check_place(self, key: str) -> None:
        """No table is on hold whole."""

    def identifiers_in(self, table: str) -> Sequence[Identifier]:  # noqa: ARG002 - as the port says
        return self.identifiers
