"""Readers in this process: what comes back is all that a machine elsewhere could send."""

import pickle
from collections.abc import Callable, Generator, Iterable
from functools import partial

from purge.adapters.spark import executors as spark_executors
from purge.adapters.spark.executors import Shipped
from purge.ports import Lake, StoredObject
from purge.ports.extraction import ObjectRead, Piece, Reading
from purge.services import extraction


class FakeReaders:
    """Implements `purge.ports.extraction.Readers`. `before` is called before each object."""

    def __init__(self, lake: Lake, *, before: Callable[[str], None] = lambda _key: None) -> None:
        self._lake = lake
        self._before = before

    def read(
        self, *, reading: Reading, objects: Iterable[StoredObject]
    ) -> Generator[ObjectRead, None, None]:
        extract = partial(extraction.pieces, lake=self._lake)
        shipped = pickle.loads(  # noqa: S301 - ours
            pickle.dumps(Shipped.of(reading, settings={}, extract=extract))
        )
        for one in objects:
            self._before(one.key)
            found = list(spark_executors.read([(0, one.key, one.version)], shipped=shipped))
            sent: list[tuple[int, Piece | None]] = pickle.loads(pickle.dumps(found))  # noqa: S301 - ours
            pieces = [piece for _, piece in sent if piece is not None]
            yield ObjectRead(one, pieces if len(pieces) == len(sent) else None)

    def close(self) -> None:
        pass
