"""Reading ndjson for its identifiers: quickly where that cannot miss anything, faithfully else.

A line is read by a decoder that skips what is not asked for, keeps one of several equal keys and
knows keys in one spelling. Counting how often each key stands in a block of lines, in any case,
shows whether a line holds a key twice, deeper, or spelled otherwise; then smaller blocks are tried,
and in the end each line by itself, and what is doubtful there by a decoder that loses nothing.
A property test holds all ways together.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple

import msgspec

from purge.adapters.text.ascii_case import lowered
from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.domain.matching import Pairs, candidates
from purge.domain.spans import Span
from purge.ports import Candidate, Column, ScannedBatch, ScannedRecord

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
NOTHING = object()
PIECES = 16
"""A block in which some line is doubtful is tried again in so many pieces."""
FEW = 32

FOLDS_TO_ASCII = ("\u017f", "\u212a", "\xdf", "\u1e9e", *map(chr, range(0xFB00, 0xFB07)))
"""Letters outside ASCII that a comparison without case takes for letters of ASCII."""

# The escapes of ASCII and of the letters above: all that can disguise a plain key.
DISGUISING = re.compile(rb"\\u(?:00[0-7]|00[dD][fF]|017[fF]|212[aA]|1[eE]9[eE]|[fF][bB]0)")
PLAIN_KEY = re.compile(r"[ !#-.0-\[\]-~]+")
"""ASCII that has no escapes in JSON but those with a number."""

# Control characters inside strings are tolerated: the readers of the lake tolerate them too, and
# a record we can read is one we can erase.
_faithful = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)


class Simple(NamedTuple):
    """An identifier that is a key of the record, of a type that JSON has."""

    quoted: bytes
    type: type
    kind: IdentifierType
    name: str

    @classmethod
    def of(cls, one: Identifier) -> "Simple":
        return cls(
            quoted=f'"{one.path[0].lower()}"'.encode(),
            type=int if one.type is INTEGER else str,
            kind=one.type,
            name=one.name,
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """What is looked for. `simple` are the identifiers if all are simple ones of different keys.

    `decode_lines` reads whole lines; of each, `values` get the values of the simple identifiers.
    """

    identifiers: Sequence[Identifier]
    quoted: Sequence[tuple[str, str]]
    simple: Sequence[Simple]
    disguises: Sequence[bytes]
    decode_lines: Callable[[bytes], Sequence[object]]
    values: Sequence[Callable[[object], object]]

    @classmethod
    def of(cls, identifiers: Sequence[Identifier]) -> "Scan":
        looked_for = [one for one in identifiers if one.paths]
        parts = sorted({part for one in looked_for for path in one.paths for part in path})
        plain = [one for one in looked_for if _is_plain_key(one)]
        simple = plain if len(plain) == len(looked_for) == len(parts) else []
        fields = {f"field_{number}": one.path[0] for number, one in enumerate(simple)}
        return cls(
            identifiers=looked_for,
            quoted=[(f'"{part}"', f'"{part.casefold()}"') for part in parts],
            simple=[Simple.of(one) for one in simple],
            disguises=[
                letter.encode()
                for letter in FOLDS_TO_ASCII
                if any(letter.casefold() in part.casefold() for part in parts)
            ],
            decode_lines=_decoder(fields),
            values=[attrgetter(field) for field in fields],
        )

    def batches(self, offset: int, block: bytes) -> Iterator[ScannedBatch]:
        """The records of whole lines that begin at `offset`; only the last may have no end."""
        lines = io.BytesIO(block).readlines()
        quick = self._quickly(offset, block, lines) if self.simple else None
        if quick is not None:
            yield quick
        elif self.simple and len(lines) > FEW:
            size = max(FEW, -(-len(lines) // PIECES))
            for first in range(0, len(lines), size):
                some = lines[first : first + size]
                piece = b"".join(some)
                yield self._quickly(offset, piece, some) or self._line_by_line(offset, some)
                offset += len(piece)
        else:
            yield self._line_by_line(offset, lines)

    def _quickly(self, offset: int, block: bytes, lines: Sequence[bytes]) -> ScannedBatch | None:
        """None where some line must be looked at more closely."""
        records = None if self._is_disguised(block) else self._records(block)
        if records is None or len(records) != len(lines):
            return None  # Not a record a line.
        folded = lowered(block)
        columns: list[Column] = []
        for simple, value in zip(self.simple, self.values, strict=True):
            column = _column(simple, list(map(value, records)), folded)
            if column is None:
                return None
            columns.append(column)
        lengths = list(map(len, lines))
        offsets = list(accumulate(lengths, initial=offset))
        offsets.pop()
        return ScannedBatch(offsets, lengths, columns)

    def _records(self, block: bytes) -> Sequence[object] | None:
        """None where a line cannot be read, or is no object."""
        try:
            return self.decode_lines(block)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _is_disguised(self, block: bytes) -> bool:
        """Whether a key may stand there in other letters, or the block is no text."""
        if b"\\" in block and DISGUISING.search(block):
            return True
        if block.isascii():
            return False
        try:
            block.decode()
        except UnicodeDecodeError:
            return True
        return any(one in block for one in self.disguises)

    def _line_by_line(self, offset: int, lines: Sequence[bytes]) -> ScannedBatch:
        found: list[ScannedRecord] = []
        for line in lines:
            span = Span(offset, len(line))
            offset = span.end
            scanned = self._line(span, line)
            if scanned is not None:
                found.append(scanned)
        return ScannedBatch.of(found)

    def _line(self, span: Span, line: bytes) -> ScannedRecord | None:
        if line.isspace():
            return None
        try:
            text = line.decode()
            found = _plainly(line, self.identifiers) if _is_simple(text, self.quoted) else None
            if found is None:
                found = _faithfully(_faithful.decode(text), self.identifiers)
        except (ValueError, RecursionError):
            return ScannedRecord(span, None)
        return ScannedRecord(span, found) if found else None


def faithful(raw: bytes) -> object:
    """The record with every member. Raises ValueError or RecursionError where it is unreadable."""
    return _faithful.decode(raw.decode())


def _is_plain_key(one: Identifier) -> bool:
    return (
        len(one.path) == 1
        and one.type in {STRING, INTEGER}
        and PLAIN_KEY.fullmatch(one.path[0]) is not None
    )


def _decoder(fields: Mapping[str, str]) -> Callable[[bytes], Sequence[object]]:
    """Of lines, into objects with these fields, each with the value of its key or NOTHING."""
    line = msgspec.defstruct(
        "Line", [(field, Any, NOTHING) for field in fields], rename=fields, gc=False
    )
    return msgspec.json.Decoder(line).decode_lines


def _column(simple: Simple, values: Sequence[object], folded: bytes) -> Column | None:
    """The values as text; None where one may be elsewhere in its record, or of another type."""
    types = set(map(type, values))
    missing = values.count(NOTHING) if object in types else 0
    if folded.count(simple.quoted) != len(values) - missing:
        return None
    if not types <= {simple.type, NoneType, object}:
        return None
    texts: Sequence[str | None]
    if types == {int}:
        texts = _texts_of_numbers(values)
    elif types == {str}:
        texts = list(map(str, values))
    else:
        texts = [None if one is None or one is NOTHING else str(one) for one in values]
    return Column(simple.kind, simple.name, texts)


def _texts_of_numbers(values: Sequence[object]) -> Sequence[str]:
    """As `str` of each, in a third of the time."""
    try:
        return msgspec.json.encode(values)[1:-1].decode().split(",")
    except OverflowError:  # It writes numbers of at most 64 bits.
        return list(map(str, values))


def _is_simple(text: str, keys: Sequence[tuple[str, str]]) -> bool:
    """Whether the fast decoder cannot differ from the faithful one.

    They differ where a key occurs twice, in another case or with escapes. Where the text has no
    backslash, and each key at most once and then as it should be, none of that is possible.
    """
    if "\\" in text:
        return False
    folded_text = text.casefold()
    for key, folded in keys:
        count = folded_text.count(folded)
        if count > 1 or (count and key not in text):
            return False
    return True


def _plainly(line: bytes, identifiers: Sequence[Identifier]) -> list[Candidate] | None:
    """What `_faithfully` would find, for the common shape: values of the right type in place."""
    found: list[Candidate] = []
    try:
        record = msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    for identifier in identifiers:
        value = record
        for part in identifier.path:
            if type(value) is not dict:
                return None
            value = value.get(part)
        kind = identifier.type
        if value is None:
            continue
        if (type(value) is int and kind is INTEGER) or (type(value) is str and kind is STRING):
            found.append((kind, identifier.name, str(value)))
        else:
            return None
    return found


def _faithfully(record: object, identifiers: Sequence[Identifier]) -> list[Candidate]:
    return [(one.type, one.name, one.value) for one in candidates(record, identifiers=identifiers)]
