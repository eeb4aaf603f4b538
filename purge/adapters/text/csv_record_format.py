"""csv with a header: one record a row, found and cut by byte offset.

A record's span is its row with the row's own ending, over as many lines as its quoted fields take.
The header is no record, nor are blank lines. A row that is not UTF-8, breaks the rules of quoting
or has another number of fields than the header is a record that may hold anyone.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from purge.adapters.text import csv_layout
from purge.adapters.text.csv_layout import Layout
from purge.adapters.text.csv_rows import Rows
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import (
    TooAmbiguousError,
    Verdict,
    candidates_among,
    could_hold,
    verdict,
)
from purge.domain.spans import Segment, Span, kept
from purge.ports import ReadableObject, Record, ScannedBatch

LONGEST_SAMPLE = 4000


class CsvRecord:
    """Implements `purge.ports.Record`."""

    def __init__(self, span: Span, raw: bytes, header: "Header") -> None:
        self.span = span
        self.size = span.length
        self._raw = raw
        self._header = header

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        layout = self._header.layout(tuple(identifiers))
        row = _row(self._raw, layout) if layout else None
        if layout is not None and row is not None:
            found = candidates_among(partial(layout.values, row), identifiers=identifiers)
            with suppress(TooAmbiguousError):
                return verdict(found, wanted=wanted)
        return Verdict.UNCLEAR if could_hold(self._raw, wanted=wanted) else Verdict.OTHER

    def sample(self) -> str:
        return self._raw[:LONGEST_SAMPLE].decode("utf-8", "replace").rstrip("\r\n")


class Header:
    """An object's first line, understood once for all records."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._layouts: dict[tuple[Identifier, ...], Layout | None] = {}

    def layout(self, identifiers: tuple[Identifier, ...]) -> Layout | None:
        if identifiers not in self._layouts:
            found = csv_layout.layout_of(self._head, identifiers=identifiers)
            self._layouts[identifiers] = found
        return self._layouts[identifiers]


class CsvRecordFormat:
    """Implements `purge.ports.RecordFormat`."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedBatch]:
        with source.stream() as stream:
            head = csv_layout.head_of(stream)
            layout = csv_layout.layout_of(head, identifiers=identifiers)
            if layout is not None:
                yield from Rows(stream, layout=layout, identifiers=identifiers).scanned()

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        with source.stream() as stream:
            header = Header(csv_layout.head_of(stream))
        for span in spans:
            yield CsvRecord(span, source.read(span), header)

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        return kept(size=source.size, cuts=cuts)


def _row(raw: bytes, layout: Layout) -> Sequence[str] | None:
    """The fields of a record; None where it is not exactly one good row."""
    try:
        rows = list(csv_layout.rows_of(raw.decode(), delimiter=layout.delimiter))
    except (csv.Error, UnicodeDecodeError):
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == layout.width else None
