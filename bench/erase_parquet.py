"""Rows cut out of a Parquet file: untouched row groups copied, beside a full rewrite by pyarrow.

`BENCH_PARQUET_ROWS` sets the rows (5,000,000, about 180 MB in 60 row groups).
"""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.measurements import Row, compare
from purge.adapters import parquet_splicing
from purge.domain.spans import Keep, Span

ROWS = int(os.environ.get("BENCH_PARQUET_ROWS", "5000000"))
GROUPS, ROUNDS = 60, 5


@dataclass(frozen=True, slots=True)
class File:
    """An object in a local folder, as the splicing reads it."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def read(self, span: Span) -> bytes:
        with self.path.open("rb") as file:
            file.seek(span.offset)
            return file.read(span.length)


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        path = Path(folder) / "purchases.parquet"
        per_group = _made(path)
        for touched in (1, 15):
            gone = {number * (GROUPS // touched): [per_group // 2] for number in range(touched)}
            size = path.stat().st_size >> 20
            yield compare(
                what=f"Erasure: {touched} of {GROUPS} row groups of {size} MiB Parquet",
                ours=partial(_splice, path, gone),
                peer_name="full pyarrow rewrite",
                peer=partial(_rewrite, path, per_group, gone),
                rounds=ROUNDS,
                warm_up=1,
            )


def _made(path: Path) -> int:
    """Purchases with hardly compressible notes; returns the rows of a group."""
    per_group = ROWS // GROUPS
    with pq.ParquetWriter(path, _group(0, 1).schema, compression="snappy") as writer:
        for number in range(GROUPS):
            writer.write_table(_group(number, per_group), row_group_size=per_group)
    return per_group


def _group(number: int, size: int) -> pa.Table:
    ids = pa.array(range(number * size, (number + 1) * size), pa.int64())
    return pa.table(
        {
            "customer_id": pc.bit_wise_and(ids, 0x3FFFF),
            "purchase": ids,
            "amount": pc.multiply(pc.cast(ids, pa.float64()), 1.37),
            "note": pc.binary_join_element_wise(
                pc.cast(pc.multiply(ids, 2654435761), pa.string()), pc.cast(ids, pa.string()), "-"
            ),
        }
    )


def _splice(path: Path, gone: Mapping[int, Collection[int]]) -> None:
    with path.open("rb") as source, path.with_suffix(".spliced").open("wb") as target:
        for segment in parquet_splicing.segments(source=File(path), rows=gone):
            if isinstance(segment, Keep):
                _copy(source.fileno(), target.fileno(), segment)
            else:
                target.write(segment.content)
                target.flush()
        os.fsync(target.fileno())


def _copy(source: int, target: int, segment: Keep) -> None:
    offset, left = segment.offset, segment.length
    while left:
        copied = os.copy_file_range(source, target, left, offset)
        offset, left = offset + copied, left - copied


def _rewrite(path: Path, per_group: int, gone: Mapping[int, Collection[int]]) -> None:
    file = pq.ParquetFile(path)
    with (
        path.with_suffix(".rewritten").open("wb") as target,
        pq.ParquetWriter(target, file.schema_arrow, compression="snappy") as writer,
    ):
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            left = set(gone.get(number, ()))
            if left:
                table = table.filter(pa.array([row not in left for row in range(per_group)]))
            writer.write_table(table, row_group_size=per_group)
