"""Reading ndjson for its identifiers: quickly where that cannot miss anything, faithfully else.

A block of lines is read by orjson, which keeps one of several equal keys and knows keys in one
spelling. Counting how often each key stands in the block, in any case, shows whether a line holds
a key twice, deeper, or spelled otherwise; then every line of the block is read by itself, and what
is doubtful there by a decoder that loses nothing. A property test holds all ways together.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import orjson

from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.domain.matching import Pairs, candidates
from purge.domain.spans import Span
from purge.ports import ScannedRecord

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
Triple = tuple[str, str, str]
NOTHING = object()

_make = tuple.__new__  # Twice as fast as calling a NamedTuple by its own name.

FOLDS_TO_ASCII = ("\u017f", "\u212a", "\xdf", "\u1e9e", *map(chr, range(0xFB00, 0xFB07)))
"""Letters outside ASCII that a comparison without case takes for letters of ASCII."""

# Control characters inside strings are tolerated: the readers of the lake tolerate them too, and
# a record we can read is one we can erase.
_faithful = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)


class Simple(NamedTuple):
    """An identifier that is a key of the record, of a type that JSON has."""

    key: str
    quoted: bytes
    types: frozenset[type]
    kind: IdentifierType
    name: str

    @classmethod
    def of(cls, one: Identifier) -> "Simple":
        wanted = int if one.type is INTEGER else str
        return cls(
            key=one.path[0],
            quoted=f'"{one.path[0].lower()}"'.encode(),
            types=frozenset({wanted, type(None), type(NOTHING)}),
            kind=one.type,
            name=one.name,
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """What is looked for. `simple` are the identifiers if all are simple ones of different keys."""

    identifiers: Sequence[Identifier]
    quoted: Sequence[tuple[str, str]]
    simple: Sequence[Simple]
    disguises: Sequence[bytes]

    @classmethod
    def of(cls, identifiers: Sequence[Identifier]) -> "Scan":
        looked_for = [one for one in identifiers if one.paths]
        parts = sorted({part for one in looked_for for path in one.paths for part in path})
        simple = [
            Simple.of(one)
            for one in looked_for
            if len(one.path) == 1 and one.type in {STRING, INTEGER} and one.path[0].isascii()
        ]
        return cls(
            identifiers=looked_for,
            quoted=[(f'"{part}"', f'"{part.casefold()}"') for part in parts],
            simple=simple if len(simple) == len(looked_for) == len(parts) else (),
            disguises=[
                letter.encode()
                for letter in FOLDS_TO_ASCII
                if any(letter.casefold() in part.casefold() for part in parts)
            ],
        )

    def block(self, offset: int, block: bytes) -> Sequence[ScannedRecord]:
        """The records of whole lines that begin at `offset`; only the last may have no end."""
        whole = block.rfind(b"\n") + 1
        found = self._lines(offset, block[:whole]) if whole else []
        if whole < len(block):
            last = self._line(Span(offset + whole, len(block) - whole), block[whole:])
            found += [last] if last is not None else []
        return found

    def _lines(self, offset: int, block: bytes) -> list[ScannedRecord]:
        lines = block.split(b"\n")
        lines.pop()
        if (
            self.simple
            and b"\\" not in block
            and (block.isascii() or not self._is_disguised(block))
        ):
            found = self._quickly(offset, block, lines)
            if found is not None:
                return found
        return self._line_by_line(offset, lines)

    def _is_disguised(self, block: bytes) -> bool:
        return not block.isascii() and any(one in block for one in self.disguises)

    def _quickly(
        self, offset: int, block: bytes, lines: Sequence[bytes]
    ) -> list[ScannedRecord] | None:
        """None where some line must be looked at more closely."""
        try:
            columns = self._columns(lines)
        except (ValueError, AttributeError):
            return None  # A line cannot be read, or is no object.
        folded = block.lower()
        for column, simple in zip(columns, self.simple, strict=True):
            if folded.count(simple.quoted) != len(column) - column.count(NOTHING):
                return None
            if not simple.types.issuperset(map(type, column)):
                return None
        return self._found(offset, lines, columns)

    def _found(
        self, offset: int, lines: Sequence[bytes], columns: Sequence[Sequence[object]]
    ) -> list[ScannedRecord]:
        lengths = [len(line) + 1 for line in lines]
        places = zip(accumulate(lengths, initial=offset), lengths, strict=False)
        if len(columns) == 1:
            kind, name = self.simple[0].kind, self.simple[0].name
            return [
                _make(ScannedRecord, (_make(Span, place), ((kind, name, str(value)),)))
                for place, value in zip(places, columns[0], strict=True)
                if value is not None and value is not NOTHING
            ]
        return [
            _make(ScannedRecord, (_make(Span, place), found))
            for place, row in zip(places, zip(*columns, strict=True), strict=True)
            if (found := self._triples(row))
        ]

    def _columns(self, lines: Sequence[bytes]) -> Sequence[Sequence[object]]:
        """The values of each simple identifier, by line."""
        if len(self.simple) == 1:
            # Each record is let go before the next one is read, which is what makes this fast.
            key = self.simple[0].key
            return [[record.get(key, NOTHING) for record in map(orjson.loads, lines)]]
        keys = [one.key for one in self.simple]
        rows = [[record.get(key, NOTHING) for key in keys] for record in map(orjson.loads, lines)]
        return list(zip(*rows, strict=True))

    def _triples(self, row: Sequence[object]) -> Sequence[Triple]:
        return [
            (one.kind, one.name, str(value))
            for one, value in zip(self.simple, row, strict=True)
            if value is not None and value is not NOTHING
        ]

    def _line_by_line(self, offset: int, lines: Sequence[bytes]) -> list[ScannedRecord]:
        found: list[ScannedRecord] = []
        for line in lines:
            span = Span(offset, len(line) + 1)
            offset = span.end
            scanned = self._line(span, line)
            if scanned is not None:
                found.append(scanned)
        return found

    def _line(self, span: Span, line: bytes) -> ScannedRecord | None:
        if not line or line.isspace():
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


def _plainly(line: bytes, identifiers: Sequence[Identifier]) -> list[Triple] | None:
    """What `_faithfully` would find, for the common shape: values of the right type in place."""
    found: list[Triple] = []
    try:
        record = orjson.loads(line)
    except ValueError:
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


def _faithfully(record: object, identifiers: Sequence[Identifier]) -> list[Triple]:
    return [(one.type, one.name, one.value) for one in candidates(record, identifiers=identifiers)]
