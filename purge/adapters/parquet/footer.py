"""A Parquet file's layout: where its row groups lie, and a footer for another arrangement.

Numbers are field ids of `parquet.thrift` (parquet-format 2.12). Offsets in the footer count from
the start of the file, so every one of them moves with its row group; a page index also holds
offsets and is written anew, a bloom filter is copied (its length must be known, else it is left
out: a reader does without).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from purge.adapters.arrow.files import Source
from purge.adapters.parquet import thrift as parquet_thrift
from purge.adapters.parquet.thrift import Struct
from purge.domain.spans import Span

MAGIC = b"PAR1"
ENCRYPTED_MAGIC = b"PARE"
NOT_PARQUET, ENCRYPTED = "not_parquet", "parquet_encrypted"
ELSEWHERE, NOT_REWRITABLE = "parquet_in_several_files", "parquet_not_rewritable"
MAGICS = (MAGIC, ENCRYPTED_MAGIC)
TAIL = 8
LONGEST_FOOTER = 256 * 1024 * 1024

# FileMetaData
SCHEMA, FILE_ROWS, ROW_GROUPS, ENCRYPTION = 2, 3, 4, 8
# RowGroup
COLUMNS, ROWS, SORTING, GROUP_OFFSET, ORDINAL = 1, 3, 4, 5, 7
# SchemaElement
PHYSICAL_TYPE, TYPE_LENGTH, REPETITION, CHILDREN = 1, 2, 3, 5
# ColumnChunk
CHUNK_FILE, CHUNK_OFFSET, META = 1, 2, 3
OFFSET_INDEX, OFFSET_INDEX_LENGTH, COLUMN_INDEX, COLUMN_INDEX_LENGTH, CRYPTO = 4, 5, 6, 7, 8
# ColumnMetaData
COMPRESSED, DATA_OFFSET, INDEX_OFFSET, DICTIONARY_OFFSET, BLOOM, BLOOM_LENGTH = 7, 9, 10, 11, 14, 15
ENCODING_STATS, PAGE_TYPE = 13, 1
# OffsetIndex, PageLocation
LOCATIONS, LOCATION_OFFSET = 1, 1


class ParquetUnreadableError(ValueError):
    """Not a Parquet file, or one of a kind that is not understood.

    The message is a code of `domain/reasons.py`.
    """


@dataclass(frozen=True, slots=True)
class Footer:
    """`metadata` is the FileMetaData; `data_end` is where the footer begins."""

    metadata: Struct
    data_end: int

    @property
    def row_groups(self) -> list[Struct]:
        return self.metadata.items(ROW_GROUPS)


def read(source: Source) -> Footer:
    """The file's footer. Raises ParquetUnreadableError."""
    if source.size < len(MAGIC) + TAIL or source.read(Span(0, len(MAGIC))) not in MAGICS:
        raise ParquetUnreadableError(NOT_PARQUET)
    tail = source.read(Span(source.size - TAIL, TAIL))
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] == ENCRYPTED_MAGIC:
        raise ParquetUnreadableError(ENCRYPTED)
    if tail[4:] != MAGIC or not 0 < length <= min(LONGEST_FOOTER, source.size - TAIL - len(MAGIC)):
        raise ParquetUnreadableError(NOT_PARQUET)
    start = source.size - TAIL - length
    try:
        metadata, _ = parquet_thrift.read(source.read(Span(start, length)))
    except parquet_thrift.ThriftUnreadableError as error:
        raise ParquetUnreadableError(NOT_PARQUET) from error
    footer = Footer(metadata=metadata, data_end=start)
    _check(footer)
    return footer


def encoded(metadata: Struct) -> bytes:
    """The end of a file: footer, its length, the magic bytes."""
    body = parquet_thrift.written(metadata)
    return body + len(body).to_bytes(4, "little") + MAGIC


def rows_of(group: Struct) -> int:
    return int(group.get(ROWS))


def columns_of(group: Struct) -> Iterator[tuple[Struct, Struct]]:
    """Each column chunk with its metadata."""
    for chunk in group.items(COLUMNS):
        yield chunk, chunk.get(META)


def extent(group: Struct) -> Span:
    """Where the pages of a row group lie."""
    spans = [_pages(meta) for _, meta in columns_of(group)]
    start = min(span.offset for span in spans)
    return Span(start, max(span.end for span in spans) - start)


def shift(group: Struct, by: int) -> None:
    """Move every offset of a row group's pages. Indexes and filters are moved by their own."""
    if group.get(GROUP_OFFSET) is not None:
        group.replace(GROUP_OFFSET, group.get(GROUP_OFFSET) + by)
    for chunk, meta in columns_of(group):
        if chunk.get(CHUNK_OFFSET):
            chunk.replace(CHUNK_OFFSET, chunk.get(CHUNK_OFFSET) + by)
        for number in (DATA_OFFSET, INDEX_OFFSET, DICTIONARY_OFFSET):
            if meta.get(number):
                meta.replace(number, meta.get(number) + by)


def leaves(metadata: Struct) -> list[tuple[object, ...]]:
    """What of a schema decides how pages are read: physical type, length, repetition, children."""
    deciding = (PHYSICAL_TYPE, TYPE_LENGTH, REPETITION, CHILDREN)
    return [tuple(element.get(number) for number in deciding) for element in metadata.items(SCHEMA)]


def _pages(meta: Struct) -> Span:
    offsets = [meta.get(number) for number in (DATA_OFFSET, DICTIONARY_OFFSET, INDEX_OFFSET)]
    there = [offset for offset in offsets if offset]
    # A column chunk of no rows may have no pages, and then lies nowhere.
    return Span(min(there), meta.get(COMPRESSED)) if there else Span(len(MAGIC), 0)


def _check(footer: Footer) -> None:
    why = ENCRYPTED if footer.metadata.get(ENCRYPTION) is not None else ""
    for group in footer.row_groups:
        for chunk in group.items(COLUMNS):
            why = why or _fault(chunk, data_end=footer.data_end)
    if why:
        raise ParquetUnreadableError(why)


def _fault(chunk: Struct, *, data_end: int) -> str:
    meta = chunk.get(META)
    if not isinstance(meta, Struct) or chunk.get(CRYPTO) is not None:
        return ENCRYPTED
    if chunk.get(CHUNK_FILE):
        return ELSEWHERE
    span = _pages(meta)
    inside = len(MAGIC) <= span.offset <= span.end <= data_end
    return "" if inside else NOT_PARQUET
