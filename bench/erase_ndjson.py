"""Ten records cut out of a large ndjson object, beside `cp` and `sync` of the same object.

Ours knows the places, as the index does: it reads each record again and confirms the identifier,
splices the rest into a new file, syncs it, and swaps it for the old one if that is still the
version it was. `BENCH_NDJSON_MIB` sets the size (1024).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measurements import Row, compare
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.domain.spans import Cuts, Span
from purge.ports import Record

MIB = int(os.environ.get("BENCH_NDJSON_MIB", "1024"))
RECORDS, ROUNDS = 10, 5
KEY = "purchases.ndjson"
IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "customer_id", "type": "integer"}])
FORMAT = NdjsonRecordFormat()


class Object:
    """The large file, and where the records of the customers 0, 1, 2, … lie in it."""

    def __init__(self, home: Path) -> None:
        self.path = home / "bench" / KEY
        self.path.parent.mkdir()
        self.layer = FilesystemStorageLayer(home=home / "bench")
        self.cuts = Cuts()
        self.places: dict[int, list[Span]] = {}
        self.round = 0
        self._fill()

    def _fill(self) -> None:
        """Everybody is customer -1, but for RECORDS records of each round's own customer."""
        size, offset, number = MIB << 20, 0, 0
        every = size // (RECORDS * (ROUNDS + 2))
        next_one = every // 2
        with self.path.open("wb", buffering=1 << 20) as file:
            while offset < size:
                customer = -1
                if offset >= next_one:
                    customer = number // RECORDS
                    number, next_one = number + 1, next_one + every
                written = line(customer, offset)
                if customer >= 0:
                    self.places.setdefault(customer, []).append(Span(offset, len(written)))
                offset += file.write(written)

    def erase_next(self) -> None:
        spans = self.places[self.round]
        wanted = wanted_in([{"customer_id": self.round}], identifiers=IDENTIFIERS)
        version = self.layer.version(key=KEY)
        if version is None:
            raise FileNotFoundError(self.path)
        present = [self.cuts.present(span) for span in spans]
        with self.layer.open(key=KEY, version=version) as source:
            for record in FORMAT.records(source=source, spans=present):
                check(record, wanted)
            segments = list(FORMAT.segments(source=source, cuts=present))
        self.layer.publish(
            staged=self.layer.stage(key=KEY, version=version, segments=segments, attempt="bench")
        )
        self.cuts = self.cuts.with_more(spans)
        self.round += 1

    def copy(self) -> None:
        copied = self.path.with_name("copy")
        subprocess.run(["cp", self.path, copied], check=True)  # noqa: S603, S607 - the peer is cp
        subprocess.run(["sync", copied], check=True)  # noqa: S603, S607

    def parse_and_rewrite(self) -> None:
        """The obvious way: every line parsed, every line but theirs written again."""
        rewritten = self.path.with_name("rewritten")
        with self.path.open("rb") as source, rewritten.open("wb") as target:
            for line in source:
                if json.loads(line)["customer_id"] != self.round:
                    target.write(line)
            target.flush()
            os.fsync(target.fileno())


def check(record: Record, wanted: frozenset[Wanted]) -> None:
    if record.judge(identifiers=IDENTIFIERS, wanted=wanted) is not Verdict.THEIRS:
        message = "the place does not hold the record"
        raise LookupError(message)


def line(customer: int, offset: int) -> bytes:
    return (
        b'{"customer_id": %d, "purchase": %d, "date": "1997-03-%02d", "quantity": %d, '
        b'"amount": %d.77, "note": "%s"}\n'
    ) % (customer, offset, offset % 28 + 1, offset % 9 + 1, offset % 97, b"x" * (offset % 90 + 350))


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        big = Object(Path(folder))
        yield compare(
            what=f"Erasure: {RECORDS} records of a {MIB} MiB ndjson object",
            ours=big.erase_next,
            peer_name="cp and sync",
            peer=big.copy,
            rounds=ROUNDS,
            warm_up=1,
        )
        yield compare(
            what=f"Erasure: {RECORDS} records of a {MIB} MiB ndjson object",
            ours=big.erase_next,
            peer_name="parse and rewrite each line",
            peer=big.parse_and_rewrite,
            rounds=1,
        )
