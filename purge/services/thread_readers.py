"""Small objects read for the index in this process, those of a bucket beside each other."""

from collections.abc import Generator, Iterable
from contextlib import closing

from purge.ports import ObjectChanged, ObjectUnreachable, StoredObject
from purge.ports.extraction import Extracted, ObjectRead, Piece, Reading
from purge.services import extraction, threads
from purge.services.extraction import Source

MOST_ENTRIES = 1 << 16


class ThreadReaders:
    """Implements `purge.ports.extraction.Readers`. What does not suit them is not read."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, *, reading: Reading, objects: Iterable[StoredObject]) -> Generator[ObjectRead]:
        def is_threaded(listed: StoredObject) -> bool:
            return threads.suits(kind=reading.layer.kind, size=listed.size)

        def read(listed: StoredObject) -> ObjectRead:
            return self._read(listed) if listed.size <= threads.SMALL else ObjectRead(listed, None)

        with closing(threads.in_order(objects, act=read, is_threaded=is_threaded)) as found:
            yield from found

    def _read(self, listed: StoredObject) -> ObjectRead:
        """Not if it has more entries than are to be held of one."""
        pieces: list[Piece] = []
        count = 0
        found = extraction.extract(self._source, key=listed.key, version=listed.version)
        try:
            with closing(found):
                for piece in found:
                    pieces.append(piece)
                    count += 0 if isinstance(piece, Extracted) else len(piece.fingerprints)
                    if count > MOST_ENTRIES:
                        return ObjectRead(listed, None)
        except (ObjectChanged, ObjectUnreachable):
            return ObjectRead(listed, None)
        return ObjectRead(listed, pieces)

    def close(self) -> None:
        pass
