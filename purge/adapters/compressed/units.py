"""What compressed objects consist of: units that can be decoded, kept and written one by one."""

from collections.abc import Iterator
from typing import Protocol

from purge.domain.spans import Span
from purge.ports import ReadableObject

AHEAD = 4 << 20
SLICE = 64 << 10
PIECE = 256 << 10
"""How much text is in memory at a time, however well it was compressed."""


class DamagedError(Exception):
    """The compressed bytes end too early, are not what they say, or are of no kind we know."""


class Window:
    """A moving view of an object: few large reads, whatever small steps a decoder takes."""

    def __init__(self, source: ReadableObject) -> None:
        self._source = source
        self._start = 0
        self._content = b""
        self.size = source.size

    def at(self, offset: int, length: int = SLICE) -> bytes:
        """The bytes from `offset`: as many as asked for, fewer only at the end."""
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        if not self._start <= offset <= offset + length <= self._start + len(self._content):
            wanted = min(max(length, AHEAD), self.size - offset)
            self._content, self._start = self._source.read(Span(offset, wanted)), offset
        return self._content[offset - self._start : offset - self._start + length]


class Encoder(Protocol):
    """Writes a unit anew, as the one it replaces was written."""

    def compress(self, text: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Unit(Protocol):
    """A gzip member or a zstd frame."""

    @property
    def end(self) -> int:
        """Where it ends in the object: known beforehand, or once `pieces` are exhausted."""
        ...

    @property
    def text_length(self) -> int | None:
        """How much text it holds, where that can be known without decoding."""
        ...

    @property
    def describes_next(self) -> bool:
        """It holds no text, but the size of the unit that follows, which must not change alone."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Its text, in pieces of at most PIECE. Raises DamagedError."""
        ...

    def encoder(self, *, text_length: int | None) -> Encoder: ...


class Compression(Protocol):
    """One way to compress."""

    def unit(self, window: Window, start: int) -> Unit | None:
        """The unit there; None where only padding follows. Raises DamagedError."""
        ...

    def stale_tail(self, window: Window) -> int:
        """How many bytes at the object's end describe its units, and go when one changes."""
        ...

    def nothing(self) -> bytes:
        """A valid object of no text."""
        ...
