r"""Newline-delimited JSON: one record a line, found and cut by byte offset.

A record's span is its line with the line's own ending (`\n` or `\r\n`), without a byte order mark
at the head of the file. Lines of white space are not records. What cannot be read as JSON in
UTF-8 is a record that may hold anyone.
"""

import codecs
import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from purge.domain.identifiers import Identifier, IdentifierType, Wanted
from purge.domain.matching import Pairs, Verdict, candidates, could_hold, verdict
from purge.domain.spans import Segment, Span, kept
from purge.ports import ReadableObject, Record, ScannedRecord

BOM = codecs.BOM_UTF8
LONGEST_RECORD = 64 * 1024 * 1024
LONGEST_SAMPLE = 4000
STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
Triple = tuple[str, str, str]

# Control characters inside strings are tolerated: the readers of the lake tolerate them too, and
# a record we can read is one we can erase.
_plain = json.JSONDecoder(strict=False)
_faithful = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)


class NdjsonRecord:
    """Implements `purge.ports.Record`."""

    def __init__(self, span: Span, raw: bytes) -> None:
        self.span = span
        self.size = span.length
        self._raw = raw

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        try:
            record = _faithful.decode(self._raw.decode())
        except (ValueError, RecursionError):
            return Verdict.UNCLEAR if could_hold(self._raw, wanted=wanted) else Verdict.OTHER
        return verdict(candidates(record, identifiers=identifiers), wanted=wanted)

    def sample(self) -> str:
        return self._raw[:LONGEST_SAMPLE].decode("utf-8", "replace").rstrip("\r\n")


class NdjsonRecordFormat:
    """Implements `purge.ports.RecordFormat`."""

    def scan(
        self, *, source: ReadableObject, identifiers: Sequence[Identifier]
    ) -> Iterator[ScannedRecord]:
        keys = _quoted_keys(identifiers)
        with source.stream() as stream:
            offset = len(BOM) if stream.read(len(BOM)) == BOM else 0
            stream.seek(offset)
            for line in iter(lambda: stream.readline(LONGEST_RECORD), b""):
                span = Span(offset, len(line))
                offset = span.end
                if not line.isspace():
                    scanned = _scanned(span, line, keys, identifiers)
                    if scanned is not None:
                        yield scanned

    def records(self, *, source: ReadableObject, spans: Sequence[Span]) -> Iterator[Record]:
        for span in spans:
            yield NdjsonRecord(span, source.read(span))

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        return kept(size=source.size, cuts=cuts)


def _scanned(
    span: Span,
    line: bytes,
    keys: Sequence[tuple[str, str]],
    identifiers: Sequence[Identifier],
) -> ScannedRecord | None:
    try:
        text = line.decode()
        if _is_simple(text, keys):
            found = _plainly(_plain.decode(text), identifiers)
        else:
            found = _faithfully(_faithful.decode(text), identifiers)
    except (ValueError, RecursionError):
        return ScannedRecord(span, None)
    return ScannedRecord(span, found) if found else None


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


def _plainly(record: object, identifiers: Sequence[Identifier]) -> list[Triple]:
    """What `_faithfully` would find, for the common shape: values of the right type in place."""
    found: list[Triple] = []
    for identifier in identifiers:
        value = record
        for part in identifier.path:
            if type(value) is not dict:
                return _faithfully(record, identifiers)
            value = value.get(part)
        if value is None:
            continue
        kind = identifier.type
        if type(value) is int and kind is INTEGER:
            found.append((kind, identifier.name, str(value)))
        elif type(value) is str and kind is STRING:
            found.append((kind, identifier.name, value))
        else:
            return _faithfully(record, identifiers)
    return found


def _faithfully(record: object, identifiers: Sequence[Identifier]) -> list[Triple]:
    return [(one.type, one.name, one.value) for one in candidates(record, identifiers=identifiers)]


def _quoted_keys(identifiers: Sequence[Identifier]) -> Sequence[tuple[str, str]]:
    parts = {part for identifier in identifiers for part in identifier.path}
    return [(f'"{part}"', f'"{part.casefold()}"') for part in sorted(parts)]
