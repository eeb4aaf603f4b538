"""A table store in memory, true to the contract. Deleted rows stay until they are reclaimed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from purge.domain import matching
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.ports import (
    ObjectUnreachable,
    ProbeStep,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

Row = Mapping[str, object]


class FakeTableStore:
    """Implements `purge.ports.TableStore`. `refusals`: a table's name, and why it cannot be."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.left_behind: dict[str, list[Row]] = {}
        self.refusals: dict[str, str] = {}
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

    def find(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> TableFinding | None:
        if table not in self.rows:
            return None
        self._check(table)
        verdicts = [verdict for _, verdict in self._judged(table, identifiers, wanted)]
        theirs = verdicts.count(Verdict.THEIRS)
        return TableFinding(
            version=str(self.version),
            rows=theirs,
            unclear=verdicts.count(Verdict.UNCLEAR),
            plan=f"delete {theirs} rows",
        )

    def sample(
        self,
        *,
        table: str,
        identifiers: Sequence[Identifier],
        wanted: Collection[Wanted],
        limit: int,
    ) -> Sequence[str]:
        judged = self._judged(table, identifiers, wanted)
        found = [row for row, verdict in judged if verdict is not Verdict.OTHER]
        return [json.dumps(row) for row in found[:limit]]

    def delete(
        self, *, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> int:
        self._check(table)
        judged = self._judged(table, identifiers, wanted)
        theirs = [row for row, verdict in judged if verdict is Verdict.THEIRS]
        if theirs:
            self.rows[table] = [row for row, verdict in judged if verdict is not Verdict.THEIRS]
            self.left_behind.setdefault(table, []).extend(theirs)
            self.version += 1
        return len(theirs)

    def reclaim(self, *, table: str) -> str:
        self._check(table)
        self.left_behind.pop(table, None)
        return "Rows deleted; nothing is left of them."

    def _check(self, table: str) -> None:
        if table in self.refusals:
            raise ObjectUnreachable(reason=self.refusals[table])

    def _judged(
        self, table: str, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> list[tuple[Row, Verdict]]:
        return [
            (
                row,
                matching.verdict(
                    matching.candidates(row, identifiers=identifiers), wanted=frozenset(wanted)
                ),
            )
            for row in self.rows.get(table, [])
        ]
