"""What Delta and Iceberg have in common: rows are judged here, and the deletion is the engine's.

A deletion takes exactly the rows that were judged and counted, or none: the engine commits it only
if the table is still at that version.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError
from pyiceberg.exceptions import CommitFailedException, ValidationException
from sqlalchemy.exc import SQLAlchemyError

from purge.adapters.arrow import rows as arrow_rows
from purge.adapters.arrow.rows import Judge, Tally
from purge.adapters.tables import probes
from purge.domain.matching import Verdict
from purge.ports import (
    Announce,
    Deletion,
    Keeper,
    Moment,
    ObjectChanged,
    ObjectUnreachable,
    ProbeStep,
    Sought,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

MARK = "lakewarden"
"""The name in a commit's own notes under which a deletion is found again."""

HOLD = "legal_hold"


class OpenTable(Protocol):
    """A table at the version that was in force when it was opened.

    `old_rows` are those that lie below its folder in files of other versions; with
    `old_has_all` those of the present one are among them.
    """

    old_has_all: bool

    @property
    def version(self) -> str: ...

    @property
    def schema(self) -> pa.Schema: ...

    def rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]: ...

    def old_rows(self, columns: Sequence[str] | None = None) -> Iterable[pa.RecordBatch]: ...

    def check(self, found: Tally, judge: Judge) -> None:
        """Raises ObjectUnreachable where a deletion would take other rows, or fewer."""
        ...

    def new_attempt(self) -> str: ...

    def delete(self, found: Tally, judge: Judge, *, attempt: str) -> None: ...

    def took_effect(self, attempt: str) -> bool | None: ...

    def check_reclaimable(self) -> None:
        """Raises ObjectUnreachable where earlier versions are to stay."""
        ...

    def reclaim(self) -> str: ...


class LakeTableStore(ABC):
    """Implements `purge.ports.TableStore`, but for what an engine does its own way."""

    kind: str
    earlier: str
    """What the engine calls the earlier versions of a table, and what becomes of them."""

    @abstractmethod
    def place(self) -> str: ...

    @abstractmethod
    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]: ...

    def folders(self, *, prefix: str) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def open(self, table: str) -> OpenTable | None:
        """None: the table is gone."""

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        return probes.opened(self.tables(prefix=prefix), open_table=self._opened, kind=self.kind)

    def find(self, *, table: str, sought: Sought) -> TableFinding | None:
        opened = self._opened(table)
        if opened is None:
            return None
        judge = Judge.of(sought, table=table)
        with told():
            columns = _columns(opened, judge)
            now = arrow_rows.tally(opened.rows(columns), judge=judge)
            old = arrow_rows.tally(opened.old_rows(columns), judge=judge)
            alone = _alone_in_old(opened, judge)
        rows, held = old.rows, old.held
        if opened.old_has_all:
            rows, held = max(old.rows - now.rows, 0), max(old.held - now.held, 0)
        plan = f"delete {now.rows} rows, then {self.earlier}"
        if rows:
            plan += f", {rows} rows of theirs among them"
        if alone:
            plan += f"; not before {sought.keeper.until}, for {alone} rows on hold are only there"
        return TableFinding(
            version=opened.version,
            rows=now.rows + rows,
            unclear=now.unclear,
            plan=plan,
            held=now.held + held,
            old=rows,
        )

    def sample(self, *, table: str, sought: Sought, limit: int) -> Sequence[str]:
        opened = self._opened(table)
        if opened is None:
            return []
        judge = Judge.of(sought, table=table)
        with told():
            shown = (
                json.dumps(row, default=str)
                for row, verdict in arrow_rows.judged(opened.rows(), judge=judge)
                if verdict is Verdict.UNCLEAR or not judge.kept_by(row)
            )
            return list(islice(shown, limit))

    def delete(self, *, table: str, sought: Sought, announce: Announce) -> int:
        opened = self._opened(table)
        if opened is None:
            return 0
        judge = Judge.of(sought, table=table)
        with told():
            columns = _columns(opened, judge)
            found = arrow_rows.tally(opened.rows(columns), judge=judge)
            if not found.rows:
                return 0
            opened.check(found, judge)
            attempt = opened.new_attempt()
            with announce(Deletion(rows=found.rows, attempt=attempt)):
                opened.delete(found, judge, attempt=attempt)
        return found.rows

    def took_effect(self, *, table: str, attempt: str) -> bool | None:
        opened = self._opened(table)
        with told():
            return opened.took_effect(attempt) if opened and attempt else None

    def reclaim(self, *, table: str, keeper: Keeper, moment: Moment) -> str:
        opened = self._opened(table)
        if opened is None:
            return ""
        judge = Judge.of(Sought(identifiers=(), wanted=(), keeper=keeper), table=table)
        with told():
            opened.check_reclaimable()
            if _alone_in_old(opened, judge):
                raise ObjectUnreachable(reason=HOLD, until=keeper.until)
            with moment():
                return opened.reclaim()

    def _opened(self, table: str) -> OpenTable | None:
        with told():
            return self.open(table)


def _columns(opened: OpenTable, judge: Judge) -> list[str]:
    columns = judge.columns(opened.schema)
    if not columns:
        raise ObjectUnreachable(reason="column_missing")
    return columns


def _alone_in_old(opened: OpenTable, judge: Judge) -> int:
    """Rows on hold that nothing but an earlier version has any more: how many different ones."""
    columns = arrow_rows.columns(judge.known_by, schema=opened.schema)
    if not columns or not any(
        True for _ in arrow_rows.on_hold(opened.old_rows(columns), judge=judge)
    ):
        return 0
    old, now = (
        {
            json.dumps(row, default=str, sort_keys=True)
            for row in arrow_rows.on_hold(batches, judge=judge)
        }
        for batches in (opened.old_rows(), opened.rows())
    )
    return len(old - now)


@contextmanager
def told() -> Iterator[None]:
    """What a library says of a table, as a reason. Its texts quote values: they stay here."""
    try:
        yield
    except (CommitFailedError, CommitFailedException, ValidationException) as error:
        raise ObjectChanged from error
    except (
        DeltaError,
        pa.ArrowException,
        SQLAlchemyError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise ObjectUnreachable(reason="table_not_readable") from error
