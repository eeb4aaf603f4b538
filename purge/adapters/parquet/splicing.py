"""Taking rows out of a Parquet file: untouched row groups are copied as they are.

1. a row group with rows to remove is decoded, filtered and encoded again, alone, as it was
   (codec, dictionaries, page version, INT96); a row group that loses all its rows goes;
2. every other row group is kept as raw bytes, with its page indexes and bloom filters;
3. the footer is the old one with new row groups and offsets: schema, key-value metadata and
   whatever a later version of the format added stay.
"""

import copy
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq

from purge.adapters.arrow.files import (
    Buffer,
    Readable,
    Source,
    has_dictionaries,
    without_dictionaries,
)
from purge.adapters.parquet import footer as footers, thrift as parquet_thrift
from purge.adapters.parquet.footer import Footer, ParquetUnreadableError
from purge.adapters.parquet.thrift import Struct
from purge.domain.spans import Fresh, Keep, Segment, Span

INT96 = "INT96"
DATA_PAGE_V2 = 3  # PageType.DATA_PAGE_V2, in ColumnMetaData.encoding_stats


@dataclass(slots=True)
class _Output:
    """The new file as it grows: how long it is, and its segments not yet handed on."""

    length: int = 0
    _segments: list[Segment] = field(default_factory=list)

    def add(self, segment: Segment) -> int:
        """Append a segment; returns where it begins."""
        start = self.length
        self.length += segment.length if isinstance(segment, Keep) else len(segment.content)
        self._segments.append(segment)
        return start

    def handed_on(self) -> list[Segment]:
        segments, self._segments = self._segments, []
        return segments


def segments(*, source: Source, rows: Mapping[int, Collection[int]]) -> Iterator[Segment]:
    """The file without these rows, by row group. Raises ParquetUnreadableError.

    `rows` maps a row group's number to the numbers of rows in it, both from 0. One row group is in
    memory at a time.
    """
    footer = footers.read(source)
    _check_apart(footer)
    output = _Output()
    output.add(Fresh(footers.MAGIC))
    groups: list[tuple[Struct | None, Struct]] = []
    # Arrow's dictionaries are written whole into every row group: all may hold a value that left.
    shared = has_dictionaries(pq.ParquetFile(Readable(source)).schema_arrow)
    for number, group in enumerate(footer.row_groups):
        gone = set(rows.get(number, ()))
        if not gone and not shared:
            groups.append((group, _kept(output, group)))
        elif not gone or len(gone) < footers.rows_of(group):
            groups.append((None, _encoded(output, source, footer, number, gone)))
        yield from output.handed_on()
    finished = [
        made if group is None else _indexed(output, source, group, made) for group, made in groups
    ]
    output.add(Fresh(footers.encoded(_metadata(footer, finished))))
    yield from output.handed_on()


def _check_apart(footer: Footer) -> None:
    """A row group whose bytes lie among another's would bring what was taken out of that one."""
    spans = sorted(map(footers.extent, filter(footers.rows_of, footer.row_groups)))
    if any(one.end > other.offset for one, other in pairwise(spans)):
        raise ParquetUnreadableError(footers.NOT_REWRITABLE)


def _kept(output: _Output, group: Struct) -> Struct:
    span = footers.extent(group)
    start = output.add(Keep(span.offset, span.length))
    moved = copy.deepcopy(group)
    footers.shift(moved, start - span.offset)
    return moved


def _indexed(output: _Output, source: Source, group: Struct, moved: Struct) -> Struct:
    """Bring a kept row group's page indexes and bloom filters along."""
    by = footers.extent(moved).offset - footers.extent(group).offset
    for chunk, meta in footers.columns_of(moved):
        _move_bloom_filter(output, meta)
        if chunk.get(footers.COLUMN_INDEX) is not None:
            span = Span(chunk.get(footers.COLUMN_INDEX), chunk.get(footers.COLUMN_INDEX_LENGTH))
            chunk.replace(footers.COLUMN_INDEX, output.add(Keep(span.offset, span.length)))
        if chunk.get(footers.OFFSET_INDEX) is not None:
            span = Span(chunk.get(footers.OFFSET_INDEX), chunk.get(footers.OFFSET_INDEX_LENGTH))
            index, _ = parquet_thrift.read(source.read(span))
            for location in index.items(footers.LOCATIONS):
                location.replace(
                    footers.LOCATION_OFFSET, location.get(footers.LOCATION_OFFSET) + by
                )
            content = parquet_thrift.written(index)
            chunk.replace(footers.OFFSET_INDEX, output.add(Fresh(content)))
            chunk.replace(footers.OFFSET_INDEX_LENGTH, len(content))
    return moved


def _move_bloom_filter(output: _Output, meta: Struct) -> None:
    offset, length = meta.get(footers.BLOOM), meta.get(footers.BLOOM_LENGTH)
    if offset is not None and length is not None:
        meta.replace(footers.BLOOM, output.add(Keep(offset, length)))
    else:
        meta.drop(footers.BLOOM, footers.BLOOM_LENGTH)


def _encoded(
    output: _Output, source: Source, footer: Footer, number: int, gone: Collection[int]
) -> Struct:
    """A row group written anew without some rows. Its indexes and filters are left out."""
    content = _rewritten(source, footer, number, gone)
    buffer = Buffer(content)
    fresh = footers.read(buffer)
    if footers.leaves(fresh.metadata) != footers.leaves(footer.metadata):
        raise ParquetUnreadableError(footers.NOT_REWRITABLE)
    [group] = fresh.row_groups
    span = footers.extent(group)
    start = output.add(Fresh(content[span.offset : span.end]))
    footers.shift(group, start - span.offset)
    for chunk, meta in footers.columns_of(group):
        chunk.drop(
            footers.OFFSET_INDEX,
            footers.OFFSET_INDEX_LENGTH,
            footers.COLUMN_INDEX,
            footers.COLUMN_INDEX_LENGTH,
        )
        meta.drop(footers.BLOOM, footers.BLOOM_LENGTH)
    sorting = footer.row_groups[number].fields.get(footers.SORTING)
    if sorting is not None:
        group.fields[footers.SORTING] = sorting
    return group


def _rewritten(source: Source, footer: Footer, number: int, gone: Collection[int]) -> bytes:
    file = pq.ParquetFile(Readable(source))
    table = without_dictionaries(file.read_row_group(number))
    stay = pa.array([row not in gone for row in range(table.num_rows)])
    metadata = file.metadata
    columns = [metadata.row_group(number).column(index) for index in range(metadata.num_columns)]
    dictionaries = [one.path_in_schema for one in columns if one.has_dictionary_page]
    buffer = io.BytesIO()
    pq.write_table(
        table.filter(stay),
        buffer,
        row_group_size=max(1, table.num_rows),
        version="2.6",
        compression={one.path_in_schema: _codec(one.compression) for one in columns},
        use_dictionary=dictionaries or False,
        write_statistics=[one.path_in_schema for one in columns if one.is_stats_set] or False,
        data_page_version="2.0" if _has_pages_v2(footer.row_groups[number]) else "1.0",
        use_deprecated_int96_timestamps=any(one.physical_type == INT96 for one in columns),
        use_compliant_nested_type=".element" in "".join(dictionaries) or _is_compliant(columns),
        store_schema=False,
    )
    return buffer.getvalue()


def _codec(name: str) -> str:
    return "NONE" if name == "UNCOMPRESSED" else name


def _has_pages_v2(group: Struct) -> bool:
    metas = [meta for _, meta in footers.columns_of(group)]
    stats = [stat for meta in metas for stat in meta.items(footers.ENCODING_STATS)]
    return any(stat.get(footers.PAGE_TYPE) == DATA_PAGE_V2 for stat in stats)


def _is_compliant(columns: Collection[pq.ColumnChunkMetaData]) -> bool:
    return not any(".list.item" in one.path_in_schema for one in columns)


def _metadata(footer: Footer, groups: list[Struct]) -> Struct:
    metadata = Struct(fields=dict(footer.metadata.fields))
    for ordinal, group in enumerate(groups):
        if group.get(footers.ORDINAL) is not None:
            group.replace(footers.ORDINAL, ordinal)
    kind = metadata.get(footers.ROW_GROUPS).kind
    metadata.replace(footers.ROW_GROUPS, parquet_thrift.Listed(kind=kind, items=groups))
    metadata.replace(footers.FILE_ROWS, sum(map(footers.rows_of, groups)))
    return metadata
