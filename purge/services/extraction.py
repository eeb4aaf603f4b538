"""What an object has for the index: the same wherever it is read.

No tables here: this also runs on machines of a cluster that have no database.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from purge.domain.identifiers import Identifier
from purge.domain.locators import WHOLE_OBJECT, Locator
from purge.domain.spans import WHOLE
from purge.ports import (
    Format,
    Lake,
    LayerDescription,
    ReadableObject,
    RecordFormat,
    ScannedBatch,
    ScannedRecord,
    StorageLayer,
)
from purge.ports.extraction import Extracted, Piece, Reading
from purge.services import whole_objects
from purge.services.index_entries import Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset's objects, open for reading."""

    layer: StorageLayer
    format: RecordFormat
    locator: Locator
    identifiers: tuple[Identifier, ...]
    key: bytes
    erased: frozenset[int]


def extract(source: Source, *, key: str, version: str) -> Generator[Piece]:
    """Every entry of one version, read with no transaction open, and what was learnt.

    What is found by scanning keeps no entries: it is read when somebody asks.
    """
    with source.layer.open(key=key, version=version) as readable:
        if source.locator is Locator.SCAN:
            yield Extracted(readable.size, 0, {})
            return
        batches = _batches(source, key, version, readable)
        entries = Entries(batches, key=source.key, erased=source.erased)
        yield from entries
        yield Extracted(readable.size, entries.unreadable, entries.met)


def reading(source: Source, *, layer: LayerDescription, as_format: Format) -> Reading:
    """How somebody elsewhere reads the same."""
    return Reading(
        layer=layer,
        format=as_format,
        locator=source.locator,
        identifiers=source.identifiers,
        key=source.key,
        erased=source.erased,
    )


def pieces(*, lake: Lake, reading: Reading, key: str, version: str) -> Iterator[Piece]:
    """The same for somebody elsewhere."""
    source = Source(
        layer=lake.layer(reading.layer),
        format=lake.record_format(reading.format),
        locator=reading.locator,
        identifiers=reading.identifiers,
        key=reading.key,
        erased=reading.erased,
    )
    yield from extract(source, key=key, version=version)


def _batches(
    source: Source, key: str, version: str, readable: ReadableObject
) -> Iterable[ScannedBatch]:
    """The records that may be somebody's; an object that is theirs as a whole counts as one."""
    if source.locator not in WHOLE_OBJECT:
        return source.format.scan(source=readable, identifiers=source.identifiers)
    told = whole_objects.told(
        layer=source.layer,
        locator=source.locator,
        identifiers=source.identifiers,
        key=key,
        version=version,
    )
    if told.candidates is None:
        return [ScannedBatch.of([ScannedRecord(WHOLE, None)])]
    found = [(one.type, one.name, one.value) for one in told.candidates]
    return [ScannedBatch.of([ScannedRecord(WHOLE, found)])]
