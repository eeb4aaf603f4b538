"""Reading many objects for the index at once, on machines that have no database."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from governance.kernel.refusals import Unavailable
from purge.domain.identifiers import Identifier
from purge.domain.locators import Locator
from purge.ports.formats import Format
from purge.ports.index import IndexEntries
from purge.ports.layers import LayerDescription, StoredObject

Met = tuple[str, str, str]
"""Type, name and value of an identifier, as it was read."""


class SparkMissing(Unavailable):
    code = "spark_missing"
    sentence = (
        "Indexing on Spark needs PySpark and Java 17: run `make spark` and install Java (Debian: "
        "default-jre-headless), or use --engine local."
    )


class SparkFailed(Unavailable):
    code = "spark_failed"
    sentence = (
        "Spark could not read the objects: {why}. What was read is in the index: start the command "
        "again to go on, or use --engine local."
    )


class Extracted(NamedTuple):
    """What was learnt of an object beside its entries."""

    size: int
    unreadable: int
    met: Mapping[int, Met]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reading:
    """How a dataset's objects are read: all that somebody needs who cannot ask the database.

    `key` makes fingerprints; `erased` are those to look out for.
    """

    layer: LayerDescription
    format: Format
    locator: Locator
    identifiers: tuple[Identifier, ...]
    key: bytes
    erased: frozenset[int]


Piece = IndexEntries | Extracted
"""Entries, part by part; what was learnt comes last."""


class Extract(Protocol):
    """Reads one version of an object. Raises ObjectChanged and ObjectUnreachable."""

    def __call__(self, *, reading: Reading, key: str, version: str) -> Iterator[Piece]: ...


@dataclass(frozen=True, slots=True)
class ObjectRead:
    """`pieces` None: it could not be read so. Whoever asked reads it, and hears why."""

    listed: StoredObject
    pieces: Iterable[Piece] | None


class Readers(Protocol):
    """Machines that read objects for the index."""

    def read(self, *, reading: Reading, objects: Iterable[StoredObject]) -> Generator[ObjectRead]:
        """Every object, in any order; its pieces last until the next is asked for.

        Raises SparkFailed.
        """
        ...

    def close(self) -> None: ...
