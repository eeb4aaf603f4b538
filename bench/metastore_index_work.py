"""The measuring part of `metastore_index`, in a process with the installation's settings."""

import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from uuid import UUID

import django
import duckdb

django.setup()

from django.db import connection  # noqa: E402 - models need the settings

from bench.measurements import Row, compare, seconds_of  # noqa: E402
from governance.isolation import crossings  # noqa: E402
from governance.isolation.scopes import namespace_scope  # noqa: E402
from purge.adapters.filesystem_storage_layer import FilesystemStorageLayer  # noqa: E402
from purge.adapters.ndjson_record_format import NdjsonRecordFormat  # noqa: E402
from purge.adapters.postgresql_metastore_index import PostgreSQLMetastoreIndex  # noqa: E402
from purge.domain.identifiers import identifiers_of  # noqa: E402
from purge.domain.locators import Locator  # noqa: E402
from purge.domain.spans import Span  # noqa: E402
from purge.ports import IndexEntry, StoredObject  # noqa: E402
from purge.services import indexing, keyrings  # noqa: E402

MILLIONS = int(os.environ.get("BENCH_INDEX_MILLIONS", "10"))
MIB = int(os.environ.get("BENCH_BUILD_MIB", "256"))
AN_OBJECT, LOOK_UPS = 500_000, 300
BAR_SECONDS, BAR_BYTES = 0.010, 90
INDEX = PostgreSQLMetastoreIndex()
IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "customer_id", "type": "integer"}])


def rows() -> Iterator[Row]:
    namespace = crossings.namespace_named("default")
    if namespace is None:
        raise LookupError("default")
    with namespace_scope(namespace):
        keyrings.keys()
    yield from building(namespace)
    yield from looking_up(namespace)


def building(namespace: UUID) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        path = Path(folder) / "bench" / "purchases.ndjson"
        path.parent.mkdir()
        fill(path)
        yield compare(
            what=f"Index: build of {MIB} MiB ndjson, committed (bar: 6.7)",
            ours=lambda: build(path, namespace),
            peer_name="DuckDB reading the column",
            peer=lambda: read(path),
            rounds=3,
            warm_up=1,
        )


def fill(path: Path) -> None:
    """Records of some 475 bytes, as purchases are."""
    source = random.Random(1)  # noqa: S311 - the same each time
    with path.open("wb", buffering=1 << 20) as file:
        written = 0
        while written < MIB << 20:
            written += file.write(
                b'{"customer_id": %d, "purchase": %d, "quantity": 3, "note": "%s"}\n'
                % (source.randrange(10**9), written, b"x" * (written % 90 + 370))
            )


def build(path: Path, namespace: UUID) -> None:
    layer = FilesystemStorageLayer(home=path.parent)
    with namespace_scope(namespace):
        key = keyrings.fingerprint_key()
    version = layer.version(key=path.name) or ""
    dataset = indexing.OpenDataset(
        id=namespace,
        name="bench",
        prefix="",
        locator=Locator.ROW,
        identifiers=IDENTIFIERS,
        layer=layer,
        format=NdjsonRecordFormat(),
        key=key,
    )
    listed = StoredObject(path.name, version, path.stat().st_size)
    with closing(INDEX.batch()) as batch:
        indexing.extract(dataset, key=listed.key, version=version, batch=batch)
        with namespace_scope(namespace):
            batch.store(object_number=1)


def read(path: Path) -> None:
    with duckdb.connect() as engine:
        engine.execute("SET threads = 1")
        engine.execute(
            "SELECT count(customer_id) FROM read_ndjson($path, columns = "
            "{'customer_id': 'BIGINT', 'purchase': 'BIGINT', 'note': 'VARCHAR'})",
            {"path": str(path)},
        ).fetchall()


def looking_up(namespace: UUID) -> Iterator[Row]:
    source = random.Random(2)  # noqa: S311 - the same each time
    wanted: list[int] = []
    before = bytes_on_disk()
    count = MILLIONS * 1_000_000
    for number in range(2, 2 + count // AN_OBJECT):
        with closing(INDEX.batch()) as batch:
            prints = [source.getrandbits(64) - (1 << 63) for _ in range(AN_OBJECT)]
            batch.add(IndexEntry(one, Span(at * 300, 300)) for at, one in enumerate(prints))
            with namespace_scope(namespace):
                batch.store(object_number=number)
        wanted += source.sample(prints, LOOK_UPS * AN_OBJECT // count + 1)
    a_record = (bytes_on_disk() - before) / count
    source.shuffle(wanted)
    with namespace_scope(namespace):
        seconds = sorted(seconds_of(partial(look_up, one)) for one in wanted[:LOOK_UPS])
    yield bar(
        f"Index: look-up among {MILLIONS} million records, median", statistics.median(seconds)
    )
    yield bar(
        f"Index: look-up among {MILLIONS} million records, 99th of 100",
        seconds[int(len(seconds) * 0.99)],
    )
    sys.stderr.write(f"{a_record:.1f} bytes a record on disk, of {BAR_BYTES}\n")


def bar(what: str, seconds: float) -> Row:
    return Row(what=what, ours_seconds=seconds, peer="the bar", peer_seconds=BAR_SECONDS)


def look_up(fingerprint: int) -> None:
    if not list(INDEX.places(fingerprints=[fingerprint])):
        raise LookupError(fingerprint)


def bytes_on_disk() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('purge_indexentry')"
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
        sys.stdout.flush()
