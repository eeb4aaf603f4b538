"""The metastore index: where a fingerprint lies."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from purge.domain.spans import Span


class IndexEntries(NamedTuple):
    """Fingerprints and the places of their records, by columns: a lake has too many for objects."""

    fingerprints: Sequence[int]
    offsets: Sequence[int]
    lengths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index says a fingerprint is; `span` in the object's indexed positions."""

    object_number: int
    fingerprint: int
    span: Span


class IndexBatch(Protocol):
    """Entries gathered while an object is read, with no transaction open.

    Of a large object they are stored meanwhile, where nobody finds them before `store`.
    """

    count: int

    def add(self, entries: IndexEntries) -> None:
        """Raises ObjectUnreachable where a record lies further in than the index can tell."""
        ...

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        """Make these all that is known of the object; needs the namespace scope. How many.

        To look for what is known takes longer than to store a small object: say where nothing is.
        """
        ...

    def close(self) -> None:
        """Drop what was not asked to be stored."""
        ...


class MetastoreIndex(Protocol):
    """Fingerprint → places. All but `batch` and `compact` work in the scope that is open."""

    def batch(self, *, namespace_id: UUID) -> IndexBatch: ...

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        """Where these fingerprints are (in these objects), by object and offset."""
        ...

    def forget(self, *, offsets: Mapping[int, Collection[int]]) -> int:
        """Drop every entry at these indexed offsets of each object, whosever fingerprint it is."""
        ...

    def remove(self, *, object_number: int) -> int:
        """Drop the object from the index."""
        ...

    def clear(self, *, begun_before: datetime) -> int:
        """Drop what came of batches whose worker was killed. How many batches."""
        ...

    def compact(self) -> Sequence[str]:
        """Give space back, with no scope open and while others work. Says what was done."""
        ...
