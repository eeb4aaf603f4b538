"""From records to what the index keeps of them."""

from collections.abc import Iterable, Iterator

from purge.domain.fingerprints import fingerprints
from purge.domain.identifiers import UNREADABLE
from purge.ports import IndexEntry, ScannedRecord
from purge.ports.extraction import Met


class Entries:
    """What the index keeps of records, in order: the loop that all of a lake goes through.

    Counts what could not be read, and notes the identifiers of erased people that it meets.
    """

    def __init__(
        self, records: Iterable[ScannedRecord], *, key: bytes, erased: frozenset[int]
    ) -> None:
        self.unreadable = 0
        self.met: dict[int, Met] = {}
        self._records = records
        self._print = fingerprints(key)
        self._erased = erased

    def __iter__(self) -> Iterator[IndexEntry]:
        of, erased = self._print, self._erased
        for span, candidates in self._records:
            if candidates is None:
                self.unreadable += 1
                yield IndexEntry(UNREADABLE, span)
                continue
            seen = []
            for candidate in candidates:
                one = of(*candidate)
                if one in seen:
                    continue
                seen.append(one)
                if one in erased:
                    self.met[one] = candidate
                yield IndexEntry(one, span)
