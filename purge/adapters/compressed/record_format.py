"""Records in text that may be compressed: told by its first bytes, not by the object's name."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from purge.adapters.compressed.gzip_members import MAGIC as GZIP, Gzip
from purge.adapters.compressed.text import Text, spliced
from purge.adapters.compressed.units import Compression
from purge.adapters.compressed.zstd_frames import (
    MAGIC as ZSTD,
    SKIPPABLE_HEADER,
    Zstd,
    is_skippable,
)
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.domain.spans import Segment, Span
from purge.ports import (
    ObjectUnreachable,
    ReadableObject,
    Record,
    RecordFormat,
    ScannedBatch,
    ScannedRecord,
)

LONGEST_MAGIC = 10
UNSUPPORTED = {
    b"BZh91AY&SY": "compression_unsupported",
    b"\xfd7zXZ\0": "compression_unsupported",
    b"\x04\x22\x4d\x18": "compression_unsupported",  # LZ4 frame
    b"\xff\x06\x00\x00sNaPpY": "compression_unsupported",
    b"PK\x03\x04": "compression_unsupported",
    b"7z\xbc\xaf\x27\x1c": "compression_unsupported",
    b"Obj\x01": "another_format",  # Avro
}
COLUMNAR = (b"PAR1", b"ORC")
"""A text may begin so too, but not go on with what no text holds."""
TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n")


class CompressedRecordFormat:
    """Implements `purge.ports.RecordFormat` around one whose spans are bytes of text."""

    def __init__(self, inner: RecordFormat) -> None:
        self._inner = inner

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        text = _text(source)
        if text is None:
            yield from self._inner.scan(source=source, identifiers=identifiers)
            return
        yield from self._inner.scan(source=text, identifiers=identifiers)
        if text.damaged_at is not None:
            yield ScannedBatch.of([ScannedRecord(Span(text.damaged_at, 1), None)])

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        text = _text(source)
        if text is None:
            yield from self._inner.records(source=source, spans=spans)
            return
        for record in self._inner.records(source=text, spans=spans):
            if text.damaged_at is not None and record.span.end > text.damaged_at:
                yield DamagedRecord(record.span)
            else:
                yield record

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        compression = compression_of(source)
        if compression is None:
            return self._inner.segments(source=source, cuts=cuts)
        return spliced(source=source, compression=compression, cuts=cuts)


class DamagedRecord:
    """Implements `purge.ports.Record`: what cannot be decompressed, and may be anybody's."""

    size = 0

    def __init__(self, span: Span) -> None:
        self.span = span

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        return Verdict.UNCLEAR

    def sample(self) -> str:
        return "(compressed text that is damaged or cut off from here on)"


def compression_of(source: ReadableObject) -> Compression | None:
    """None for what is not compressed in a way that is understood."""
    head = source.read(Span(0, min(LONGEST_MAGIC, source.size)))
    if head.startswith(GZIP):
        return Gzip()
    if head.startswith(ZSTD) or (len(head) >= SKIPPABLE_HEADER and is_skippable(head)):
        return Zstd()
    return None


def _text(source: ReadableObject) -> Text | None:
    """The text of a compressed object, None for plain text. Raises ObjectUnreachable for others."""
    compression = compression_of(source)
    if compression is None:
        _check_plain(source.read(Span(0, min(LONGEST_MAGIC, source.size))))
        return None
    text = Text(source, compression)
    head = text.read(Span(0, LONGEST_MAGIC))
    if head.startswith((GZIP, ZSTD)):
        raise ObjectUnreachable(reason="compressed_twice")
    _check_plain(head)
    return text


def _check_plain(head: bytes) -> None:
    for magic, reason in UNSUPPORTED.items():
        if head.startswith(magic):
            raise ObjectUnreachable(reason=reason)
    if head.startswith(COLUMNAR) and not TEXT.issuperset(head):
        raise ObjectUnreachable(reason="another_format")
