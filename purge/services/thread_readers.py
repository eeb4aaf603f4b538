"""Small objects read for the index in this process, those of a bucket beside each other."""

from collections.abc import Generator, Iterable
from contextlib import closing

from purge.ports import ObjectChanged, ObjectUnreachable, StoredObject
from purge.ports.extraction import ObjectRead, Reading
from purge.services import extraction, threads
from purge.services.extraction import Source


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
        pieces = extraction.extract(self._source, key=listed.key, version=listed.version)
        try:
            return ObjectRead(listed, list(pieces))
        except (ObjectChanged, ObjectUnreachable):
            return ObjectRead(listed, None)

    def close(self) -> None:
        pass
