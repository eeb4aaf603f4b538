"""Rows of Parquet and ORC files as records: those asked for of one group are read together.

A group is what the format reads at a time: a row group, or a stripe.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pyarrow as pa

from purge.adapters.arrow import columnar_rows
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Pairs, Verdict
from purge.domain.spans import Span
from purge.ports import Record


class ColumnarFile(Protocol):
    """What the records of a file ask of it."""

    @property
    def leaves(self) -> Sequence[str]:
        """Its columns, those within others by their dotted paths."""
        ...

    def read(
        self, group: int, columns: Sequence[str] | None = None
    ) -> pa.Table | pa.RecordBatch: ...

    def readable(self) -> AbstractContextManager[None]:
        """Around what may find that the bytes are damaged: raises ObjectUnreachable."""
        ...

    def bytes_a_row(self, group: int) -> int: ...


def of_group(
    file: ColumnarFile, group: int, *, spans: Sequence[Span], rows: Sequence[int]
) -> Iterator[Record]:
    """The records at `spans`, which are these rows of the group."""
    read = GroupRows(file, group, rows)
    for position, span in enumerate(spans):
        yield ColumnarRecord(span, read, position)


class GroupRows:
    """Some rows of one group, read once for all of them."""

    def __init__(self, file: ColumnarFile, group: int, rows: Sequence[int]) -> None:
        self._file = file
        self._group = group
        self._rows = pa.array(rows, pa.int64())
        self._read: dict[tuple[Identifier, ...], Sequence[Pairs]] = {}

    @property
    def bytes_a_row(self) -> int:
        return self._file.bytes_a_row(self._group)

    def records(self, identifiers: tuple[Identifier, ...]) -> Sequence[Pairs]:
        if identifiers not in self._read:
            leaves = columnar_rows.leaf_columns(self._file.leaves, identifiers=identifiers)
            with self._file.readable():
                taken = self._file.read(self._group, leaves).take(self._rows)
                self._read[identifiers] = list(columnar_rows.records_of(taken))
        return self._read[identifiers]

    @cached_property
    def whole(self) -> pa.Table | pa.RecordBatch:
        with self._file.readable():
            return self._file.read(self._group).take(self._rows)


@dataclass(frozen=True, slots=True)
class ColumnarRecord:
    """Implements `purge.ports.Record`."""

    span: Span
    rows: GroupRows
    position: int

    @property
    def size(self) -> int:
        return self.rows.bytes_a_row

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        record = self.rows.records(tuple(identifiers))[self.position]
        return columnar_rows.judged(record, identifiers=identifiers, wanted=wanted)

    def sample(self) -> str:
        return columnar_rows.sample_of(self.rows.whole.slice(self.position, 1))
