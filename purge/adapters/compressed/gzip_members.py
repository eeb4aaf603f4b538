"""gzip (RFC 1952): members, each decoded and written by itself.

A member that is written anew keeps its header: name, time, comment, operating system. Its level is
only hinted at in the header; the nearest of the fast library's levels is taken.
"""

import zlib
from collections.abc import Iterator

from isal import igzip_lib, isal_zlib

from purge.adapters.compressed.units import PIECE, DamagedError, Encoder, Window

MAGIC = b"\x1f\x8b"
SHORTEST_HEADER = 10
LONGEST_HEADER = 256 << 10
HEADER_CHECK, EXTRA, NAME, COMMENT = 2, 4, 8, 16
SMALLEST, FASTEST = 2, 4  # XFL
BLOCKED = b"BC\x02\x00"
"""BGZF (SAM specification 4.1): the extra field tells the member's own size."""


class GzipMember:
    """Implements `compressed_units.Unit`."""

    text_length: int | None = None
    describes_next = False

    def __init__(self, window: Window, start: int) -> None:
        self._window = window
        self._start = start
        self.end = start

    def pieces(self) -> Iterator[bytes]:
        decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        at = self._start
        while not decoder.eof:
            chunk = self._window.at(at) if decoder.needs_input else b""
            if decoder.needs_input and not chunk:
                raise DamagedError
            at += len(chunk)
            try:
                piece = decoder.decompress(chunk, PIECE)
            except isal_zlib.error as error:  # type: ignore[misc]  # untyped
                raise DamagedError from error
            if piece:
                yield piece
        self.end = at - len(decoder.unused_data)

    def encoder(self, *, text_length: int | None) -> Encoder:
        header = _header(self._window.at(self._start, LONGEST_HEADER))
        place = header.find(BLOCKED, SHORTEST_HEADER) if header[3] & EXTRA else -1
        return _Blocked(header, place) if place > 0 else _Plain(header)


class Gzip:
    """Implements `compressed_units.Compression`."""

    def unit(self, window: Window, start: int) -> GzipMember | None:
        if window.at(start, len(MAGIC)) == MAGIC:
            return GzipMember(window, start)
        while content := window.at(start):
            # Padding with zeros, as tapes and block devices leave it, is no damage.
            if content.strip(b"\0"):
                raise DamagedError
            start += len(content)
        return None

    def stale_tail(self, window: Window) -> int:
        return 0

    def nothing(self) -> bytes:
        return zlib.compress(b"", wbits=31)


class _Plain:
    def __init__(self, header: bytes) -> None:
        level = {SMALLEST: 3, FASTEST: 1}.get(header[8], 2)
        self._deflate = isal_zlib.compressobj(level, isal_zlib.DEFLATED, -15)
        self._header = header
        self._check = self._length = 0

    def compress(self, text: bytes) -> bytes:
        head, self._header = self._header, b""
        self._check = isal_zlib.crc32(text, self._check)
        self._length += len(text)
        return head + bytes(self._deflate.compress(text))

    def finish(self) -> bytes:
        end = self._length & 0xFFFFFFFF
        return b"".join(
            [
                self._deflate.flush(),
                self._check.to_bytes(4, "little"),
                end.to_bytes(4, "little"),
            ]
        )


class _Blocked:
    """At most 64 KiB of text, held until its compressed size can be written in the header."""

    def __init__(self, header: bytes, place: int) -> None:
        self._header = header
        self._place = place + len(BLOCKED)
        self._texts: list[bytes] = []

    def compress(self, text: bytes) -> bytes:
        self._texts.append(text)
        return b""

    def finish(self) -> bytes:
        text = b"".join(self._texts)
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(text) + deflate.flush()
        tail = zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
        size = len(self._header) + len(body) + len(tail) - 1
        if size > 0xFFFF:  # noqa: PLR2004 - two bytes
            raise DamagedError
        before, after = self._header[: self._place], self._header[self._place + 2 :]
        return before + size.to_bytes(2, "little") + after + body + tail


def _header(content: bytes) -> bytes:
    """The header at the start of a member. Raises DamagedError where it does not end."""
    flags, end = content[3], SHORTEST_HEADER
    if flags & EXTRA:
        end += 2 + int.from_bytes(content[end : end + 2], "little")
    for flag in (NAME, COMMENT):
        if flags & flag:
            end = content.find(b"\0", end) + 1
            if not end:
                raise DamagedError
    if flags & HEADER_CHECK:
        end += 2
    if end > len(content):
        raise DamagedError
    return content[:end]
