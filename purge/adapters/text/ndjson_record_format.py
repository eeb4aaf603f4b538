r"""Newline-delimited JSON: one record a line, found and cut by byte offset.

A record's span is its line with the line's own ending (`\n` or `\r\n`), without a byte order mark
at the head of the file. Lines of white space are not records. What cannot be read as JSON in
UTF-8 is a record that may hold anyone.
"""

import codecs
from collections.abc import Collection, Iterable, Iterator, Sequence

from purge.adapters.text.blocks import blocks
from purge.adapters.text.ndjson_scan import Scan, faithful
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Verdict, candidates, could_hold, verdict
from purge.domain.spans import Segment, Span, kept
from purge.ports import ReadableObject, Record, ScannedBatch

BOM = codecs.BOM_UTF8
LONGEST_SAMPLE = 4000


class NdjsonRecord:
    """Implements `purge.ports.Record`."""

    def __init__(self, span: Span, raw: bytes) -> None:
        self.span = span
        self.size = span.length
        self._raw = raw

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        try:
            return verdict(candidates(faithful(self._raw), identifiers=identifiers), wanted=wanted)
        except (ValueError, RecursionError):
            return Verdict.UNCLEAR if could_hold(self._raw, wanted=wanted) else Verdict.OTHER

    def sample(self) -> str:
        return self._raw[:LONGEST_SAMPLE].decode("utf-8", "replace").rstrip("\r\n")


class NdjsonRecordFormat:
    """Implements `purge.ports.RecordFormat`."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        scan = Scan.of(identifiers)
        with source.stream() as stream:
            for offset, block in blocks(stream, offset=0):
                if offset == 0 and block.startswith(BOM):
                    yield from scan.batches(len(BOM), block[len(BOM) :])
                else:
                    yield from scan.batches(offset, block)

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        for span in spans:
            yield NdjsonRecord(span, source.read(span))

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        return kept(size=source.size, cuts=cuts)
