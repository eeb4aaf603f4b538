"""Table stores: tables of an engine, whose rows it finds and deletes itself."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from purge.domain.identifiers import Identifier, Wanted
from purge.ports.layers import ProbeStep, UnreachableObject


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table, and the state of it that was looked at: a snapshot, where the engine has them."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFinding:
    """What a table holds of the people now. `plan` says in words what erasing will do."""

    version: str
    rows: int
    unclear: int
    plan: str


class TableStore(Protocol):
    """Tables of an engine, whose rows are found and deleted by its own statements.

    Everything may be done again after a crash and then changes nothing. All raise
    ObjectUnreachable where the engine cannot be asked, with a reason.
    """

    def place(self) -> str:
        """What the absolute names of its tables begin with, as of a `StorageLayer`'s objects."""
        ...

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]: ...

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        """The tables of the layer whose names begin so."""
        ...

    def find(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> TableFinding | None:
        """Count the people's rows. None: the table is gone."""
        ...

    def sample(
        self,
        *,
        table: str,
        identifiers: Sequence[Identifier],
        wanted: Collection[Wanted],
        limit: int,
    ) -> Sequence[str]:
        """A few of their rows as text for a person to read."""
        ...

    def delete(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> int:
        """Delete the people's rows, in one transaction of the engine. How many."""
        ...

    def reclaim(self, *, table: str) -> str:
        """Make the engine let go of the bytes: expire, purge, compact, vacuum.

        Returns what the certificate says of it. Raises ObjectUnreachable where it must be waited
        for: the rows are gone for readers, and their bytes are not yet.
        """
        ...
