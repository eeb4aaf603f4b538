"""Compressed ndjson purged: untouched members and frames keep their bytes, nothing is hidden."""

import gzip
import io
import itertools
import random
import tracemalloc
import zlib
from collections.abc import Callable, Sequence

import pytest
import zstandard
from hypothesis import given, settings, strategies as st

from purge.adapters.compressed import units as compressed_units
from purge.adapters.compressed.record_format import CompressedRecordFormat
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.spans import Keep, Span
from purge.ports import ObjectUnreachable
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "id", "type": "integer"}])
WANTED = wanted_in([{"customer_id": 7}], identifiers=IDENTIFIERS)
FORMAT = CompressedRecordFormat(NdjsonRecordFormat())
Pack = Callable[[bytes], bytes]


def gzipped(text: bytes) -> bytes:
    return gzip.compress(text, mtime=7)


def streamed_frame(text: bytes) -> bytes:
    """Without its content's size, as a pipe writes it."""
    compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return compressor.compress(text) + compressor.flush()


def blocked(text: bytes) -> bytes:
    """A BGZF block."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflate.compress(text) + deflate.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
    size = len(head) + 2 + len(body) + 8 - 1
    tail = zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return head + size.to_bytes(2, "little") + body + tail


PACKS: dict[str, Pack] = {
    "gzip": gzipped,
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd without sizes": streamed_frame,
    "bgzf": blocked,
}


def unpacked(content: bytes) -> bytes:
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    with zstandard.ZstdDecompressor().stream_reader(
        io.BytesIO(content), read_across_frames=True
    ) as r:
        return r.read()


def purged(content: bytes) -> tuple[bytes, int]:
    return record_formats.purged(FORMAT, content, IDENTIFIERS, WANTED)


def lines_of(ids: Sequence[int]) -> list[bytes]:
    return [b'{"id": %d, "note": "%s"}\n' % (id_, b"x" * (id_ * 5)) for id_ in ids]


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@given(
    ids=st.lists(st.integers(5, 9), max_size=30),
    borders=st.lists(st.integers(0, 2000), max_size=6),
    ends=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_exactly_their_records_go_wherever_members_begin(
    *, pack: Pack, ids: list[int], borders: list[int], ends: bool
) -> None:
    lines = lines_of(ids)
    text = b"".join(lines) if ends else b"".join(lines).removesuffix(b"\n")
    edges = [0, *sorted(min(border, len(text)) for border in borders), len(text)]
    members = [pack(text[start:end]) for start, end in itertools.pairwise(edges)]

    result, unclear = purged(b"".join(members))

    kept = [line for line, id_ in zip(lines, ids, strict=True) if id_ != 7]
    expected = b"".join(kept)
    if not ends and ids and ids[-1] != 7:
        expected = expected.removesuffix(b"\n")
    assert (unpacked(result), unclear) == (expected, 0)
    assert purged(result) == (result, 0)
    at = 0
    for member, start, end in zip(members, edges, edges[1:], strict=False):
        theirs = [
            (sum(map(len, lines[:n])), sum(map(len, lines[: n + 1])))
            for n, id_ in enumerate(ids)
            if id_ == 7
        ]
        if not any(max(start, a) < min(end, b) for a, b in theirs):
            at = result.index(member, at) + len(member)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_a_member_that_loses_all_its_text_goes(pack: Pack) -> None:
    members = [pack(line) for line in lines_of([1, 7, 2])]

    assert purged(b"".join(members))[0] == members[0] + members[2]


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_an_object_that_loses_all_its_text_is_still_one_that_can_be_read(pack: Pack) -> None:
    result, _ = purged(pack(b'{"id": 7}\n'))

    assert result
    assert unpacked(result) == b""


def test_a_members_header_stays() -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile("events.ndjson", "wb", fileobj=buffer, mtime=1234567) as file:
        file.write(b"".join(lines_of([1, 7, 2])))
    content = buffer.getvalue()

    result, _ = purged(content)

    assert result[:10] == content[:10]
    assert result[10:].startswith(b"events.ndjson\0")


def test_a_frame_keeps_whether_it_has_a_checksum_and_a_size() -> None:
    for sized, checked in ((True, False), (False, True)):
        compressor = zstandard.ZstdCompressor(write_content_size=sized, write_checksum=checked)
        text = b"".join(lines_of([1, 7, 2]))
        packing = compressor.compressobj(size=len(text))
        result, _ = purged(packing.compress(text) + packing.flush())

        described = zstandard.get_frame_parameters(result)
        assert described.has_checksum is checked
        size = zstandard.frame_content_size(result)
        assert size == (len(b"".join(lines_of([1, 2]))) if sized else -1)


def test_what_describes_the_frames_goes_when_one_changes() -> None:
    frames = [zstandard.compress(line) for line in lines_of([1, 7, 2])]
    hint = b"\x50\x2a\x4d\x18\x04\0\0\0\x11\x11\x11\x11"
    note = b"\x5f\x2a\x4d\x18\x05\0\0\0notes"
    body = b"".join(len(frame).to_bytes(4, "little") + bytes(4) for frame in frames)
    body += b"\x03\0\0\0\0\xb1\xea\x92\x8f"
    table = b"\x5e\x2a\x4d\x18" + len(body).to_bytes(4, "little") + body

    result, _ = purged(note + frames[0] + hint + frames[1] + frames[2] + table)

    assert result == note + frames[0] + frames[2]
    untouched = note + frames[0] + hint + frames[2] + table
    assert purged(untouched) == (untouched, 0)


@pytest.mark.parametrize("pack", [gzipped, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-3],
        lambda content: content + b"garbage that follows",
        lambda content: content[: len(content) * 2 // 3],
    ],
)
def test_damage_is_reported_and_nothing_before_it_is_lost(
    pack: Pack, damage: Callable[[bytes], bytes]
) -> None:
    rng = random.Random(7)  # noqa: S311 - the same each time
    text = b"".join(
        b'{"id": %d, "x": "%s"}\n' % (n, rng.randbytes(40).hex().encode()) for n in range(9, 300)
    )
    content = pack(b'{"id": 7}\n{"id": 8}\n') + damage(pack(text))

    result, unclear = purged(content)

    assert unclear >= 1
    assert result.endswith(damage(pack(text)))
    assert unpacked(result[: -len(damage(pack(text)))]) == b'{"id": 8}\n'


def test_a_member_that_is_damaged_is_not_rewritten() -> None:
    content = gzipped(b'{"id": 7}\n{"id": 8}\n' * 1000)[:-4]
    theirs, unclear = record_formats.found(FORMAT, content, IDENTIFIERS, WANTED)
    assert theirs
    assert unclear

    with pytest.raises(ObjectUnreachable, match="compression_damaged"):
        list(FORMAT.segments(source=FakeObject(content), cuts=theirs))


def test_a_wrong_check_sum_is_damage() -> None:
    content = bytearray(gzipped(b'{"id": 8}\n'))
    content[-6] ^= 1

    assert purged(bytes(content))[1] == 1


def test_padding_with_zeros_is_none() -> None:
    content = gzipped(b'{"id": 8}\n') + bytes(100_000)

    assert purged(content) == (content, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"BZh91AY&SY\xab\xcd", "compression_unsupported"),
        (b"\xfd7zXZ\0\0\x04", "compression_unsupported"),
        (b"\x04\x22\x4d\x18\x60", "compression_unsupported"),
        (b"\xff\x06\0\0sNaPpY", "compression_unsupported"),
        (b"PK\x03\x04\x14\0", "compression_unsupported"),
        (b"PAR1\x15\x04\x15\x10", "another_format"),
        (b"ORC\x0a\x04\x01\x02\x03", "another_format"),
        (b"Obj\x01\x04\x14", "another_format"),
        (gzipped(gzipped(b"{}\n")), "compressed_twice"),
        (zstandard.compress(b"PAR1\x15\x04\x15\x10"), "another_format"),
    ],
)
def test_what_is_not_understood_is_unreachable_not_empty(content: bytes, reason: str) -> None:
    with pytest.raises(ObjectUnreachable, match=reason):
        list(FORMAT.scan(source=FakeObject(content), identifiers=IDENTIFIERS))


def test_plain_text_passes_through() -> None:
    content = b"".join(lines_of([1, 7, 2]))

    assert purged(content) == (b"".join(lines_of([1, 2])), 0)
    [keep] = FORMAT.segments(source=FakeObject(content), cuts=[])
    assert keep == Keep(0, len(content))


@pytest.mark.parametrize("pack", [gzipped, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_does_not_fill_the_memory(pack: Pack) -> None:
    text = b'{"id": 7}\n' + b'{"id": 8, "x": "%s"}\n' % (b"y" * 1000) * 100_000
    content = pack(text)
    assert len(content) * 100 < len(text)
    source = FakeObject(content)
    tracemalloc.start()

    batches = FORMAT.scan(source=source, identifiers=IDENTIFIERS)
    count = sum(len(batch.offsets) for batch in batches)
    size = 0
    for segment in FORMAT.segments(source=source, cuts=[Span(0, 10)]):
        assert not isinstance(segment, Keep)
        size += len(segment.content)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_001
    assert size < len(content) * 3
    assert peak < 16 << 20


def test_records_are_read_forwards_and_backwards() -> None:
    lines = lines_of(range(1, 9))
    content = gzipped(b"".join(lines[:4])) + gzipped(b"".join(lines[4:]))
    spans = [Span(sum(map(len, lines[:n])), len(lines[n])) for n in range(8)]

    for order in (spans, spans[::-1], spans[::2]):
        records = list(FORMAT.records(source=FakeObject(content), spans=order))
        assert [record.sample().encode() + b"\n" for record in records] == [
            lines[spans.index(span)] for span in order
        ]


def test_a_large_member_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed_units, "AHEAD", 1000)
    lines = lines_of([*range(5, 60)] * 3)

    result, unclear = purged(gzipped(b"".join(lines)))

    assert unclear == 0
    assert unpacked(result) == b"".join(line for line in lines if not line.startswith(b'{"id": 7,'))
