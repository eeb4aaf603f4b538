"""What a scan would read at most: Parquet footers for the columns asked for, sizes for the rest."""

from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
from pyarrow import parquet

from governance.analytics.adapters.lake_files import LakeFile
from governance.analytics.domain.plans import QueryPlan, TableFormat, TableSource
from governance.analytics.domain.queries import Estimate

FOOTERS_READ = 500
FOOTER_BYTES = 64 * 1024


def estimate(
    *, plan: QueryPlan, listed: Sequence[tuple[TableSource, Sequence[LakeFile]]]
) -> Estimate:
    """What the plan would read of the files of its tables, each as often as it is named."""
    reads = dict(plan.reads)
    scanned = (
        scan_bytes(files=files, file_format=table.format, columns=plan.columns)
        * reads.get(table.qualified_name, 1)
        for table, files in listed
    )
    rows = [scan_rows(files=files, file_format=table.format) for table, files in listed]
    return Estimate(
        bytes_scanned=sum(scanned),
        rows=None if None in rows else sum(filter(None, rows)),
        tables=tuple(table.qualified_name for table, _ in listed),
        files=sum(len(files) for _, files in listed),
    )


def scan_bytes(
    *, files: Sequence[LakeFile], file_format: TableFormat, columns: frozenset[str] | None
) -> int:
    match file_format:
        case TableFormat.PARQUET:
            return sum(_parquet_bytes(files, columns))
        case TableFormat.CSV | TableFormat.NDJSON:
            return sum(file.size for file in files)


def scan_rows(*, files: Sequence[LakeFile], file_format: TableFormat) -> int | None:
    """Rows by the footers; None where the format, or too many files, do not say."""
    if file_format is not TableFormat.PARQUET or len(files) > FOOTERS_READ:
        return None
    footers = [_footer(file) for file in files]
    return None if None in footers else sum(rows for rows, _ in filter(None, footers))


def _parquet_bytes(files: Sequence[LakeFile], columns: frozenset[str] | None) -> list[int]:
    """Beyond so many files their footers are not opened, and the whole size is the estimate."""
    sizes = [file.size for file in files[FOOTERS_READ:]]
    for file in files[:FOOTERS_READ]:
        footer = _footer(file)
        if columns is None or footer is None:
            sizes.append(file.size)
            continue
        wanted = sum(size for name, size in footer[1] if name in columns)
        sizes.append(min(file.size, wanted + FOOTER_BYTES))
    return sizes


@lru_cache(maxsize=4096)
def _footer(file: LakeFile) -> tuple[int, tuple[tuple[str, int], ...]] | None:
    """Rows, and compressed bytes by top-level column. None where it is no readable Parquet."""
    try:
        metadata = parquet.read_metadata(file.path)
    except (pa.ArrowException, OSError):
        return None
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            chunk = row_group.column(index)
            name = chunk.path_in_schema.split(".", 1)[0].lower()
            sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
    return metadata.num_rows, tuple(sizes.items())
