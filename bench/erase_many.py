"""Ten people cut out of each of a thousand objects, in a folder and in a bucket.

Ours knows the places, as the index does, and lists the versions; in a bucket, objects are cut
beside each other by the same threads that an erasure has. The peers: every line of every object
parsed, and all but theirs written again; in a bucket, downloaded and uploaded for that, one after
the other. A store on loopback answers at once: in the last row every request of both waits for
20 ms, as for a store in the same region. `BENCH_OBJECTS` sets how many (1000), `BENCH_OBJECT_KIB`
how large (256).
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.erase_ndjson import FORMAT, IDENTIFIERS, check, line
from bench.erase_s3 import clock
from bench.measurements import Row, compare
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.identifiers import wanted_in
from purge.domain.spans import Span
from purge.ports import StorageLayer, StoredObject
from purge.services import threads
from tests.servers import seaweedfs

OBJECTS = int(os.environ.get("BENCH_OBJECTS", "1000"))
KIB = int(os.environ.get("BENCH_OBJECT_KIB", "256"))
FAR_SECONDS = 0.02
PEOPLE = 10
WANTED = wanted_in([{"customer_id": one} for one in range(PEOPLE)], identifiers=IDENTIFIERS)


def content() -> tuple[bytes, list[Span]]:
    """One object: a record of each of the people, scattered, and where they are."""
    lines: list[bytes] = []
    places: list[Span] = []
    offset, every = 0, (KIB << 10) // (PEOPLE + 1)
    while offset < KIB << 10:
        is_theirs = len(places) < PEOPLE and offset >= (len(places) + 1) * every
        written = line(len(places) if is_theirs else -1, offset)
        if is_theirs:
            places.append(Span(offset, len(written)))
        lines.append(written)
        offset += len(written)
    return b"".join(lines), places


def erase(layer: StorageLayer, version: str, key: str, places: list[Span]) -> bool:
    attempt = layer.begin(key=key, version=version)
    with layer.open(key=key, version=version) as source:
        for record in FORMAT.records(source=source, spans=places):
            check(record, WANTED)
        segments = FORMAT.segments(source=source, cuts=places)
        staged = layer.stage(key=key, version=version, segments=segments, attempt=attempt)
    layer.publish(staged=staged)
    if staged.stays_behind:
        layer.remove(key=key, version=staged.replaces)
    return True


def without(raw: bytes) -> bytes:
    """All lines but theirs, every one parsed."""
    theirs = range(PEOPLE)
    lines = raw.splitlines(keepends=True)
    return b"".join(one for one in lines if json.loads(one)["customer_id"] not in theirs)


def rewrite_file(path: Path) -> None:
    rewritten = path.with_suffix(".new")
    with rewritten.open("wb") as target:
        target.write(without(path.read_bytes()))
        target.flush()
        os.fsync(target.fileno())
    rewritten.replace(path)


def in_folder(home: Path, raw: bytes, places: list[Span]) -> Row:
    layer = FilesystemStorageLayer(home=home / "ours")
    for folder in ("ours", "peer"):
        (home / folder).mkdir()
        for number in range(OBJECTS):
            (home / folder / f"{number}.ndjson").write_bytes(raw)
    return _compared(
        "a folder",
        ours=lambda: erase_all(layer, places),
        peer_name="parse and rewrite each line",
        peer=lambda: each(lambda key: rewrite_file(home / "peer" / key)),
    )


def in_bucket(client: Any, raw: bytes, places: list[Span], *, away: float) -> Row:  # noqa: ANN401
    bucket = seaweedfs.PLAIN
    for number in range(OBJECTS):
        for place in ("ours", "peer"):
            client.put_object(Bucket=bucket, Key=f"{place}/{number}.ndjson", Body=raw)

    def layer() -> S3StorageLayer:
        return S3StorageLayer(client=client, bucket=bucket, path="ours/", clock=clock)

    def ours() -> None:
        erase_beside_each_other(layer(), places)

    def rewrite(key: str) -> None:
        place = {"Bucket": bucket, "Key": f"peer/{key}"}
        client.put_object(**place, Body=without(client.get_object(**place)["Body"].read()))

    def wait(**_: object) -> None:
        time.sleep(away)

    client.meta.events.register("before-send.s3", wait)
    try:
        return _compared(
            f"S3, {away * 1000:.0f} ms away" if away else "S3",
            ours=ours,
            peer_name="download, parse, upload",
            peer=lambda: each(rewrite),
        )
    finally:
        client.meta.events.unregister("before-send.s3", wait)


def _compared(
    where: str, *, ours: Callable[[], None], peer_name: str, peer: Callable[[], None]
) -> Row:
    return compare(
        what=f"Erasure: {PEOPLE} people in {OBJECTS} objects of {KIB} KiB, {where}",
        ours=ours,
        peer_name=peer_name,
        peer=peer,
        rounds=1,
    )


def erase_beside_each_other(layer: StorageLayer, places: list[Span]) -> None:
    def cut(group: Sequence[StoredObject], _: Callable[[], bool]) -> bool:
        return all(erase(layer, one.version, one.key, places) for one in group)

    groups = [[one] for one in listed_in(layer)]
    for _ in threads.carry_out(groups, act=cut, at_end=lambda: None):
        pass


def erase_all(layer: StorageLayer, places: list[Span]) -> None:
    for one in listed_in(layer):
        erase(layer, one.version, one.key, places)


def listed_in(layer: StorageLayer) -> list[StoredObject]:
    listed = [one for one in layer.objects(prefix="") if isinstance(one, StoredObject)]
    if len(listed) != OBJECTS:
        message = f"{len(listed)} objects were listed"
        raise RuntimeError(message)
    return listed


def each(act: Callable[[str], None]) -> None:
    for number in range(OBJECTS):
        act(f"{number}.ndjson")


def rows() -> Iterator[Row]:
    raw, places = content()
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        home = Path(folder)
        yield in_folder(home, raw, places)
        store = seaweedfs.ensure_started(home)
        try:
            for away in (0.0, FAR_SECONDS):
                yield in_bucket(store.client(), raw, places, away=away)
        finally:
            seaweedfs.stop(home)
