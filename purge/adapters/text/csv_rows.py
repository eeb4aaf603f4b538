"""Rows of a csv object with their places: many at once, or one by one where some are doubtful.

One by one the parser is followed line by line. A property test holds both ways together.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from purge.adapters.text.blocks import LONGEST_RECORD, blocks
from purge.adapters.text.columns import DoubtfulError
from purge.adapters.text.csv_columns import Columns
from purge.adapters.text.csv_layout import Layout
from purge.domain.identifiers import Identifier
from purge.domain.matching import TooAmbiguousError, candidates_among
from purge.domain.spans import Span
from purge.ports import Candidate, ObjectUnreachable, ScannedBatch, ScannedRecord


class Rows:
    """The rows that follow a header, block by block."""

    def __init__(
        self, stream: BinaryIO, *, layout: Layout, identifiers: Sequence[Identifier]
    ) -> None:
        self._blocks = _of_whole_lines(blocks(stream, offset=layout.start))
        self._layout = layout
        self._identifiers = identifiers
        self._columns = _columns(layout, identifiers)
        self._lines: deque[bytes] = deque()
        self._position = layout.start
        self._is_utf8 = True

    def scanned(self) -> Iterator[ScannedBatch]:
        for offset, block in self._blocks:
            quick = self._quickly(offset, block)
            if quick is not None:
                yield quick
                continue
            self._position = offset
            self._lines.extend(_lines(block))
            yield ScannedBatch.of(self._parsed())

    def _parsed(self) -> Iterator[ScannedRecord]:
        """The records that begin in the lines at hand. The last may go on in further blocks."""
        reader = csv.reader(self._texts(), delimiter=self._layout.delimiter, strict=True)
        while self._lines:
            start, self._is_utf8 = self._position, True
            is_blank = self._lines[0].isspace()
            try:
                row: list[str] | None = next(reader, None)
            except csv.Error as error:
                if "field limit" in str(error):
                    raise ObjectUnreachable(reason="record_too_long") from error
                row = None
            if not is_blank:
                yield from self._record(Span(start, self._position - start), row)

    def _texts(self) -> Iterator[str]:
        while True:
            if not self._lines:
                _, block = next(self._blocks, (0, b""))
                self._lines.extend(_lines(block))
            if not self._lines:
                return
            line = self._lines.popleft()
            self._position += len(line)
            self._is_utf8 = self._is_utf8 and is_utf8(line)
            yield line.decode("utf-8", "surrogateescape")

    def _record(self, span: Span, row: Sequence[str] | None) -> Iterator[ScannedRecord]:
        if row is None or not self._is_utf8 or len(row) != self._layout.width:
            yield ScannedRecord(span, None)
        else:
            found = triples(row, self._layout, self._identifiers)
            if found is None or found:
                yield ScannedRecord(span, found)

    def _quickly(self, offset: int, block: bytes) -> ScannedBatch | None:
        """None where some row must be looked at more closely."""
        if self._columns is None or not is_utf8(block):
            return None
        try:
            return self._columns.batch(offset, _lines(block), block=block)
        except DoubtfulError:
            return None


def triples(
    row: Sequence[str], layout: Layout, identifiers: Sequence[Identifier]
) -> Sequence[Candidate] | None:
    """Every candidate in the row, as the index knows them. None: too many to tell."""
    found = candidates_among(
        lambda path, kind: layout.values(row, path, kind), identifiers=identifiers
    )
    try:
        return [(one.type, one.name, one.value) for one in found]
    except TooAmbiguousError:
        return None


def _of_whole_lines(found: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """A part of a row may look like a row, and the rest of it would stay."""
    for offset, block in found:
        if len(block) >= LONGEST_RECORD and not block.endswith(b"\n"):
            raise ObjectUnreachable(reason="record_too_long")
        yield offset, block


def is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _columns(layout: Layout, identifiers: Sequence[Identifier]) -> Columns | None:
    try:
        return Columns(layout, identifiers)
    except DoubtfulError:
        return None


def _lines(block: bytes) -> Sequence[bytes]:
    """Lines that end with a line feed; a carriage return alone ends none."""
    return io.BytesIO(block).readlines()
