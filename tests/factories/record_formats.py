"""What tests of record formats share: a purge done as the services do it."""

from collections.abc import Collection, Sequence

from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict
from purge.domain.spans import Keep, Segment, Span
from purge.ports import ReadableObject, RecordFormat, ScannedRecord
from tests.fakes.storage import FakeObject


def joined(content: bytes, segments: Sequence[Segment]) -> bytes:
    return b"".join(
        content[one.offset : one.offset + one.length] if isinstance(one, Keep) else one.content
        for one in segments
    )


def scanned(
    record_format: RecordFormat, source: ReadableObject, identifiers: Sequence[Identifier]
) -> list[ScannedRecord]:
    """Every record that holds a candidate or cannot be read."""
    batches = record_format.scan(source=source, identifiers=identifiers)
    return [record for batch in batches for record in batch.records()]


def found(
    record_format: RecordFormat,
    content: bytes,
    identifiers: Sequence[Identifier],
    wanted: Collection[Wanted],
) -> tuple[list[Span], int]:
    """Where their records are, and how many are unclear; looked for through the index's eyes."""
    source = FakeObject(content)
    asked = {(one.type, one.name, one.value) for one in wanted}
    spans = [
        record.span
        for record in scanned(record_format, source, identifiers)
        if record.candidates is None or not asked.isdisjoint(record.candidates)
    ]
    theirs, unclear = [], 0
    records = list(record_format.records(source=source, spans=spans))
    for span, record in zip(spans, records, strict=True):
        verdict = record.judge(identifiers=identifiers, wanted=wanted)
        assert record.span == span
        assert isinstance(record.sample(), str)
        if verdict is Verdict.THEIRS:
            theirs.append(span)
        unclear += verdict is Verdict.UNCLEAR
    return theirs, unclear


def purged(
    record_format: RecordFormat,
    content: bytes,
    identifiers: Sequence[Identifier],
    wanted: Collection[Wanted],
) -> tuple[bytes, int]:
    """What an erasure does to the bytes, and how many records it could not decide on."""
    cuts, unclear = found(record_format, content, identifiers, wanted)
    if not cuts:
        return content, unclear
    segments = list(record_format.segments(source=FakeObject(content), cuts=cuts))
    return joined(content, segments), unclear
