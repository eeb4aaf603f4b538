"""Record formats: how records lie in an object."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import repeat
from typing import NamedTuple, Protocol

from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.domain.spans import Segment, Span
from purge.ports.layers import ReadableObject


class Format(StrEnum):
    """How records lie in an object. `TABLE`: the engine of the layer knows."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ORC = "orc"
    TABLE = "table"


Candidate = tuple[str, str, str]
"""What a fingerprint is made of: an identifier's type and name, and its canonical value."""


class ScannedRecord(NamedTuple):
    """A record's place and every identifier candidate in it; None where it cannot be read."""

    span: Span
    candidates: Sequence[Candidate] | None


class Column(NamedTuple):
    """The values of an identifier, record by record; None where a record holds none."""

    type: str
    name: str
    values: Sequence[str | None]


class ScannedBatch(NamedTuple):
    """Records in order, by columns: a lake has too many for an object each.

    The records at the positions `unreadable` cannot be read. An identifier has more than one
    column where a record holds more than one candidate for it.
    """

    offsets: Sequence[int]
    lengths: Sequence[int]
    columns: Sequence[Column]
    unreadable: Collection[int] = ()

    @classmethod
    def of(cls, records: Iterable[ScannedRecord]) -> "ScannedBatch":
        found = list(records)
        columns: dict[tuple[str, str, int], list[str | None]] = {}
        for position, (_, candidates) in enumerate(found):
            met: dict[tuple[str, str], int] = {}
            for kind, name, value in dict.fromkeys(candidates or ()):
                nth = met[kind, name] = met.get((kind, name), -1) + 1
                values = columns.setdefault((kind, name, nth), [None] * len(found))
                values[position] = value
        return cls(
            offsets=[one.span.offset for one in found],
            lengths=[one.span.length for one in found],
            columns=[Column(kind, name, values) for (kind, name, _), values in columns.items()],
            unreadable=[at for at, one in enumerate(found) if one.candidates is None],
        )

    def records(self) -> Iterator[ScannedRecord]:
        """One by one, those that hold a candidate or cannot be read."""
        unreadable = frozenset(self.unreadable)
        identifiers = [(column.type, column.name) for column in self.columns]
        rows = (
            zip(*(one.values for one in self.columns), strict=True) if identifiers else repeat(())
        )
        places = map(Span, self.offsets, self.lengths)
        for position, (span, row) in enumerate(zip(places, rows, strict=False)):
            found = [
                (kind, name, value)
                for (kind, name), value in zip(identifiers, row, strict=True)
                if value is not None
            ]
            if position in unreadable:
                yield ScannedRecord(span, None)
            elif found:
                yield ScannedRecord(span, found)


class Record(Protocol):
    """One record, read again from its place."""

    @property
    def span(self) -> Span: ...

    @property
    def size(self) -> int:
        """Bytes that taking it out frees, as near as the format can tell."""
        ...

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        """Whose record it is. What could hold a wanted value and cannot be read is UNCLEAR."""
        ...

    def sample(self) -> str:
        """The record as text for a person to read."""
        ...


class RecordFormat(Protocol):
    """How records lie in an object, and how they are taken out.

    A span counts what the format counts: bytes of the text (after decompression), or rows of the
    file. Taking records out moves what follows by their length, and changes nothing else.
    All raise ObjectUnreachable where the object cannot be read as this format.
    """

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        """Every record that holds a candidate or cannot be read, in order; also others."""
        ...

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        """The records at these sorted places, in order."""
        ...

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        """The object without the records at `cuts`. Read while the source is open."""
        ...
