"""Ten records cut out of a gzip object, in many members and in one, beside the obvious rewrite.

The peer decompresses all of it, parses each line, and compresses the rest again with zlib, as
Python's gzip does. `BENCH_GZIP_MIB` sets how much text the object holds (128).
"""

import gzip
import json
import os
import random
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.measurements import Row, compare
from purge.adapters.compressed.record_format import CompressedRecordFormat
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.domain.spans import Cuts, Span

MIB = int(os.environ.get("BENCH_GZIP_MIB", "128"))
MEMBER = 1 << 20
RECORDS, ROUNDS = 10, 3
FORMAT = CompressedRecordFormat(NdjsonRecordFormat())
IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "customer_id", "type": "integer"}])


class Object:
    """A gzip object, and where the records of the customers 0, 1, 2, … lie in its text."""

    def __init__(self, home: Path, *, name: str, member: int) -> None:
        self.key = name
        self.path = home / "bench" / name
        self.layer = FilesystemStorageLayer(home=home / "bench")
        self.cuts = Cuts()
        self.round = 0
        self.places: dict[int, list[Span]] = {}
        with self.path.open("wb") as file:
            for start in range(0, MIB << 20, member):
                file.write(gzip.compress(self._text(start, member), compresslevel=6))

    def _text(self, start: int, length: int) -> bytes:
        """Everybody is customer -1, but for RECORDS records of each round's own customer."""
        every = (MIB << 20) // (RECORDS * (ROUNDS + 2))
        source = random.Random(start)  # noqa: S311 - the same each time
        lines, offset = [], start
        while offset < start + length - 512:
            number = offset // every
            is_theirs = number >= sum(map(len, self.places.values()))
            customer = number // RECORDS if is_theirs else -1
            line = _line(customer, source)
            if is_theirs:
                self.places.setdefault(customer, []).append(Span(offset, len(line)))
            lines.append(line)
            offset += len(line)
        lines.append(b" " * (start + length - offset - 1) + b"\n")
        return b"".join(lines)

    def erase_next(self) -> None:
        spans = self.places[self.round]
        wanted = wanted_in([{"customer_id": self.round}], identifiers=IDENTIFIERS)
        version = self.layer.version(key=self.key)
        if version is None:
            raise FileNotFoundError(self.path)
        present = [self.cuts.present(span) for span in spans]
        attempt = self.layer.begin(key=self.key, version=version)
        with self.layer.open(key=self.key, version=version) as source:
            for record in FORMAT.records(source=source, spans=present):
                if record.judge(identifiers=IDENTIFIERS, wanted=wanted) is not Verdict.THEIRS:
                    message = "the place does not hold the record"
                    raise LookupError(message)
            staged = self.layer.stage(
                key=self.key,
                version=version,
                segments=FORMAT.segments(source=source, cuts=present),
                attempt=attempt,
            )
        self.layer.publish(staged=staged)
        self.cuts = self.cuts.with_more(spans)
        self.round += 1

    def rewrite(self) -> None:
        target = self.path.with_name("rewritten")
        with gzip.open(self.path) as source, gzip.open(target, "wb", compresslevel=6) as rest:
            for line in source:
                if line.isspace() or json.loads(line)["customer_id"] != self.round:
                    rest.write(line)
        with target.open("rb") as opened:
            os.fsync(opened.fileno())


def _line(customer: int, source: random.Random) -> bytes:
    note = source.randbytes(60).hex().encode()
    return b'{"customer_id": %d, "quantity": %d, "note": "%s", "place": "%s"}\n' % (
        customer,
        source.randrange(9),
        note,
        b"Lakeside" * 12,
    )


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder:
        (Path(folder) / "bench").mkdir()
        for name, member in (("many members", MEMBER), ("one member", MIB << 20)):
            big = Object(Path(folder), name=name.replace(" ", "-"), member=member)
            yield compare(
                what=f"Erasure: {RECORDS} records of {MIB} MiB in gzip, {name}",
                ours=big.erase_next,
                peer_name="parse each line, gzip again",
                peer=partial(big.rewrite),
                rounds=ROUNDS,
                warm_up=1,
            )
