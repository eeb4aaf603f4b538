"""The tail of an ORC file: stripes, types and people's metadata, read and put on another file.

pyarrow writes neither the metadata that the old file carried nor `varchar(n)` and `char(n)`, which
it knows as strings. Both are in the footer, so the old footer's are put into the new one. Numbers
are field ids of `orc_proto.proto` (ORC specification v1).
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import zstandard

from purge.adapters.arrow.files import Buffer, Source
from purge.domain.spans import Span

MAGIC = b"ORC"
LONGEST_TAIL = 256 << 20
MOST_FIELDS = 1 << 20
LARGEST_BLOCK = 1 << 23
"""A chunk's length has 23 bits: what says that more comes of it is no file but a bomb."""
# PostScript
FOOTER_LENGTH, COMPRESSION, BLOCK_SIZE = 1, 2, 3
# Footer
STRIPES, TYPES, METADATA, ENCRYPTION = 3, 4, 5, 10
# StripeInformation
INDEX_LENGTH, DATA_LENGTH, STRIPE_ROWS = 2, 3, 5
# Type
KIND, LENGTH = 1, 4
TEXTS = {7, 16, 17}  # string, varchar, char: stored alike
NONE, ZLIB, SNAPPY, LZO, LZ4, ZSTD = range(6)
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
WIDTHS = {FIXED_64: 8, FIXED_32: 4}

Fields = list[tuple[int, int, "int | bytes"]]
"""A message: field id, wire type, value."""


class OrcUnreadableError(ValueError):
    """Not an ORC file, or a tail that is not understood."""


@dataclass(frozen=True, slots=True)
class Stripe:
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Tail:
    postscript: Fields
    footer: Fields
    length: int
    """Bytes of footer, postscript and its length at the file's end."""

    @property
    def stripes(self) -> Sequence[Stripe]:
        described = [read_message(one) for one in _all(self.footer, STRIPES)]
        return [
            Stripe(
                rows=_number(one, STRIPE_ROWS),
                size=_number(one, INDEX_LENGTH) + _number(one, DATA_LENGTH),
            )
            for one in described
        ]

    @property
    def metadata(self) -> dict[bytes, bytes]:
        described = [read_message(one) for one in _all(self.footer, METADATA)]
        return {_first(one, 1): _first(one, 2) for one in described}


def read(source: Source) -> Tail:
    """The tail of an object. Raises OrcUnreadableError."""
    try:
        return _read(source)
    except (ValueError, IndexError, zlib.error, zstandard.ZstdError, pa.ArrowException) as error:
        raise OrcUnreadableError from error


def replaced(fresh: bytes, *, old: Tail) -> bytes:
    """The end of a fresh file with types and metadata of the old one.

    Raises OrcUnreadableError where the fresh columns are not of the old ones' types.
    """
    tail = read(Buffer(fresh))
    old_types, new_types = _all(old.footer, TYPES), _all(tail.footer, TYPES)
    if [_comparable(one) for one in old_types] != [_comparable(one) for one in new_types]:
        raise OrcUnreadableError
    footer: Fields = [one for one in tail.footer if one[0] not in {TYPES, METADATA}]
    footer += [(TYPES, BYTES, one) for one in old_types]
    footer += [(METADATA, BYTES, one) for one in _all(old.footer, METADATA)]
    encoded = _stored(written_message(sorted(footer, key=lambda one: one[0])), tail.postscript)
    postscript = written_message(
        [
            (number, kind, len(encoded) if number == FOOTER_LENGTH else value)
            for number, kind, value in tail.postscript
        ]
    )
    return fresh[: -tail.length] + encoded + postscript + bytes([len(postscript)])


def read_message(raw: bytes) -> Fields:
    """A protocol buffer message. Raises ValueError or IndexError."""
    fields: Fields = []
    at = 0
    while at < len(raw):
        if len(fields) == MOST_FIELDS:
            raise ValueError
        key, at = _read_varint(raw, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _read_varint(raw, at)
            fields.append((number, kind, value))
            continue
        length, at = _read_varint(raw, at) if kind == BYTES else (WIDTHS.get(kind, -1), at)
        if length < 0 or at + length > len(raw):
            raise ValueError
        fields.append((number, kind, raw[at : at + length]))
        at += length
    return fields


def written_message(fields: Fields) -> bytes:
    parts = []
    for number, kind, value in fields:
        parts.append(_varint(number << 3 | kind))
        if isinstance(value, int):
            parts.append(_varint(value))
        else:
            parts += [_varint(len(value)), value] if kind == BYTES else [value]
    return b"".join(parts)


def _read(source: Source) -> Tail:
    last = source.read(Span(source.size - 1, 1))[0]
    start = source.size - 1 - last
    postscript = read_message(source.read(Span(max(0, start), last)))
    if start < len(MAGIC) or _first(postscript, 8000) != MAGIC:
        raise OrcUnreadableError
    length = _number(postscript, FOOTER_LENGTH)
    if not 0 < length <= min(start, LONGEST_TAIL):
        raise OrcUnreadableError
    content = source.read(Span(start - length, length))
    decoded = bytearray()
    for chunk in _decoded(content, postscript):
        decoded += chunk
        if len(decoded) > LONGEST_TAIL:
            raise OrcUnreadableError
    footer = read_message(bytes(decoded))
    return Tail(postscript=postscript, footer=footer, length=length + last + 1)


def _decoded(content: bytes, postscript: Fields) -> Iterator[bytes]:
    """Chunks, each with three bytes of length and whether it is stored as it is."""
    compression = _number(postscript, COMPRESSION)
    if compression == NONE:
        yield content
        return
    limit = _number(postscript, BLOCK_SIZE) or 256 << 10
    if limit > LARGEST_BLOCK:
        raise OrcUnreadableError
    at = 0
    while at < len(content):
        header = int.from_bytes(content[at : at + 3], "little")
        at += 3
        chunk = content[at : at + (header >> 1)]
        at += header >> 1
        yield chunk if header & 1 else _decompressed(chunk, compression, limit)


def _decompressed(chunk: bytes, compression: int, limit: int) -> bytes:
    if compression == ZLIB:
        return zlib.decompressobj(-15).decompress(chunk, limit)
    if compression == ZSTD:
        # A frame's own word for its size is not believed.
        return (
            zstandard.ZstdDecompressor(max_window_size=LARGEST_BLOCK)
            .stream_reader(chunk)
            .read(limit)
        )
    if compression == SNAPPY:
        size, _ = _read_varint(chunk, 0)
        return bytes(pa.decompress(chunk, min(size, limit), codec="snappy"))
    if compression == LZ4:
        return bytes(pa.Codec("lz4_raw").decompress(chunk, limit))
    raise OrcUnreadableError


def _stored(footer: bytes, postscript: Fields) -> bytes:
    """The footer as chunks that are not compressed, where the file's others are."""
    if _number(postscript, COMPRESSION) == NONE:
        return footer
    limit = _number(postscript, BLOCK_SIZE) or 256 << 10
    chunks = [footer[at : at + limit] for at in range(0, len(footer), limit)]
    return b"".join((len(one) << 1 | 1).to_bytes(3, "little") + one for one in chunks)


def _comparable(described: bytes) -> list[tuple[int, int, int | bytes]]:
    """A type without attributes, and texts without how they are limited."""
    fields = read_message(described)
    kind = _number(fields, KIND)
    if kind in TEXTS:
        return [(KIND, VARINT, min(TEXTS))]
    return [one for one in fields if one[0] <= 6]  # noqa: PLR2004 - 7 holds attributes


def _all(fields: Fields, number: int) -> list[bytes]:
    return [value for found, _, value in fields if found == number and isinstance(value, bytes)]


def _first(fields: Fields, number: int) -> bytes:
    return next(iter(_all(fields, number)), b"")


def _number(fields: Fields, number: int) -> int:
    values = [value for found, _, value in fields if found == number and isinstance(value, int)]
    return values[-1] if values else 0


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
