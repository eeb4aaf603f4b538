"""Reading every record's identifier and place, beside DuckDB reading the same column.

Ours works on one core, as a worker does with one object; so DuckDB is held to one thread, and once
more left to use all of them. `BENCH_BUILD_MIB` sets the size (256).
"""

import os
import random
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from bench.measurements import Row, compare
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.text.csv_record_format import CsvRecordFormat
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import identifiers_of
from purge.ports import RecordFormat

MIB = int(os.environ.get("BENCH_BUILD_MIB", "256"))
ROUNDS = 3
IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "customer_id", "type": "integer"}])
COLUMNS = {
    "ndjson": "{'customer_id': 'BIGINT'}",
    "csv": "{'customer_id': 'BIGINT', 'purchase': 'BIGINT', 'quantity': 'BIGINT', "
    "'note': 'VARCHAR'}",
}
READERS = {"ndjson": "read_json", "csv": "read_csv"}
LINES = {
    "ndjson": b'{"customer_id": %d, "purchase": %d, "quantity": 3, "note": "%s"}\n',
    "csv": b"%d,%d,3,%s\n",
}
HEADS = {"ndjson": b"", "csv": b"customer_id,purchase,quantity,note\n"}
FORMATS: dict[str, RecordFormat] = {"ndjson": NdjsonRecordFormat(), "csv": CsvRecordFormat()}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        home = Path(folder) / "bench"
        home.mkdir()
        for name in FORMATS:
            path = home / f"purchases.{name}"
            fill(path, name)
            for threads, said in ((1, "one thread (bar: 2)"), (None, "all threads")):
                yield compare(
                    what=f"Index: extraction from {MIB} MiB {name}",
                    ours=partial(extract, path, name),
                    peer_name=f"DuckDB, {said}",
                    peer=partial(read, path, name, threads),
                    rounds=ROUNDS,
                    warm_up=1,
                )


def fill(path: Path, name: str) -> None:
    """Records of some 475 bytes in ndjson, as purchases are."""
    source = random.Random(1)  # noqa: S311 - the same each time
    with path.open("wb", buffering=1 << 20) as file:
        written = file.write(HEADS[name])
        while written < MIB << 20:
            note = b"x" * (written % 90 + 370)
            written += file.write(LINES[name] % (source.randrange(10**9), written, note))


def extract(path: Path, name: str) -> int:
    layer = FilesystemStorageLayer(home=path.parent)
    version = layer.version(key=path.name)
    if version is None:
        raise FileNotFoundError(path)
    with layer.open(key=path.name, version=version) as source:
        return sum(
            len(one.offsets) for one in FORMATS[name].scan(source=source, identifiers=IDENTIFIERS)
        )


def read(path: Path, name: str, threads: int | None) -> None:
    with duckdb.connect() as connection:
        if threads is not None:
            connection.execute(f"SET threads = {threads}")
        connection.execute(
            f"SELECT count(*), max(customer_id) FROM {READERS[name]}(?, columns={COLUMNS[name]})",  # noqa: S608
            [str(path)],
        ).fetchall()
