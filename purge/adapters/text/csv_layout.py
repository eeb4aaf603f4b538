"""A csv object's first line: which delimiter, and in which columns identifiers lie.

RFC 4180, with a header and in UTF-8. A header that names none of the dataset's columns may be a
record of a file without header: such an object is not read at all.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from purge.adapters.text.blocks import LONGEST_RECORD
from purge.adapters.text.columns import Path
from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.ports import ObjectUnreachable

# A quoted field may be as long as a record. The setting is the process's: nobody else reads csv.
csv.field_size_limit(LONGEST_RECORD)

BOM = codecs.BOM_UTF8
LONGEST_HEADER = 1 << 20
DELIMITERS = (",", "\t", ";", "|")
WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,4000}")


@dataclass(frozen=True, slots=True)
class Column:
    """Where an identifier may lie. `exact`: the header spells it as the dataset does."""

    index: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """`start` is where the first record begins."""

    delimiter: str
    width: int
    columns: Mapping[Path, Sequence[Column]]
    start: int

    def values(
        self, row: Sequence[str], path: Path, kind: IdentifierType
    ) -> Iterator[tuple[object, bool]]:
        """What of a row could be meant by a path. In csv a number is text in its one spelling."""
        for column in self.columns[path]:
            value = row[column.index]
            stripped = value.strip()
            if kind is IdentifierType.INTEGER and WHOLE_NUMBER.fullmatch(value):
                yield int(value), column.exact
            else:
                yield value or None, column.exact
                if stripped != value:
                    yield stripped or None, False


def head_of(stream: BinaryIO) -> bytes:
    """The first record with its ending, and what stands before it."""
    raw = stream.readline(LONGEST_HEADER)
    while raw.count(b'"') % 2 and len(raw) < LONGEST_HEADER and (more := stream.readline()):
        raw += more
    return raw


def layout_of(head: bytes, *, identifiers: Sequence[Identifier]) -> Layout | None:
    """The layout that a first line tells; None where nothing stands there.

    Raises ObjectUnreachable where it cannot be read, or names none of the columns.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
        raise ObjectUnreachable(reason="not_utf8")
    names = head.removeprefix(BOM)
    if not names.strip():
        return None
    try:
        text = names.decode()
    except UnicodeDecodeError as error:
        raise ObjectUnreachable(reason="not_utf8") from error
    paths = {path for identifier in identifiers for path in identifier.paths}
    layouts = [_layout(text, one, paths=paths, start=len(head)) for one in DELIMITERS]
    best = max(layouts, key=_known)
    if best.width == 0:
        raise ObjectUnreachable(reason="header_unreadable")
    if paths and not any(best.columns.values()):
        raise ObjectUnreachable(reason="header_without_identifiers")
    return best


def rows_of(text: str, *, delimiter: str) -> Iterator[list[str]]:
    """The rows of a text. Raises csv.Error."""
    lines = io.StringIO(text, newline="\n")
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _layout(text: str, delimiter: str, *, paths: set[Path], start: int) -> Layout:
    try:
        names = next(rows_of(text, delimiter=delimiter), [])
    except csv.Error:
        names = []
    columns = {path: _columns(names, ".".join(path)) for path in paths}
    return Layout(delimiter=delimiter, width=len(names), columns=columns, start=start)


def _columns(names: Sequence[str], wanted: str) -> Sequence[Column]:
    folded = wanted.strip().casefold()
    return [
        Column(index, exact=name == wanted)
        for index, name in enumerate(names)
        if name.strip().casefold() == folded
    ]


def _known(layout: Layout) -> tuple[int, bool]:
    return sum(bool(found) for found in layout.columns.values()), layout.width > 0
