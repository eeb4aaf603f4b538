"""A metastore index in memory, true to the contract."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from purge.domain.spans import Span
from purge.ports import IndexBatch, IndexEntry, Place


class FakeIndexBatch:
    """Implements `purge.ports.IndexBatch`."""

    def __init__(self, index: "FakeMetastoreIndex") -> None:
        self.count = 0
        self._index = index
        self._entries: list[IndexEntry] = []

    def add(self, entries: Iterable[IndexEntry]) -> None:
        self._entries.extend(entries)
        self.count = len(self._entries)

    def pieces(self) -> Iterator[bytes]:
        yield json.dumps(self._entries).encode()

    def take(self, piece: bytes) -> None:
        self.add(IndexEntry(print_, Span(*span)) for print_, span in json.loads(piece))

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        before = [] if is_known else self._index.entries.get(object_number, [])
        self._index.entries[object_number] = [*before, *self._entries]
        return self.count

    def close(self) -> None:
        self._entries.clear()


class FakeMetastoreIndex:
    """Implements `purge.ports.MetastoreIndex`."""

    def __init__(self) -> None:
        self.entries: dict[int, list[IndexEntry]] = {}

    def batch(self) -> IndexBatch:
        return FakeIndexBatch(self)

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        for number in sorted(self.entries):
            if object_numbers is None or number in object_numbers:
                for entry in sorted(self.entries[number], key=lambda one: one.span):
                    if entry.fingerprint in fingerprints:
                        yield Place(number, entry.fingerprint, entry.span)

    def forget(self, *, object_number: int, offsets: Collection[int]) -> int:
        before = self.entries.get(object_number, [])
        kept = [entry for entry in before if entry.span.offset not in offsets]
        self.entries[object_number] = kept
        return len(before) - len(kept)

    def remove(self, *, object_number: int) -> int:
        return len(self.entries.pop(object_number, []))

    def compact(self) -> Sequence[str]:
        return []
