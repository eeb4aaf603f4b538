"""Record formats: how records lie in an object."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
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


class ScannedRecord(NamedTuple):
    """A record's place and the fingerprint input of every identifier candidate in it.

    `candidates` is None for a record that cannot be read.
    """

    span: Span
    candidates: Sequence[tuple[str, str, str]] | None
    """(type, name, canonical value)"""


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
    ) -> Iterator[ScannedRecord]:
        """Every record that holds a candidate or cannot be read, in order."""
        ...

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        """The records at these sorted places, in order."""
        ...

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        """The object without the records at `cuts`. Read while the source is open."""
        ...
