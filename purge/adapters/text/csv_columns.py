"""Many rows of csv at once: by splitting where nothing is quoted, else by parsing them together."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise, repeat

from purge.adapters.text.columns import DoubtfulError, Path, Texts, column, leaves, text
from purge.adapters.text.csv_layout import Layout
from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.ports import ScannedBatch

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
QUOTE = b'"'

Rows = tuple[Sequence[int], Mapping[int, Sequence[str]]]
"""How many bytes each row takes, and the fields of each column that is looked at."""


class Columns:
    """The columns in which identifiers lie, one for each."""

    def __init__(self, layout: Layout, identifiers: Sequence[Identifier]) -> None:
        """Raises DoubtfulError where several columns have the name of one."""
        self._identifiers = [one for one in identifiers if one.paths]
        self._kinds = leaves(self._identifiers)
        self._places = {path: _place(layout, path) for path in self._kinds if layout.columns[path]}
        self._delimiter = layout.delimiter
        self._width = layout.width

    def batch(self, offset: int, lines: Sequence[bytes], *, block: bytes) -> ScannedBatch:
        """The rows of these lines; `block` is their text, in UTF-8.

        Raises DoubtfulError where a line is no row, or the last goes on in what follows.
        """
        if QUOTE in block:
            lengths, fields = self._parsed(lines, block)
        else:
            lengths, fields = self._split(lines, block)
        texts: dict[Path, Texts] = {
            path: _texts(kind, fields[self._places[path]])
            if path in self._places
            else [None] * len(lengths)
            for path, kind in self._kinds.items()
        }
        offsets = list(accumulate(lengths, initial=offset))
        offsets.pop()
        return ScannedBatch(offsets, lengths, [column(one, texts) for one in self._identifiers])

    def _split(self, lines: Sequence[bytes], block: bytes) -> Rows:
        delimiter, last = self._delimiter.encode(), self._width - 1
        if b"\r" in block and len(block.splitlines()) != len(lines):
            raise DoubtfulError  # A carriage return alone: the parser ends a row there.
        if set(map(bytes.count, lines, repeat(delimiter))) != {last}:
            raise DoubtfulError
        return list(map(len, lines)), {
            place: _fields(lines, delimiter, place, last) for place in self._places.values()
        }

    def _parsed(self, lines: Sequence[bytes], block: bytes) -> Rows:
        reader = csv.reader(
            io.StringIO(block.decode(), newline="\n"), delimiter=self._delimiter, strict=True
        )
        rows, ends = [], [0]
        try:
            for row in reader:
                rows.append(row)
                ends.append(reader.line_num)
        except csv.Error as error:
            raise DoubtfulError from error
        if set(map(len, rows)) != {self._width}:
            raise DoubtfulError
        sizes = list(accumulate(map(len, lines), initial=0))
        lengths = [sizes[end] - sizes[start] for start, end in pairwise(ends)]
        return lengths, {place: [row[place] for row in rows] for place in self._places.values()}


def _place(layout: Layout, path: Path) -> int:
    first, *more = layout.columns[path]
    if more:
        raise DoubtfulError
    return first.index


def _fields(lines: Sequence[bytes], delimiter: bytes, place: int, last: int) -> Sequence[str]:
    if place == 0 < last:
        fields = [line.partition(delimiter)[0] for line in lines]
    elif place == last:
        fields = [line.rpartition(delimiter)[2].rstrip(b"\r\n") for line in lines]
    else:
        fields = [line.split(delimiter, place + 1)[place] for line in lines]
    return b"\n".join(fields).decode().split("\n")


def _texts(kind: IdentifierType, fields: Sequence[str]) -> Texts:
    """What `canonical` makes of them."""
    if kind is STRING:
        if list(map(str.strip, fields)) != fields:
            raise DoubtfulError  # With the space and without it are two candidates.
        return [one or None for one in fields]
    if kind is INTEGER and _are_whole_numbers(fields):
        return fields
    return [text(kind, one or None) for one in fields]


def _are_whole_numbers(fields: Sequence[str]) -> bool:
    """Whether all are numbers without a sign, in their one spelling."""
    digits = "".join(fields)
    if "" in fields or not (digits.isascii() and digits.isdecimal()):
        return False
    return not fields[0].startswith("0") and "\n0" not in "\n".join(fields)
