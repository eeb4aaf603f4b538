"""The text of a compressed object: read as if it were plain, and rewritten unit by unit."""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from purge.adapters.compressed.units import PIECE, Compression, DamagedError, Unit, Window
from purge.domain.spans import Fresh, Keep, Segment, Span, merged
from purge.ports import ObjectUnreachable, ReadableObject


class Text:
    """Implements `purge.ports.ReadableObject`: positions are those of the text.

    Reading ends where the compressed bytes are damaged, and `damaged_at` says where that was.
    Reading backwards starts over, so read forwards.
    """

    def __init__(self, source: ReadableObject, compression: Compression) -> None:
        self._source = source
        self._compression = compression
        self.damaged_at: int | None = None
        self._ahead = self._pieces()
        self._held, self._held_from = b"", 0

    @property
    def size(self) -> int:
        """Costs a reading of everything: nothing in the object says it."""
        return sum(map(len, self._pieces()))

    def stream(self) -> BinaryIO:
        return io.BufferedReader(_Stream(self._pieces()), buffer_size=PIECE)

    def read(self, span: Span) -> bytes:
        if span.offset < self._held_from:
            self._start_over()
        held_to = self._held_from + len(self._held)
        parts = [self._held[span.offset - self._held_from :][: span.length]]
        while held_to < span.end and (piece := next(self._ahead, b"")):
            self._held, self._held_from = piece, held_to
            held_to += len(piece)
            start = max(0, span.offset - self._held_from)
            parts.append(piece[start : max(start, span.end - self._held_from)])
        return b"".join(parts)

    def _start_over(self) -> None:
        self._ahead = self._pieces()
        self._held, self._held_from = b"", 0

    def _pieces(self) -> Iterator[bytes]:
        window, at, position = Window(self._source), 0, 0
        try:
            while (unit := self._compression.unit(window, at)) is not None:
                for piece in unit.pieces():
                    yield piece
                    position += len(piece)
                at = unit.end
        except DamagedError:
            self.damaged_at = position


def spliced(
    *, source: ReadableObject, compression: Compression, cuts: Sequence[Span]
) -> Iterator[Segment]:
    """The object without these places of its text: units that hold none of them stay as they are.

    A unit that loses all its text goes; an object that loses all of it becomes one of no text.
    Raises ObjectUnreachable where the text up to the last place cannot be decoded.
    """
    taken = merged(cuts)
    if not taken:
        yield Keep(0, source.size)
        return
    empty = True
    try:
        for segment in _spliced(Window(source), compression, taken):
            empty = False
            yield segment
    except DamagedError as error:
        raise ObjectUnreachable(reason="compression_damaged") from error
    if empty:
        yield Fresh(compression.nothing())


def _spliced(window: Window, compression: Compression, cuts: Sequence[Span]) -> Iterator[Segment]:
    kept_from = kept_to = at = position = 0
    while position < cuts[-1].end:
        unit = compression.unit(window, at)
        if unit is None:
            raise DamagedError
        length = _length_before(unit, limit=_next_cut(cuts, position) - position)
        if length is None:
            if kept_to > kept_from:
                yield Keep(kept_from, kept_to - kept_from)
            for part, text_length in _rewritten(unit, position, cuts):
                position += text_length
                if part:
                    yield Fresh(part)
            kept_from = kept_to = unit.end
        else:
            position += length
            kept_to = kept_to if unit.describes_next else unit.end
        at = unit.end
    end = window.size - compression.stale_tail(window)
    if end > kept_from:
        yield Keep(kept_from, end - kept_from)


def _next_cut(cuts: Sequence[Span], position: int) -> int:
    """Where the first cut begins that does not end before `position`; `position` if inside one."""
    for cut in cuts[max(0, bisect_right(cuts, Span(position, 0)) - 1) :]:
        if cut.end > position:
            return max(cut.offset, position)
    raise DamagedError


def _length_before(unit: Unit, *, limit: int) -> int | None:
    """The length of the unit's text; None where it goes on at `limit`, where a cut begins."""
    if unit.text_length is not None:
        return unit.text_length if unit.text_length <= limit else None
    length = 0
    for piece in unit.pieces():
        length += len(piece)
        if length > limit:
            return None
    return length


def _rewritten(unit: Unit, position: int, cuts: Sequence[Span]) -> Iterator[tuple[bytes, int]]:
    """The unit compressed again without the cuts, each part with how much old text it covers."""
    length = unit.text_length
    if length is not None:
        length -= sum(_overlap(cut, Span(position, length)) for cut in cuts)
    encoder, some = unit.encoder(text_length=length), False
    for piece in unit.pieces():
        rest = _without(piece, position, cuts)
        position += len(piece)
        some = some or bool(rest)
        yield encoder.compress(rest) if rest else b"", len(piece)
    if some:
        yield encoder.finish(), 0


def _without(piece: bytes, position: int, cuts: Sequence[Span]) -> bytes:
    parts, at = [], position
    for cut in cuts[max(0, bisect_right(cuts, Span(position, 0)) - 1) :]:
        if cut.offset >= position + len(piece):
            break
        if cut.end > at:
            parts.append(piece[at - position : max(0, cut.offset - position)])
            at = cut.end
    parts.append(piece[at - position :])
    return b"".join(parts)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.offset, other.offset))


class _Stream(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        count = min(len(self._left), len(buffer))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
