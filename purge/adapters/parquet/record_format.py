"""Parquet: one record a row, by its number in the file, read with the identifiers' columns alone.

Rows are taken out by `splicing`: row groups without them keep their bytes. Behind the last
row stands a record of the file's own metadata, where people may have been named.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from itertools import accumulate, groupby

import pyarrow as pa
import pyarrow.parquet as pq

from purge.adapters.arrow import columnar_records, columnar_rows, file_metadata
from purge.adapters.arrow.file_metadata import Metadata, MetadataRecord
from purge.adapters.arrow.files import Readable
from purge.adapters.compressed.record_format import compression_of
from purge.adapters.parquet import footer as parquet_footer, splicing as parquet_splicing
from purge.adapters.parquet.footer import ParquetUnreadableError
from purge.domain.identifiers import Identifier
from purge.domain.spans import Segment, Span
from purge.ports import ObjectUnreachable, ReadableObject, Record, ScannedBatch, ScannedRecord

BATCH = 1 << 16


class ParquetRecordFormat:
    """Implements `purge.ports.RecordFormat`. A span counts rows of the file."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        if not source.size:
            return
        file = ParquetFile(source)
        columns = columnar_rows.leaf_columns(file.leaves, identifiers=identifiers)
        with file.readable():
            offset = 0
            for batch in file.batches(columns) if columns else ():
                yield columnar_rows.scanned(batch, offset=offset, identifiers=identifiers)
                offset += batch.num_rows
        if found := file_metadata.triples(file.metadata, identifiers=identifiers):
            yield ScannedBatch.of([ScannedRecord(Span(file.starts[-1], 1), found)])

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        if not spans:
            return
        file = ParquetFile(source)
        for group, some in groupby(spans, key=lambda span: file.group_of(span.offset)):
            if group is None:
                yield from (MetadataRecord(span, file.metadata) for span in some)
                continue
            inside = list(some)
            rows = [one.offset - file.starts[group] for one in inside]
            yield from columnar_records.of_group(file, group, spans=inside, rows=rows)

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterator[Segment]:
        file = ParquetFile(source)
        rows: dict[int, set[int]] = {}
        for cut in cuts:
            for row in range(cut.offset, cut.end):
                group = file.group_of(row)
                if group is not None:
                    rows.setdefault(group, set()).add(row - file.starts[group])
        with readable_parquet("parquet_not_rewritable"):
            yield from parquet_splicing.segments(source=source, rows=rows)


class ParquetFile:
    """A Parquet object, and which rows lie in which row group."""

    def __init__(self, source: ReadableObject) -> None:
        if compression_of(source) is not None:
            raise ObjectUnreachable(reason="compressed_as_a_whole")
        with readable_parquet("not_parquet"):
            footer = parquet_footer.read(source)
            self._file = pq.ParquetFile(Readable(source), arrow_extensions_enabled=True)
        rows = [parquet_footer.rows_of(group) for group in footer.row_groups]
        self._sizes = [
            sum(meta.get(parquet_footer.COMPRESSED) for _, meta in parquet_footer.columns_of(group))
            for group in footer.row_groups
        ]
        self.starts = list(accumulate(rows, initial=0))

    @cached_property
    def leaves(self) -> Sequence[str]:
        schema = self._file.schema
        return [schema.column(number).path for number in range(len(schema))]

    @cached_property
    def metadata(self) -> Sequence[Metadata]:
        of_file = self._file.metadata.metadata or {}
        return [of_file, *file_metadata.of_schema(self._file.schema_arrow)]

    def group_of(self, row: int) -> int | None:
        """The row group of a row; None behind the last one."""
        return bisect_right(self.starts, row) - 1 if row < self.starts[-1] else None

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self._file.iter_batches(batch_size=BATCH, columns=list(columns))

    def read(self, group: int, columns: Sequence[str] | None = None) -> pa.Table:
        wanted = None if columns is None else list(columns)
        return self._file.read_row_group(group, columns=wanted)

    def readable(self) -> AbstractContextManager[None]:
        return readable_parquet("parquet_not_readable")

    def bytes_a_row(self, group: int) -> int:
        return int(self._sizes[group]) // (self.starts[group + 1] - self.starts[group])


@contextmanager
def readable_parquet(reason: str) -> Iterator[None]:
    """What the library cannot do with the bytes becomes a reason in the report."""
    try:
        yield
    except ParquetUnreadableError as error:
        raise ObjectUnreachable(reason=str(error)) from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ObjectUnreachable(reason=reason) from error
