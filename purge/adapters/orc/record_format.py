"""ORC: one record a row, by its number in the file, read stripe by stripe.

There is no copying of stripes: the object is encoded again, in stripes of about the old size, with
its compression, types and the metadata that people gave it. Bloom filters, column attributes and
encodings (dictionaries or not) are the writer's choice. Files of Hive's ACID tables hold row
numbers of their own and are left to their engine.
"""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any

import pyarrow as pa
from pyarrow import orc

from purge.adapters.arrow import columnar_records, columnar_rows, file_metadata
from purge.adapters.arrow.file_metadata import Metadata, MetadataRecord
from purge.adapters.arrow.files import Readable
from purge.adapters.compressed.record_format import compression_of
from purge.adapters.orc import tail as orc_tail
from purge.domain.identifiers import Identifier
from purge.domain.spans import Fresh, Segment, Span
from purge.ports import ObjectUnreachable, ReadableObject, Record, ScannedBatch, ScannedRecord

SMALLEST_STRIPE = 64 << 10
HIVE_DICTIONARIES = 0.8
ACID = b"hive.acid"


class OrcRecordFormat:
    """Implements `purge.ports.RecordFormat`. A span counts rows of the file."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        if not source.size:
            return
        file = OrcFile(source)
        columns = columnar_rows.leaf_columns(file.leaves, identifiers=identifiers)
        if columns:
            with file.readable():
                for stripe, offset in enumerate(file.starts[:-1]):
                    batch = file.read(stripe, columns)
                    yield columnar_rows.scanned(batch, offset=offset, identifiers=identifiers)
        if found := file_metadata.triples([file.metadata], identifiers=identifiers):
            yield ScannedBatch.of([ScannedRecord(Span(file.starts[-1], 1), found)])

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        if not spans:
            return
        file = OrcFile(source)
        for stripe, some in groupby(spans, key=lambda span: file.stripe_of(span.offset)):
            if stripe is None:
                yield from (MetadataRecord(span, [file.metadata]) for span in some)
                continue
            inside = list(some)
            rows = [one.offset - file.starts[stripe] for one in inside]
            yield from columnar_records.of_group(file, stripe, spans=inside, rows=rows)

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterator[Segment]:
        with readable_orc("orc_not_rewritable"):
            yield from _rewritten(OrcFile(source), cuts)


class OrcFile:
    """An ORC object, and which rows lie in which stripe."""

    def __init__(self, source: ReadableObject) -> None:
        if compression_of(source) is not None:
            raise ObjectUnreachable(reason="compressed_as_a_whole")
        with readable_orc("not_orc"):
            self.tail = orc_tail.read(source)
            self.file = orc.ORCFile(pa.PythonFile(Readable(source), mode="r"))
        self.metadata: Metadata = self.tail.metadata
        if any(key.startswith(ACID) for key in self.metadata):
            raise ObjectUnreachable(reason="orc_of_acid_table")
        self.starts = list(accumulate((one.rows for one in self.tail.stripes), initial=0))

    @cached_property
    def leaves(self) -> Sequence[str]:
        return [leaf for field in self.file.schema for leaf in _leaves(field, "")]

    def stripe_of(self, row: int) -> int | None:
        """The stripe of a row; None behind the last one."""
        return bisect_right(self.starts, row) - 1 if row < self.starts[-1] else None

    def read(self, group: int, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.file.read_stripe(group, columns=None if columns is None else list(columns))

    def readable(self) -> AbstractContextManager[None]:
        return readable_orc("orc_not_readable")

    def bytes_a_row(self, group: int) -> int:
        stripe = self.tail.stripes[group]
        return stripe.size // stripe.rows


def _rewritten(file: OrcFile, cuts: Sequence[Span]) -> Iterator[Segment]:
    """Stripe by stripe; what the writer holds back at the end gets the old types and metadata."""
    sink = io.BytesIO()
    writer = orc.ORCWriter(sink, **_options(file))
    gone = {row for cut in cuts for row in range(cut.offset, cut.end)}
    for stripe, start in enumerate(file.starts[:-1]):
        batch = file.read(stripe)
        stay = pa.array([start + row not in gone for row in range(batch.num_rows)], pa.bool_())
        writer.write(pa.Table.from_batches([batch.filter(stay)]))
        yield Fresh(_drained(sink))
    if len(file.starts) == 1:
        writer.write(file.file.schema.empty_table())
    writer.close()
    yield Fresh(orc_tail.replaced(sink.getvalue(), old=file.tail))


def _drained(sink: io.BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content


def _options(file: OrcFile) -> dict[str, Any]:
    return {
        "file_version": file.file.file_version,
        "compression": file.file.compression.lower(),
        "compression_block_size": file.file.compression_size or 65536,
        "row_index_stride": file.file.row_index_stride,
        "stripe_size": max([SMALLEST_STRIPE, *(one.size for one in file.tail.stripes)]),
        "dictionary_key_size_threshold": HIVE_DICTIONARIES,
    }


def _leaves(field: pa.Field, above: str) -> Iterator[str]:
    name = f"{above}{field.name}"
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _leaves(inner, f"{name}.")
    else:
        yield name


@contextmanager
def readable_orc(reason: str) -> Iterator[None]:
    """What the library cannot do with the bytes becomes a reason in the report."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ObjectUnreachable(reason=reason) from error
