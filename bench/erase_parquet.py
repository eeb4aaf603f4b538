"""Rows cut out of a Parquet object in a folder, beside a full rewrite by pyarrow.

Ours knows the rows, as the index does: it reads each again and confirms the identifier, copies the
row groups without them, encodes the others again, syncs, and swaps the object for its next version.
`BENCH_PARQUET_ROWS` sets the rows (5,000,000, about 180 MB in 60 row groups).
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.measurements import Row, compare
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.parquet.record_format import ParquetRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.domain.spans import Span

ROWS = int(os.environ.get("BENCH_PARQUET_ROWS", "5000000"))
GROUPS, ROUNDS = 60, 5
PER_GROUP = ROWS // GROUPS
KEY = "purchases.parquet"
FORMAT = ParquetRecordFormat()
IDENTIFIERS = identifiers_of([{"name": "purchase", "path": "purchase", "type": "integer"}])


class Object:
    """The large file. Each round takes the first row that is left of each touched row group."""

    def __init__(self, home: Path) -> None:
        self.path = home / "bench" / KEY
        self.path.parent.mkdir()
        self.layer = FilesystemStorageLayer(home=home / "bench")
        self.taken: Counter[int] = Counter()
        with pq.ParquetWriter(self.path, _group(0).schema, compression="snappy") as writer:
            for number in range(GROUPS):
                writer.write_table(_group(number), row_group_size=PER_GROUP)

    def erase(self, touched: Sequence[int]) -> None:
        sizes = [PER_GROUP - self.taken[number] for number in range(GROUPS)]
        starts = list(accumulate(sizes, initial=0))
        cuts = [Span(starts[number], 1) for number in touched]
        wanted = wanted_in(
            [{"purchase": number * PER_GROUP + self.taken[number]} for number in touched],
            identifiers=IDENTIFIERS,
        )
        version = self.layer.version(key=KEY)
        if version is None:
            raise FileNotFoundError(self.path)
        attempt = self.layer.begin(key=KEY, version=version)
        with self.layer.open(key=KEY, version=version) as source:
            for record in FORMAT.records(source=source, spans=cuts):
                if record.judge(identifiers=IDENTIFIERS, wanted=wanted) is not Verdict.THEIRS:
                    message = "the place does not hold the record"
                    raise LookupError(message)
            staged = self.layer.stage(
                key=KEY,
                version=version,
                segments=FORMAT.segments(source=source, cuts=cuts),
                attempt=attempt,
            )
        self.layer.publish(staged=staged)
        self.taken.update(touched)

    def rewrite(self, touched: Sequence[int]) -> None:
        """Every row group decoded, filtered and encoded again."""
        file = pq.ParquetFile(self.path)
        target = self.path.with_name("rewritten")
        with (
            target.open("wb") as opened,
            pq.ParquetWriter(opened, file.schema_arrow, compression="snappy") as writer,
        ):
            for number in range(file.num_row_groups):
                table = file.read_row_group(number)
                if number in touched:
                    table = table.filter(pa.array([row > 0 for row in range(table.num_rows)]))
                writer.write_table(table, row_group_size=PER_GROUP)
        with target.open("rb") as written:
            os.fsync(written.fileno())


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        big = Object(Path(folder))
        size = big.path.stat().st_size >> 20
        for count, bar in ((1, 0.25), (15, 0.5)):
            touched = range(0, GROUPS, GROUPS // count)
            yield compare(
                what=f"Erasure: {count} of {GROUPS} row groups of {size} MiB Parquet",
                ours=partial(big.erase, touched),
                peer_name=f"full pyarrow rewrite and sync (bar: {bar})",
                peer=partial(big.rewrite, touched),
                rounds=ROUNDS,
                warm_up=1,
            )


def _group(number: int) -> pa.Table:
    """Purchases with hardly compressible notes."""
    ids = pa.array(range(number * PER_GROUP, (number + 1) * PER_GROUP), pa.int64())
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
