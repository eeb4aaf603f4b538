r"""Newline-delimited JSON: one record a line, found and cut by byte offset.

A record's span is its line with the line's own ending (`\n` or `\r\n`), without a byte order mark
at the head of the file. Lines of white space are not records. What cannot be read as JSON in
UTF-8 is a record that may hold anyone.
"""

import codecs
import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from purge.domain.identifiers import Identifier, Wanted
from purge.domain.matching import Candidate, Pairs, Verdict, candidates, could_hold, verdict
from purge.domain.spans import Segment, Span, kept
from purge.ports import ReadableObject, ScannedRecord

BOM = codecs.BOM_UTF8
LONGEST_RECORD = 64 * 1024 * 1024
LONGEST_SAMPLE = 4000

# Control characters inside strings are tolerated: the readers of the lake tolerate them too, and
# a record we can read is one we can erase.
_plain = json.JSONDecoder(strict=False)
_faithful = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)


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

    def judge(
        self, *, raw: bytes, identifiers: Sequence[Identifier], wanted: Collection[Wanted]
    ) -> Verdict:
        try:
            record = _faithful.decode(raw.decode())
        except (ValueError, RecursionError):
            return Verdict.UNCLEAR if could_hold(raw, wanted=wanted) else Verdict.OTHER
        return verdict(candidates(record, identifiers=identifiers), wanted=wanted)

    def segments(self, *, source: ReadableObject, cuts: Sequence[Span]) -> Iterable[Segment]:
        return kept(size=source.size, cuts=cuts)

    def sample(self, *, raw: bytes) -> str:
        return raw[:LONGEST_SAMPLE].decode("utf-8", "replace").rstrip("\r\n")


def _scanned(
    span: Span,
    line: bytes,
    keys: Sequence[tuple[str, str]],
    identifiers: Sequence[Identifier],
) -> ScannedRecord | None:
    try:
        found = list(_candidates(line.decode(), keys, identifiers))
    except (ValueError, RecursionError):
        return ScannedRecord(span, None)
    if not found:
        return None
    return ScannedRecord(span, [(one.type, one.name, one.value) for one in found])


def _candidates(
    text: str, keys: Sequence[tuple[str, str]], identifiers: Sequence[Identifier]
) -> Iterator[Candidate]:
    """The record's candidates, by the fast decoder where it cannot differ from the faithful one.

    They differ where a key occurs twice, in another case or with escapes. Where the text has no
    backslash, and each key at most once and then as it should be, none of that is possible.
    """
    folded_text = text.casefold()
    simple = "\\" not in text and all(
        folded_text.count(folded) == text.count(key) <= 1 for key, folded in keys
    )
    decoder = _plain if simple else _faithful
    return candidates(decoder.decode(text), identifiers=identifiers)


def _quoted_keys(identifiers: Sequence[Identifier]) -> Sequence[tuple[str, str]]:
    parts = {part for identifier in identifiers for part in identifier.path}
    return [(f'"{part}"', f'"{part.casefold()}"') for part in sorted(parts)]
