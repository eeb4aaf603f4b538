"""Spans of bytes in an object: what to cut, what stays, and where a place is after earlier cuts."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple


class Span(NamedTuple):
    """`length` bytes (or rows, where a format counts so) from `offset`."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length


WHOLE = Span(0, 0)
"""The place of a person to whom the whole object belongs: its name or a tag says so."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Bytes of the present version that stay as they are, to be copied without being read."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """Bytes that a format encoded anew (a row group, a footer)."""

    content: bytes


Segment = Keep | Fresh


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same bytes as few sorted spans: overlapping and touching ones become one."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.offset <= result[-1].end:
            last = result[-1]
            result[-1] = Span(last.offset, max(last.end, span.end) - last.offset)
        elif span.length:
            result.append(span)
    return tuple(result)


def kept(*, size: int, cuts: Iterable[Span]) -> Iterator[Keep]:
    """What remains of `size` bytes when `cuts` are taken out, in order."""
    at = 0
    for cut in merged(cuts):
        if cut.offset > at:
            yield Keep(at, cut.offset - at)
        at = cut.end
    if at < size:
        yield Keep(at, size - at)


class Cuts:
    """What has been cut from an object since it was indexed, in the indexed positions.

    Index rows are never shifted. A row's present position is its indexed one less everything that
    was cut before it; re-indexing the object starts over with no cuts.
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.spans: Sequence[Span] = merged(spans)
        self._offsets = [span.offset for span in self.spans]
        self._removed = [0, *accumulate(span.length for span in self.spans)]

    def present(self, indexed: Span) -> Span:
        """Where a row that was indexed there lies now. Rows inside a cut have no answer."""
        before = bisect_right(self._offsets, indexed.offset)
        if before and self.spans[before - 1].end > indexed.offset:
            message = f"offset {indexed.offset} lies in a cut: its index row should be gone"
            raise LookupError(message)
        return Span(indexed.offset - self._removed[before], indexed.length)

    def with_more(self, indexed: Iterable[Span]) -> "Cuts":
        return Cuts([*self.spans, *indexed])
