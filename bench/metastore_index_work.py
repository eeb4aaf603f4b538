"""The measuring part of `metastore_index`, in a process with the installation's settings."""

import json
import os
import random
import shutil
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import django
import duckdb

django.setup()

from django.conf import settings  # noqa: E402 - configured now
from django.db import connection  # noqa: E402 - models need the settings
from django.utils import timezone  # noqa: E402

from bench.measurements import Row, compare, seconds_of  # noqa: E402
from governance.isolation import crossings  # noqa: E402
from governance.isolation.scopes import namespace_scope  # noqa: E402
from purge import wiring  # noqa: E402
from purge.adapters.postgresql.metastore_index import PostgreSQLMetastoreIndex  # noqa: E402
from purge.management.terminal import Terminal  # noqa: E402
from purge.models import Dataset, StorageLayer  # noqa: E402
from purge.ports import IndexEntries, LayerKind  # noqa: E402
from purge.services import indexing, keyrings  # noqa: E402

MILLIONS = int(os.environ.get("BENCH_INDEX_MILLIONS", "10"))
MIB = int(os.environ.get("BENCH_BUILD_MIB", "256"))
AN_OBJECT, LOOK_UPS = 500_000, 300
BAR_SECONDS, BAR_BYTES = 0.010, 90
INDEX = PostgreSQLMetastoreIndex()
ROUNDS, WORKERS = 3, 2
SIZE = """
SELECT sum(pg_total_relation_size(relid))
FROM (SELECT relid FROM pg_partition_tree('purge_indexentry')
      UNION ALL SELECT relid FROM pg_partition_tree('purge_indexblock')) parts
"""
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]


def rows() -> Iterator[Row]:
    namespace = crossings.namespace_named("default")
    if namespace is None:
        raise LookupError("default")
    with namespace_scope(namespace):
        keyrings.keys()
    yield from building(namespace)
    yield from looking_up(namespace)


def building(namespace: UUID) -> Iterator[Row]:
    """One object by one worker, and two of half its size by a worker each."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        for objects, how in ((1, "one worker"), (WORKERS, f"{WORKERS} workers")):
            lakes = [a_lake(namespace, f"bench-{objects}-{n}", objects) for n in range(ROUNDS + 1)]
            files = sorted(lakes[0].folder.iterdir())
            yield compare(
                what=f"Index: build of {MIB} MiB ndjson, committed, {how}",
                ours=lambda: list(workers.map(build, lakes.pop().datasets)),  # noqa: B023 - at once
                peer_name=f"DuckDB reading it, threads: {objects} (bar: 6.67)",
                peer=partial(read, files, objects),
                rounds=ROUNDS,
                warm_up=1,
            )
            for folder in Path(settings.LAKE_ROOTS[0], "default").iterdir():
                shutil.rmtree(folder)


class Lake(NamedTuple):
    folder: Path
    datasets: list[tuple[UUID, UUID]]


def a_lake(namespace: UUID, name: str, objects: int) -> Lake:
    """Each time another dataset for each object, with its own copy of it."""
    folder = Path(settings.LAKE_ROOTS[0]) / "default" / name
    folder.mkdir(parents=True)
    datasets = []
    for number in range(objects):
        fill(folder / f"{number}.ndjson", (MIB << 20) // objects)
        with namespace_scope(namespace):
            layer = StorageLayer.objects.create(
                name=f"{name}-{number}", kind=LayerKind.FILESYSTEM, options={"path": name}
            )
            dataset = Dataset.objects.create(
                storage_layer=layer, prefix=f"{number}.", identifiers=IDENTIFIERS
            )
        datasets.append((namespace, dataset.pk))
    return Lake(folder, datasets)


def fill(path: Path, size: int) -> None:
    """Records of some 475 bytes, as purchases are."""
    source = random.Random(1)  # noqa: S311 - the same each time
    with path.open("wb", buffering=1 << 20) as file:
        written = 0
        while written < size:
            written += file.write(
                b'{"customer_id": %d, "purchase": %d, "quantity": 3, "note": "%s"}\n'
                % (source.randrange(10**9), written, b"x" * (written % 90 + 370))
            )


def build(which: tuple[UUID, UUID]) -> None:
    """As `index_lake` does it: read, fingerprint, commit."""
    namespace, dataset = which
    done = indexing.refresh(
        dataset_id=dataset, work=Terminal(namespace), lake=wiring.lake(), clock=timezone.now
    )
    if done.read != 1 or done.unreachable:
        raise LookupError(done)


def read(files: list[Path], threads: int) -> None:
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {threads}")
        engine.execute(
            "SELECT count(customer_id) "
            "FROM read_ndjson($files, columns = {'customer_id': 'BIGINT'})",
            {"files": [str(file) for file in files]},
        ).fetchall()


def looking_up(namespace: UUID) -> Iterator[Row]:
    source = random.Random(2)  # noqa: S311 - the same each time
    wanted: list[int] = []
    before = bytes_on_disk()
    total = MILLIONS * 1_000_000
    for number in range(1000, 1000 + total // AN_OBJECT):
        prints = [source.getrandbits(64) - (1 << 63) for _ in range(AN_OBJECT)]
        with closing(INDEX.batch(namespace_id=namespace)) as batch:
            batch.add(IndexEntries(prints, range(0, 300 * AN_OBJECT, 300), [300] * AN_OBJECT))
            with namespace_scope(namespace):
                batch.store(object_number=number, is_known=False)
        wanted += source.sample(prints, LOOK_UPS * AN_OBJECT // total + 1)
    a_record = (bytes_on_disk() - before) / total
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
        cursor.execute(SIZE)
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
        sys.stdout.flush()
