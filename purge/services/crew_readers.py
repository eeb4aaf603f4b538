"""Small objects of a bucket read for the index beside each other, in this process."""

from collections.abc import Generator, Iterable
from contextlib import closing

from purge.ports import ObjectChanged, ObjectUnreachable, StoredObject
from purge.ports.extraction import ObjectRead, Reading
from purge.services import crew, extraction
from purge.services.extraction import Source


class CrewReaders:
    """Implements `purge.ports.extraction.Readers`. What is not for the crew is not read."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, *, reading: Reading, objects: Iterable[StoredObject]) -> Generator[ObjectRead]:
        def is_for_crew(listed: StoredObject) -> bool:
            return crew.is_for_it(kind=reading.layer.kind, size=listed.size)

        def read(listed: StoredObject) -> ObjectRead:
            return self._read(listed) if is_for_crew(listed) else ObjectRead(listed, None)

        with closing(crew.in_order(objects, act=read, is_for_it=is_for_crew)) as found:
            yield from found

    def _read(self, listed: StoredObject) -> ObjectRead:
        pieces = extraction.extract(self._source, key=listed.key, version=listed.version)
        try:
            return ObjectRead(listed, list(pieces))
        except (ObjectChanged, ObjectUnreachable):
            return ObjectRead(listed, None)

    def close(self) -> None:
        pass
