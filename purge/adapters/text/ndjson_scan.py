"""Reading ndjson for its identifiers: quickly where that cannot miss anything, faithfully else.

A block of lines is read at once. Where a line in it is doubtful smaller blocks are tried, in the
end each line by itself, and what is doubtful there is read by a decoder that loses nothing.
A property test holds all ways together.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from purge.adapters.text.columns import DoubtfulError, column, leaves
from purge.adapters.text.ndjson_levels import Level
from purge.domain.canonical import IdentifierType
from purge.domain.identifiers import Identifier
from purge.domain.matching import Pairs, candidates
from purge.domain.spans import Span
from purge.ports import Candidate, ScannedBatch, ScannedRecord

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
PIECES = 16
"""A block in which some line is doubtful is tried again in so many pieces."""
FEW = 32

FOLDS_TO_ASCII = ("\u017f", "\u212a", "\xdf", "\u1e9e", *map(chr, range(0xFB00, 0xFB07)))
"""Letters outside ASCII that a comparison without case takes for letters of ASCII."""

PLAIN_KEY = re.compile(r"[ !#-.0-\[\]-~]+")
"""ASCII that has no escapes in JSON but those with a number."""

# Control characters inside strings are tolerated: the readers of the lake tolerate them too, and
# a record we can read is one we can erase.
_faithful = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)


@dataclass(frozen=True, slots=True)
class Scan:
    """What is looked for; at many lines at once if there is a `level` to look at.

    `disguises` are letters that could stand for those of a key, `escapes` how those are escaped.
    """

    identifiers: Sequence[Identifier]
    quoted: Sequence[tuple[str, str]]
    disguises: Sequence[bytes]
    escapes: re.Pattern[bytes]
    level: Level | None

    @classmethod
    def of(cls, identifiers: Sequence[Identifier]) -> "Scan":
        looked_for = [one for one in identifiers if one.paths]
        parts = sorted({part for one in looked_for for path in one.paths for part in path})
        disguises = [
            letter
            for letter in FOLDS_TO_ASCII
            if any(letter.casefold() in part.casefold() for part in parts)
        ]
        return cls(
            identifiers=looked_for,
            quoted=[(f'"{part}"', f'"{part.casefold()}"') for part in parts],
            disguises=[letter.encode() for letter in disguises],
            escapes=_escapes_of(parts, disguises),
            level=_level(looked_for),
        )

    def batches(self, offset: int, block: bytes) -> Iterator[ScannedBatch]:
        """The records of whole lines that begin at `offset`; only the last may have no end."""
        lines = io.BytesIO(block).readlines()
        quick = self._quickly(offset, block, lines)
        if quick is not None:
            yield quick
        elif self.level and len(lines) > FEW:
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
        if self.level is None or self._is_disguised(block):
            return None
        try:
            texts = self.level.texts(lines, block=block)
        except DoubtfulError:
            return None
        lengths = list(map(len, lines))
        offsets = list(accumulate(lengths, initial=offset))
        offsets.pop()
        return ScannedBatch(offsets, lengths, [column(one, texts) for one in self.identifiers])

    def _is_disguised(self, block: bytes) -> bool:
        """Whether a key may stand there in other letters, or the block is no text."""
        if self._is_escaped(block):
            return True
        if block.isascii():
            return False
        try:
            block.decode()
        except UnicodeDecodeError:
            return True
        return any(one in block for one in self.disguises)

    def _is_escaped(self, text: bytes) -> bool:
        return b"\\" in text and self.escapes.search(text) is not None

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
            is_simple = not self._is_escaped(line) and _is_simple(text, self.quoted)
            found = _plainly(line, self.identifiers) if is_simple else None
            if found is None:
                found = _faithfully(_faithful.decode(text), self.identifiers)
        except (ValueError, RecursionError):
            return ScannedRecord(span, None)
        return ScannedRecord(span, found) if found else None


def faithful(raw: bytes) -> object:
    """The record with every member. Raises ValueError or RecursionError where it is unreadable."""
    return _faithful.decode(raw.decode())


def _escapes_of(keys: Sequence[str], disguises: Sequence[str]) -> re.Pattern[bytes]:
    r"""How JSON escapes what a key is made of: where that is plain, `\u` and a letter's number."""
    if not all(map(PLAIN_KEY.fullmatch, keys)):
        return re.compile(rb"\\")
    letters = {*"".join(keys).lower(), *"".join(keys).upper(), *disguises}
    numbers = (
        re.sub("[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", f"{ord(letter):04x}")
        for letter in letters
    )
    return re.compile(rf"\\u(?:{'|'.join(sorted(numbers))})".encode())


def _level(identifiers: Sequence[Identifier]) -> Level | None:
    """None where keys do not tell the values."""
    try:
        found = leaves(identifiers)
    except DoubtfulError:
        return None
    within = {path[:length] for path in found for length in range(1, len(path))}
    plain = all(PLAIN_KEY.fullmatch(key) for path in found for key in path)
    return Level(found) if found and plain and not within & found.keys() else None


def _is_simple(text: str, keys: Sequence[tuple[str, str]]) -> bool:
    """Whether the fast decoder cannot differ from the faithful one.

    They differ where a key occurs twice, in another case or with escapes. Where the text has no
    escape of its letters, and each key at most once and then as it should be, none is possible.
    """
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
