"""Zstandard (RFC 8878): frames, found by walking their block headers without decoding them.

A frame that is written anew keeps whether it has a checksum and its content's size; no frame says
at which level it was compressed, so the library's default is taken.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from purge.adapters.compressed.units import PIECE, SLICE, DamagedError, Encoder, Window
from purge.ports import ObjectUnreachable

MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f
SKIPPABLE_FROM, SKIPPABLE_TO = 0x50, 0x5F
SKIPPABLE_HEADER = 8
LONGEST_HEADER = 18
LARGEST_WINDOW = 1 << 27
RUN_LENGTH = 1  # Block_Type
SEEK_TABLE = b"\xb1\xea\x92\x8f"
SEEK_TABLE_TAIL = 9
LEVEL = 3


@dataclass(frozen=True, slots=True)
class ZstdFrame:
    """Implements `compressed_units.Unit`."""

    window: Window
    start: int
    end: int
    text_length: int | None
    has_checksum: bool
    describes_next = False

    def pieces(self) -> Iterator[bytes]:
        reader = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(
            io.BufferedReader(_Slice(self.window, self.start, self.end), SLICE), read_size=SLICE
        )
        try:
            while piece := reader.read(PIECE):
                yield piece
        except zstandard.ZstdError as error:
            raise DamagedError from error

    def encoder(self, *, text_length: int | None) -> Encoder:
        has_length = self.text_length is not None
        compressor = zstandard.ZstdCompressor(
            level=LEVEL, write_checksum=self.has_checksum, write_content_size=has_length
        )
        size = text_length if has_length and text_length is not None else -1
        return _Frame(compressor.compressobj(size=size))


@dataclass(frozen=True, slots=True)
class SkippableFrame:
    """Implements `compressed_units.Unit`: something for readers who know it, and no text.

    pzstd writes the next frame's compressed size into four bytes.
    """

    window: Window
    start: int
    end: int
    text_length: int | None = 0

    @property
    def describes_next(self) -> bool:
        return self.end - self.start == SKIPPABLE_HEADER + 4

    def pieces(self) -> Iterator[bytes]:
        return iter(())

    def encoder(self, *, text_length: int | None) -> Encoder:
        raise DamagedError


class Zstd:
    """Implements `compressed_units.Compression`."""

    def unit(self, window: Window, start: int) -> ZstdFrame | SkippableFrame | None:
        head = window.at(start, LONGEST_HEADER)
        if not head:
            return None
        if is_skippable(head):
            end = start + SKIPPABLE_HEADER + int.from_bytes(head[4:8], "little")
            if end > window.size:
                raise DamagedError
            return SkippableFrame(window, start, end)
        if head[:4] != MAGIC:
            raise DamagedError
        return _frame(window, start, head)

    def stale_tail(self, window: Window) -> int:
        """The seek table of the seekable format (zstd, contrib/seekable_format)."""
        tail = window.at(window.size - SEEK_TABLE_TAIL, SEEK_TABLE_TAIL)
        if tail[5:] != SEEK_TABLE:
            return 0
        entry = 12 if tail[4] & 0x80 else 8
        length = SKIPPABLE_HEADER + int.from_bytes(tail[:4], "little") * entry + SEEK_TABLE_TAIL
        return length if is_skippable(window.at(window.size - length, 4)) else 0

    def nothing(self) -> bytes:
        return zstandard.ZstdCompressor(level=LEVEL).compress(b"")


def is_skippable(head: bytes) -> bool:
    return SKIPPABLE_FROM <= head[0] <= SKIPPABLE_TO and head[1:4] == SKIPPABLE


def _frame(window: Window, start: int, head: bytes) -> ZstdFrame:
    try:
        described = zstandard.get_frame_parameters(head)
        length = zstandard.frame_content_size(head)
        at = start + zstandard.frame_header_size(head)
    except zstandard.ZstdError as error:
        raise DamagedError from error
    if described.dict_id or described.window_size > LARGEST_WINDOW:
        raise ObjectUnreachable(reason="compression_unsupported")
    last = False
    while not last:
        header = window.at(at, 3)
        if len(header) < 3:  # noqa: PLR2004 - a block header
            raise DamagedError
        block = int.from_bytes(header, "little")
        last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == RUN_LENGTH else size)
    at += 4 if described.has_checksum else 0
    if at > window.size:
        raise DamagedError
    return ZstdFrame(window, start, at, None if length < 0 else length, described.has_checksum)


class _Slice(io.RawIOBase):
    """One frame as a file."""

    def __init__(self, window: Window, start: int, end: int) -> None:
        self._window, self._at, self._end = window, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._window.at(self._at, min(len(buffer), self._end - self._at))
        self._at += len(content)
        buffer[: len(content)] = content
        return len(content)


class _Frame:
    def __init__(self, compressor: "zstandard.ZstdCompressionObj") -> None:
        self._compressor = compressor

    def compress(self, text: bytes) -> bytes:
        return self._compressor.compress(text)

    def finish(self) -> bytes:
        return self._compressor.flush()
