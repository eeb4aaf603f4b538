"""From records to what the index keeps of them."""

from collections.abc import Iterable, Iterator, Sequence

from purge.domain.fingerprints import fingerprints
from purge.domain.identifiers import UNREADABLE
from purge.ports import Candidate, IndexEntries, ScannedBatch


class Entries:
    """What the index keeps of records, column by column: what all of a lake goes through.

    Counts what could not be read, and notes the identifiers of erased people that it meets.
    """

    def __init__(
        self, batches: Iterable[ScannedBatch], *, key: bytes, erased: frozenset[int]
    ) -> None:
        self.unreadable = 0
        self.met: dict[int, Candidate] = {}
        self._batches = batches
        self._prints = fingerprints(key)
        self._erased = erased

    def __iter__(self) -> Iterator[IndexEntries]:
        for batch in self._batches:
            for kind, name, values in batch.columns:
                held = [value for value in values if value is not None]
                offsets, lengths = batch.offsets, batch.lengths
                if len(held) < len(values):
                    at = [place for place, value in enumerate(values) if value is not None]
                    offsets, lengths = _at(at, offsets), _at(at, lengths)
                prints = self._prints(kind, name, held)
                if self._erased and not self._erased.isdisjoint(prints):
                    self._note(kind, name, prints, held)
                yield IndexEntries(prints, offsets, lengths)
            if batch.unreadable:
                self.unreadable += len(batch.unreadable)
                yield IndexEntries(
                    [UNREADABLE] * len(batch.unreadable),
                    _at(batch.unreadable, batch.offsets),
                    _at(batch.unreadable, batch.lengths),
                )

    def _note(self, kind: str, name: str, prints: Sequence[int], values: Sequence[str]) -> None:
        for one, value in zip(prints, values, strict=True):
            if one in self._erased:
                self.met[one] = (kind, name, value)


def _at(places: Iterable[int], column: Sequence[int]) -> Sequence[int]:
    return [column[place] for place in places]
