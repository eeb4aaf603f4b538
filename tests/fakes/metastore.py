"""A metastore index in memory, true to the contract."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from purge.domain.spans import Span
from purge.ports import IndexBatch, IndexEntries, Place


class Entry(NamedTuple):
    fingerprint: int
    span: Span


class FakeIndexBatch:
    """Implements `purge.ports.IndexBatch`."""

    def __init__(self, index: "FakeMetastoreIndex") -> None:
        self.count = 0
        self._index = index
        self._entries: list[Entry] = []

    def add(self, entries: IndexEntries) -> None:
        self._entries += [
            Entry(print_, Span(offset, length))
            for print_, offset, length in zip(*entries, strict=True)
        ]
        self.count = len(self._entries)

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        before = [] if is_known else self._index.entries.get(object_number, [])
        self._index.entries[object_number] = [*before, *self._entries]
        return self.count

    def close(self) -> None:
        self._entries.clear()


class FakeMetastoreIndex:
    """Implements `purge.ports.MetastoreIndex`."""

    def __init__(self) -> None:
        self.entries: dict[int, list[Entry]] = {}

    def batch(self, *, namespace_id: UUID) -> IndexBatch:  # noqa: ARG002 - there is one memory
        return FakeIndexBatch(self)

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        for number in sorted(self.entries):
            if object_numbers is None or number in object_numbers:
                for entry in sorted(self.entries[number], key=lambda one: one.span):
                    if entry.fingerprint in fingerprints:
                        yield Place(number, entry.fingerprint, entry.span)

    def forget(self, *, offsets: Mapping[int, Collection[int]]) -> int:
        forgotten = 0
        for number, gone in offsets.items():
            before = self.entries.get(number, [])
            kept = [entry for entry in before if entry.span.offset not in gone]
            self.entries[number] = kept
            forgotten += len(before) - len(kept)
        return forgotten

    def remove(self, *, object_number: int) -> int:
        return len(self.entries.pop(object_number, []))

    def clear(self, *, begun_before: datetime) -> int:  # noqa: ARG002 - memory dies with its process
        return 0

    def compact(self) -> Sequence[str]:
        return []
