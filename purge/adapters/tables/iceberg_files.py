"""A data file of an Iceberg table by itself, read as the table's present schema has its columns.

Columns are known by their numbers (Iceberg table spec, "Column Projection"): one that was renamed
since lies under its old name in older files, and holds the same people.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask, Table
from pyiceberg.typedef import Record

NUMBER = b"PARQUET:field_id"
NO_SPEC = -1


def rows(path: Path, *, table: Table, columns: Sequence[str] | None) -> Iterable[pa.RecordBatch]:
    """Its rows, none left out. By name where a writer gave its columns no numbers."""
    if not any(NUMBER in (field.metadata or {}) for field in pq.read_schema(path)):
        source = pads.dataset(str(path), schema=table.schema().as_arrow(), format="parquet")
        by_name: Iterable[pa.RecordBatch] = source.to_batches(columns=columns)
        return by_name
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=f"file://{path}",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=0,
        file_size_in_bytes=path.stat().st_size,
    )
    file.spec_id = NO_SPEC
    return scanned(FileScanTask(file), table=table, columns=columns)


def scanned(
    task: FileScanTask, *, table: Table, columns: Sequence[str] | None
) -> Iterable[pa.RecordBatch]:
    """The rows of a file that are in force: none of those that were deleted by reference."""
    schema = table.schema()
    scan = ArrowScan(
        table_metadata=table.metadata,
        io=table.io,
        projected_schema=schema if columns is None else schema.select(*columns),
        row_filter=AlwaysTrue(),
    )
    return scan.to_record_batches([task])
