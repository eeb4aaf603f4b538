"""Parquet: one record a row, by its number in the file, read with the identifiers' columns alone.

Rows are taken out by `parquet_splicing`: row groups without them keep their bytes. Behind the last
row stands a record of the file's own metadata, where people may have been named.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby

import pyarrow as pa
import pyarrow.parquet as pq

from purge.adapters.arrow import columnar_rows, file_metadata
from purge.adapters.arrow.file_metadata import Metadata, MetadataRecord
from purge.adapters.arrow.files import Readable
from purge.adapters.compressed.record_format import compression_of
from purge.adapters.parquet import footer as parquet_footer, splicing as parquet_splicing
from purge.adapters.parquet.footer import ParquetUnreadableError
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Pairs, Verdict
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
        with readable_parquet("parquet_not_readable"):
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
            rows = GroupRows(file, group, [one.offset - file.starts[group] for one in inside])
            for position, span in enumerate(inside):
                yield ParquetRecord(span, rows, position)

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

    def table(self, group: int, columns: Sequence[str] | None = None) -> pa.Table:
        with readable_parquet("parquet_not_readable"):
            wanted = None if columns is None else list(columns)
            return self._file.read_row_group(group, columns=wanted)

    def bytes_a_row(self, group: int) -> int:
        return int(self._sizes[group]) // (self.starts[group + 1] - self.starts[group])


class GroupRows:
    """Some rows of one row group, read once for all of them."""

    def __init__(self, file: ParquetFile, group: int, rows: Sequence[int]) -> None:
        self.file = file
        self.group = group
        self._rows = pa.array(rows, pa.int64())
        self._read: dict[tuple[Identifier, ...], Sequence[Pairs]] = {}

    def records(self, identifiers: tuple[Identifier, ...]) -> Sequence[Pairs]:
        if identifiers not in self._read:
            leaves = columnar_rows.leaf_columns(self.file.leaves, identifiers=identifiers)
            table = self.file.table(self.group, leaves).take(self._rows)
            with readable_parquet("parquet_not_readable"):
                self._read[identifiers] = list(columnar_rows.records_of(table))
        return self._read[identifiers]

    @cached_property
    def whole(self) -> pa.Table:
        return self.file.table(self.group).take(self._rows)


@dataclass(frozen=True, slots=True)
class ParquetRecord:
    """Implements `purge.ports.Record`."""

    span: Span
    rows: GroupRows
    position: int

    @property
    def size(self) -> int:
        return self.rows.file.bytes_a_row(self.rows.group)

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        record = self.rows.records(tuple(identifiers))[self.position]
        return columnar_rows.judged(record, identifiers=identifiers, wanted=wanted)

    def sample(self) -> str:
        return columnar_rows.sample_of(self.rows.whole.slice(self.position, 1))


@contextmanager
def readable_parquet(reason: str) -> Iterator[None]:
    """What the library cannot do with the bytes becomes a reason in the report."""
    try:
        yield
    except ParquetUnreadableError as error:
        raise ObjectUnreachable(reason=str(error)) from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ObjectUnreachable(reason=reason) from error
