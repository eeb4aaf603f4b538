"""Readers on Apache Spark: objects in groups, each group a task of its own.

Spark only spreads the objects. The driver is this process: it hands out groups, gathers the
entries that come back, and leaves the storing to whoever asked, object by object. What comes back
of a group is spread over parts, so that Spark's side of the driver holds one part at a time.
"""

import logging
import pickle
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import cached_property, partial
from tempfile import SpooledTemporaryFile
from types import ModuleType
from typing import IO, Any

from purge.adapters.spark import executors as spark_executors
from purge.adapters.spark.executors import Shipped
from purge.ports import StoredObject
from purge.ports.extraction import (
    Extract,
    Extracted,
    ObjectRead,
    Piece,
    Reading,
    SparkFailed,
    SparkMissing,
)

MOST_OBJECTS = 64
MOST_BYTES = 32 << 20
A_PART = 16 << 20
IN_MEMORY = 16 << 20
# https://spark.apache.org/docs/latest/security.html: what is shipped holds credentials. These go
# over a command line, where Spark takes them: nothing secret may be among them.
SECURE = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.io.encryption.enabled": "true",
    "spark.eventLog.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
HERE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


class SparkReaders:
    """Implements `purge.ports.extraction.Readers`. `pyspark` is the package, an optional one."""

    def __init__(
        self,
        *,
        pyspark: ModuleType,
        python: str,
        options: Mapping[str, str],
        settings: Mapping[str, object],
        extract: Extract,
    ) -> None:
        self._pyspark = pyspark
        self._python = python
        self._options = options
        self._settings = settings
        self._extract = extract

    def read(
        self, *, reading: Reading, objects: Iterable[StoredObject]
    ) -> Generator[ObjectRead, None, None]:
        shipped = Shipped.of(reading, settings=self._settings, extract=self._extract)
        context = self._context
        at_once = context.defaultParallelism + 1
        waiting: set[Future[Sequence[Gathered]]] = set()
        with ThreadPoolExecutor(at_once) as threads:
            for group in groups(objects):
                waiting.add(threads.submit(self._read, context, shipped, group))
                if len(waiting) >= at_once:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from _results(done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from _results(done)

    def close(self) -> None:
        if "_context" in self.__dict__:
            self._context.stop()

    @cached_property
    def _context(self) -> Any:  # noqa: ANN401 - PySpark is optional, and so are its types
        conf = self._pyspark.SparkConf(loadDefaults=True)
        local = HERE if self._options["spark.master"].startswith("local") else {}
        for name, value in {**SECURE, **local, **self._options}.items():
            conf.set(name, value)
        try:
            context = self._pyspark.SparkContext(conf=conf)
        except self._pyspark.errors.PySparkException as error:
            raise SparkMissing from error  # Its launcher ended: there is no Java, or an old one.
        except self._java_error as error:
            raise SparkFailed(why="it did not start with SPARK_MASTER and its own files") from error
        context.setLogLevel("ERROR")
        logging.getLogger("py4j").setLevel(logging.WARNING)  # Else it tells of each connection.
        context.pythonExec = self._python
        return context

    @property
    def _java_error(self) -> type[Exception]:
        error: type[Exception] = self._pyspark.core.context.Py4JError
        return error

    def _read(
        self,
        context: Any,  # noqa: ANN401 - see _context
        shipped: Shipped,
        group: Sequence[StoredObject],
    ) -> "Sequence[Gathered]":
        """One task of Spark, and its answer."""
        items = [(number, one.key, one.version) for number, one in enumerate(group)]
        work = partial(spark_executors.read, shipped=shipped)
        parts = 1 + sum(one.size for one in group) // A_PART
        found = context.parallelize(items, 1).mapPartitions(work)
        if parts > 1:
            found = found.repartition(parts)
        gathered = [Gathered(one) for one in group]
        try:
            for number, piece in found.toLocalIterator():
                gathered[number].add(piece)
        except (self._pyspark.errors.PySparkException, self._java_error) as error:
            for one in gathered:
                one.close()
            raise SparkFailed(why="a task failed, and Spark's log says where") from error
        return gathered


class Gathered:
    """What came back of an object, on disk where it is much."""

    def __init__(self, listed: StoredObject) -> None:
        self.listed = listed
        self._is_whole = False
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by close()

    def add(self, piece: Piece | None) -> None:
        self._is_whole = isinstance(piece, Extracted)
        pickle.dump(piece, self._file)

    def read(self) -> ObjectRead:
        return ObjectRead(self.listed, self._pieces() if self._is_whole else None)

    def _pieces(self) -> Iterator[Piece]:
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 - our own, written above

    def close(self) -> None:
        self._file.close()


def groups(objects: Iterable[StoredObject]) -> Iterator[Sequence[StoredObject]]:
    """Small objects together: starting a task takes longer than reading one."""
    group: list[StoredObject] = []
    size = 0
    for one in objects:
        if group and (len(group) >= MOST_OBJECTS or size + one.size > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += one.size
    if group:
        yield group


def _results(done: Iterable[Future[Sequence[Gathered]]]) -> Iterator[ObjectRead]:
    for group in done:
        for one in group.result():
            with closing(one):
                yield one.read()
