"""Rows of a csv object with their places: by splitting where nothing is quoted, else by parsing.

A block of lines without a quotation mark has a record a line, and a column's value is found by
splitting there. Any other block goes through the parser, which is followed line by line. A
property test holds both together.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import BinaryIO

from purge.adapters.text.blocks import LONGEST_RECORD, blocks
from purge.adapters.text.csv_layout import Layout
from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.domain.matching import TooAmbiguousError, candidates_among
from purge.domain.spans import Span
from purge.ports import Candidate, Column, ObjectUnreachable, ScannedBatch, ScannedRecord

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
QUOTE = b'"'


@dataclass(frozen=True, slots=True)
class Simple:
    """An identifier in one column, of a type that splitting can tell."""

    index: int
    kind: IdentifierType
    name: str


class Rows:
    """The rows that follow a header, block by block."""

    def __init__(
        self, stream: BinaryIO, *, layout: Layout, identifiers: Sequence[Identifier]
    ) -> None:
        self._blocks = _of_whole_lines(blocks(stream, offset=layout.start))
        self._layout = layout
        self._identifiers = identifiers
        self._simple = _simple(layout, identifiers)
        self._delimiter = layout.delimiter.encode()
        self._lines: deque[bytes] = deque()
        self._position = layout.start
        self._is_utf8 = True

    def scanned(self) -> Iterator[ScannedBatch]:
        for offset, block in self._blocks:
            quick = self._quickly(offset, block) if self._simple else None
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
        """None where some line must be looked at more closely."""
        lines = self._rows(block)
        if lines is None:
            return None
        columns: list[Column] = []
        for one in self._simple:
            texts = self._texts_of(lines, one.index)
            if not _are_plain(texts, one.kind):
                return None
            columns.append(Column(one.kind, one.name, [text or None for text in texts]))
        lengths = list(map(len, lines))
        offsets = list(accumulate(lengths, initial=offset))
        offsets.pop()
        return ScannedBatch(offsets, lengths, columns)

    def _rows(self, block: bytes) -> Sequence[bytes] | None:
        """The lines, if each is a row with nothing quoted."""
        if QUOTE in block or not is_utf8(block):
            return None
        lines = _lines(block)
        if b"\r" in block and len(block.splitlines()) != len(lines):
            return None  # A carriage return alone: the parser ends a row there.
        counts = set(map(bytes.count, lines, repeat(self._delimiter)))
        return lines if counts == {self._layout.width - 1} else None

    def _texts_of(self, lines: Sequence[bytes], index: int) -> Sequence[str]:
        delimiter, last = self._delimiter, self._layout.width - 1
        if index == 0 < last:
            values = [line.partition(delimiter)[0] for line in lines]
        elif index == last:
            values = [line.rpartition(delimiter)[2].rstrip(b"\r\n") for line in lines]
        else:
            values = [line.split(delimiter, index + 1)[index] for line in lines]
        return b"\n".join(values).decode().split("\n")


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


def _simple(layout: Layout, identifiers: Sequence[Identifier]) -> Sequence[Simple]:
    """Empty unless splitting can find every identifier."""
    found: list[Simple] = []
    for one in identifiers:
        columns = layout.columns.get(one.path, ())
        if one.paths and (one.parts or one.type not in {STRING, INTEGER} or len(columns) > 1):
            return ()
        if any(not column.exact for column in columns):
            return ()
        found += [Simple(column.index, one.type, one.name) for column in columns]
    return found


def _lines(block: bytes) -> Sequence[bytes]:
    """Lines that end with a line feed; a carriage return alone ends none."""
    return io.BytesIO(block).readlines()


def _are_plain(texts: Sequence[str], kind: IdentifierType) -> bool:
    """Whether all are what they seem: without space around, and numbers in their one spelling."""
    if kind is not INTEGER:
        return list(map(str.strip, texts)) == texts
    digits = "".join(texts)
    if digits and not (digits.isascii() and digits.isdecimal()):
        return False
    return not texts[0].startswith("0") and "\n0" not in "\n".join(texts)
