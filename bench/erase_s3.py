"""Ten records cut out of a large object in a real S3 store, beside downloading and uploading it.

Ours knows the places, as the index does: it reads each record again and confirms the identifier,
has the store copy what stays, and completes the upload if the object is still what it was. The
peer is what tools do: download, splice, upload, as fast as boto3 does it. The store is SeaweedFS
on loopback, where bytes cost nothing on the way. `BENCH_S3_MIB` sets the size (1024).
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.erase_ndjson import FORMAT, IDENTIFIERS, check, line
from bench.measurements import Row, compare
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.identifiers import wanted_in
from purge.domain.spans import Cuts, Span
from tests.servers import seaweedfs

MIB = int(os.environ.get("BENCH_S3_MIB", "1024"))
RECORDS, ROUNDS = 10, 2
KEY, BUCKET = "purchases.ndjson", seaweedfs.PLAIN
MOST_DOWNLOADED_MIB = 64


def clock() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class Object:
    """The large object, and where the records of the customers 0, 1, 2, … lie in it."""

    def __init__(self, client: Any, home: Path) -> None:  # noqa: ANN401 - boto3 has no types
        self.client = client
        self.home = home
        self.layer = S3StorageLayer(client=client, bucket=BUCKET, clock=clock)
        self.places: dict[int, list[Span]] = {}
        self.cuts = Cuts()
        self.round = 0
        self.downloaded = 0
        client.meta.events.register("after-call.s3.GetObject", self._count)
        self._fill()

    def _count(self, parsed: dict[str, Any], **_: object) -> None:
        self.downloaded += int(parsed.get("ContentLength", 0))

    def _fill(self) -> None:
        """Everybody is customer -1, but for RECORDS scattered records of each round's customer."""
        size, offset, number = MIB << 20, 0, 0
        every = size // (RECORDS * ROUNDS)
        path = self.home / "fill"
        with path.open("wb", buffering=1 << 20) as file:
            while offset < size:
                # The rounds take turns, so that each one's records lie over the whole object.
                is_theirs = offset >= number * every + every // 2 and number < RECORDS * ROUNDS
                customer = number % ROUNDS if is_theirs else -1
                written = line(customer, offset)
                if is_theirs:
                    self.places.setdefault(customer, []).append(Span(offset, len(written)))
                    number += 1
                offset += file.write(written)
        self.client.upload_file(str(path), BUCKET, KEY)
        path.unlink()

    def erase_next(self) -> None:
        wanted = wanted_in([{"customer_id": self.round}], identifiers=IDENTIFIERS)
        version = self.layer.version(key=KEY)
        if version is None:
            raise FileNotFoundError(KEY)
        present = [self.cuts.present(span) for span in self.places[self.round]]
        attempt = self.layer.begin(key=KEY, version=version)
        with self.layer.open(key=KEY, version=version) as source:
            for record in FORMAT.records(source=source, spans=present):
                check(record, wanted)
            staged = self.layer.stage(
                key=KEY,
                version=version,
                segments=FORMAT.segments(source=source, cuts=present),
                attempt=attempt,
            )
        self.layer.publish(staged=staged)
        self.layer.remove(key=KEY, version=staged.replaces)
        self.cuts = self.cuts.with_more(self.places[self.round])
        self.round += 1

    def download_and_upload(self) -> None:
        """The whole object to a file, all but the spliced lines to another, and back."""
        here, spliced = self.home / "here", self.home / "spliced"
        self.client.download_file(BUCKET, KEY, str(here))
        cut = Span((MIB << 20) // 3, 1)
        with here.open("rb") as source, spliced.open("wb") as target:
            left = cut.offset
            while left:
                left -= target.write(source.read(min(left, 1 << 24)))
            source.seek(cut.end)
            while content := source.read(1 << 24):
                target.write(content)
        self.client.upload_file(str(spliced), BUCKET, f"{KEY}.copy")
        here.unlink()
        spliced.unlink()


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        home = Path(folder)
        store = seaweedfs.ensure_started(home)
        try:
            yield _row(Object(store.client(), home))
        finally:
            seaweedfs.stop(home)


def _row(big: Object) -> Row:
    downloaded: list[int] = []

    def ours() -> None:
        before = big.downloaded
        big.erase_next()
        downloaded.append(big.downloaded - before)

    row = compare(
        what=f"Erasure: {RECORDS} records of a {MIB} MiB object in S3",
        ours=ours,
        peer_name="download, splice, upload",
        peer=big.download_and_upload,
        rounds=ROUNDS,
    )
    most = max(downloaded) / (1 << 20)
    if most > MOST_DOWNLOADED_MIB:
        message = f"{most:.0f} MiB were downloaded"
        raise RuntimeError(message)
    return replace(row, what=f"{row.what}, {most:.1f} MiB downloaded")
