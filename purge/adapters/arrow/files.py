"""Objects as the files that pyarrow reads, and tables as it must write them."""

import io
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from purge.domain.spans import Span


class Source(Protocol):
    """What is needed of an object."""

    @property
    def size(self) -> int: ...

    def read(self, span: Span) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Buffer:
    """Bytes in memory as an object."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, span: Span) -> bytes:
        return self.content[span.offset : span.end]


class Readable(io.RawIOBase):
    """A source as the file that pyarrow wants: only the ranges that it reads are read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}
        self._position = base[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        left = self._source.size - self._position
        length = left if size is None or size < 0 else min(size, left)
        content = self._source.read(Span(self._position, length)) if length > 0 else b""
        self._position += len(content)
        return content


def has_dictionaries(schema: pa.Schema) -> bool:
    return bool(_plain_schema(schema) != schema)


def without_dictionaries(table: pa.Table) -> pa.Table:
    """The table with plain columns: Arrow's dictionaries keep values that no row has any more."""
    schema = _plain_schema(table.schema)
    return table if schema.equals(table.schema) else table.cast(schema)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([_plain_field(field) for field in schema], schema.metadata)


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(_plain(field.type))


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = _plain(kind.value_type)
    elif pa.types.is_struct(kind):
        kind = pa.struct([_plain_field(field) for field in kind])
    elif pa.types.is_map(kind):
        kind = pa.map_(_plain_field(kind.key_field), _plain_field(kind.item_field))
    elif pa.types.is_large_list(kind):
        kind = pa.large_list(_plain_field(kind.value_field))
    elif pa.types.is_list(kind):
        kind = pa.list_(_plain_field(kind.value_field))
    elif pa.types.is_fixed_size_list(kind):
        kind = pa.list_(_plain_field(kind.value_field), kind.list_size)
    return kind
