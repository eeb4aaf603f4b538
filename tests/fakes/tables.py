"""A table store in memory, true to the contract. Deleted rows stay until they are reclaimed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import count

from purge.domain import matching
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.ports import (
    Announce,
    Deletion,
    Keeper,
    Moment,
    ObjectUnreachable,
    ProbeStep,
    Sought,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

Row = Mapping[str, object]


class Fate(StrEnum):
    GOES = "goes"
    HELD = "held"
    UNCLEAR = "unclear"
    STAYS = "stays"


class FakeTableStore:
    """Implements `purge.ports.TableStore`. `refusals`: a table's name, and why it cannot be."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.left_behind: dict[str, list[Row]] = {}
        self.refusals: dict[str, str] = {}
        self.in_force: set[str] = set()
        self._attempts = count(1)
        self.version = 1

    def put(self, table: str, *rows: Row) -> None:
        self.rows.setdefault(table, []).extend(rows)
        self.version += 1

    def place(self) -> str:
        return "fake://"

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        return [
            ProbeStep("look", ok=True, detail=f"{len(list(self.tables(prefix=prefix)))} tables")
        ]

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        for name in sorted(self.rows):
            if name.startswith(prefix):
                yield StoredTable(name)

    def folders(self, *, prefix: str) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def find(self, *, table: str, sought: Sought) -> TableFinding | None:
        if table not in self.rows:
            return None
        self._check(table)
        fates = [fate for _, fate in self._judged(table, sought)]
        theirs = fates.count(Fate.GOES)
        left = self.left_behind.get(table, [])
        old = sum(_fate(row, table, sought) is Fate.GOES for row in left)
        return TableFinding(
            version=str(self.version),
            rows=theirs + old,
            unclear=fates.count(Fate.UNCLEAR),
            plan=f"delete {theirs} rows",
            held=fates.count(Fate.HELD),
            old=old,
        )

    def sample(self, *, table: str, sought: Sought, limit: int) -> Sequence[str]:
        judged = self._judged(table, sought)
        found = [row for row, fate in judged if fate in {Fate.GOES, Fate.UNCLEAR}]
        return [json.dumps(row) for row in found[:limit]]

    def delete(self, *, table: str, sought: Sought, announce: Announce) -> int:
        self._check(table)
        judged = self._judged(table, sought)
        theirs = [row for row, fate in judged if fate is Fate.GOES]
        if theirs:
            attempt = f"attempt {next(self._attempts)}"
            with announce(Deletion(rows=len(theirs), attempt=attempt)):
                self.rows[table] = [row for row, fate in judged if fate is not Fate.GOES]
                self.left_behind.setdefault(table, []).extend(theirs)
                self.version += 1
                self.in_force.add(attempt)
        return len(theirs)

    def took_effect(self, *, table: str, attempt: str) -> bool | None:
        return attempt in self.in_force if attempt and table in self.rows else None

    def reclaim(self, *, table: str, keeper: Keeper, moment: Moment) -> str:  # noqa: ARG002
        self._check(table)
        with moment():
            self.left_behind.pop(table, None)
        return "Rows deleted; nothing is left of them."

    def _check(self, table: str) -> None:
        if table in self.refusals:
            raise ObjectUnreachable(reason=self.refusals[table])

    def _judged(self, table: str, sought: Sought) -> list[tuple[Row, Fate]]:
        return [(row, _fate(row, table, sought)) for row in self.rows.get(table, [])]


def _fate(row: Row, table: str, sought: Sought) -> Fate:
    keeper = sought.keeper
    match _verdict(row, sought.identifiers, sought.wanted):
        case Verdict.THEIRS:
            kept = _verdict(row, keeper.identifiers_in(table), keeper.people)
            return Fate.GOES if kept is Verdict.OTHER else Fate.HELD
        case Verdict.UNCLEAR:
            return Fate.UNCLEAR
        case Verdict.OTHER:
            return Fate.STAYS


def _verdict(row: Row, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
    found = matching.candidates(row, identifiers=identifiers)
    return matching.verdict(found, wanted=wanted)
