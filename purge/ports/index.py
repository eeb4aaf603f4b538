"""The metastore index: where a fingerprint lies."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from purge.domain.spans import Span


class IndexEntry(NamedTuple):
    fingerprint: int
    span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index says a fingerprint is; `span` in the object's indexed positions."""

    object_number: int
    fingerprint: int
    span: Span


class IndexBatch(Protocol):
    """Entries gathered while an object is read, with no transaction open."""

    count: int

    def add(self, entries: Iterable[IndexEntry]) -> None: ...

    def pieces(self) -> Iterator[bytes]:
        """What was gathered, packed, to be taken by a batch of another process."""
        ...

    def take(self, piece: bytes) -> None:
        """Add what another batch gathered."""
        ...

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        """Make these all that is known of the object; needs the namespace scope. How many.

        To look for what is known takes longer than to store a small object: say where nothing is.
        """
        ...

    def close(self) -> None: ...


class MetastoreIndex(Protocol):
    """Fingerprint → places. All but `batch` work in the namespace scope that is open."""

    def batch(self) -> IndexBatch: ...

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        """Where these fingerprints are (in these objects), by object and offset."""
        ...

    def forget(self, *, object_number: int, offsets: Collection[int]) -> int:
        """Drop every entry at these indexed offsets, whosever fingerprint it carries."""
        ...

    def remove(self, *, object_number: int) -> int:
        """Drop the object from the index."""
        ...

    def compact(self) -> Sequence[str]:
        """Give space back, with no scope open and while others work. Says what was done."""
        ...
