"""From records to what the index keeps of them."""

from collections.abc import Iterable, Iterator

from purge.domain.fingerprints import fingerprints
from purge.domain.identifiers import UNREADABLE
from purge.domain.spans import Span
from purge.ports import Candidate, IndexEntry, ScannedBatch

_make = tuple.__new__  # Twice as fast as calling a NamedTuple by its own name.


class Entries:
    """What the index keeps of records, batch by batch: the loop that all of a lake goes through.

    Counts what could not be read, and notes the identifiers of erased people that it meets.
    """

    def __init__(
        self, batches: Iterable[ScannedBatch], *, key: bytes, erased: frozenset[int]
    ) -> None:
        self.unreadable = 0
        self.met: dict[int, Candidate] = {}
        self._batches = batches
        self._print = fingerprints(key)
        self._erased = erased

    def __iter__(self) -> Iterator[IndexEntry]:
        of, erased = self._print, self._erased
        for batch in self._batches:
            for kind, name, values in batch.columns:
                places = zip(batch.offsets, batch.lengths, strict=True)
                for place, value in zip(places, values, strict=True):
                    if value is None:
                        continue
                    one = of(kind, name, value)
                    if one in erased:
                        self.met[one] = (kind, name, value)
                    yield _make(IndexEntry, (one, _make(Span, place)))
            for position in batch.unreadable:
                self.unreadable += 1
                span = Span(batch.offsets[position], batch.lengths[position])
                yield IndexEntry(UNREADABLE, span)
