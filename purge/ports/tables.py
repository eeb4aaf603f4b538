"""Table stores: tables of an engine, whose rows it finds and deletes itself."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from purge.domain.identifiers import Identifier, Wanted
from purge.ports.layers import ProbeStep, UnreachableObject


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table, and the state of it that was looked at: a snapshot, where the engine has them."""

    name: str
    version: str = ""


class Keeper(Protocol):
    """What legal holds keep: whole tables, and rows that name, or may name, somebody on hold.

    The people are asked for one by one, and never listed. `until` is when the last of them is free.
    """

    @property
    def is_idle(self) -> bool:
        """Nobody and nothing is on hold."""
        ...

    @property
    def people(self) -> Collection[Wanted]: ...

    @property
    def until(self) -> str: ...

    def check_place(self, key: str) -> None:
        """Raises ObjectUnreachable where the table, or a part of it, is on hold whole."""
        ...

    def identifiers_in(self, table: str) -> Sequence[Identifier]:
        """By which people are on hold, as any dataset knows them that has the table."""
        ...


class _Nobody:
    is_idle = True
    people: Collection[Wanted] = ()
    until = ""

    def check_place(self, key: str) -> None:
        """Nothing is on hold."""

    def identifiers_in(self, table: str) -> Sequence[Identifier]:  # noqa: ARG002 - as the port says
        return ()


NOBODY: Keeper = _Nobody()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whose rows are looked for, and whose stay, whoever else they are about."""

    identifiers: Sequence[Identifier]
    wanted: Collection[Wanted]
    keeper: Keeper = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFinding:
    """What a table holds of the people. `plan` says in words what erasing will do.

    Of the `rows` that are to go, `old` are in earlier versions of the table alone. `held` rows are
    theirs too, and stay.
    """

    version: str
    rows: int
    unclear: int
    plan: str
    held: int = 0
    old: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """So many rows are about to be deleted. `attempt` is what `took_effect` asks by."""

    rows: int
    attempt: str


Announce = Callable[[Deletion], AbstractContextManager[None]]
"""Entered when all is ready, and left when the deletion is in force. What it raises stops it."""

Moment = Callable[[], AbstractContextManager[None]]
"""Entered before what cannot be undone, and left after it."""


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

    def folders(self, *, prefix: str) -> Mapping[str, str]:
        """Where tables have their files, by absolute name, if that does not follow from theirs."""
        ...

    def find(self, *, table: str, sought: Sought) -> TableFinding | None:
        """Count the people's rows. None: the table is gone."""
        ...

    def sample(self, *, table: str, sought: Sought, limit: int) -> Sequence[str]:
        """A few of their rows as text for a person to read, none that stay on hold."""
        ...

    def delete(self, *, table: str, sought: Sought, announce: Announce) -> int:
        """Delete the people's rows but those on hold, in one transaction of the engine. How many.

        `announce` is entered where there are any. Raises ObjectChanged, with nothing deleted, where
        somebody wrote to the table meanwhile.
        """
        ...

    def took_effect(self, *, table: str, attempt: str) -> bool | None:
        """Whether a deletion whose outcome nobody heard is in force. None: it cannot be told."""
        ...

    def reclaim(self, *, table: str, keeper: Keeper, moment: Moment) -> str:
        """Make the engine let go of the bytes: expire, purge, compact, vacuum.

        Returns what the certificate says of it. Raises ObjectUnreachable where it must be waited
        for: the rows are gone for readers, and their bytes are not yet. Also where an earlier
        version is the only place of a row that is on hold.
        """
        ...
