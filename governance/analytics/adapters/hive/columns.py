"""Hive's columns as Arrow: types, values, and the bitmap of what is null.

What Arrow has no single type for (arrays, maps, structures, intervals) stays the text that the
server makes of it, as every Hive client gets it.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from governance.analytics.adapters.hive.refusals import HiveAnswerUnreadable
from governance.hive.messages import Column, ColumnDescription, PrimitiveType, TypeDescription
from governance.hive.vocabulary import TypeId

MOST_DIGITS = 38
# Which field of a column holds a type's values; everything else comes as text.
FIELDS: dict[int, tuple[str, pa.DataType]] = {
    TypeId.BOOLEAN: ("booleans", pa.bool_()),
    TypeId.TINYINT: ("bytes", pa.int8()),
    TypeId.SMALLINT: ("shorts", pa.int16()),
    TypeId.INT: ("integers", pa.int32()),
    TypeId.BIGINT: ("longs", pa.int64()),
    TypeId.FLOAT: ("doubles", pa.float32()),
    TypeId.DOUBLE: ("doubles", pa.float64()),
    TypeId.BINARY: ("binaries", pa.binary()),
}
TEXTS: dict[int, pa.DataType] = {TypeId.DATE: pa.date32(), TypeId.TIMESTAMP: pa.timestamp("us")}


def schema_of(columns: Sequence[ColumnDescription]) -> pa.Schema:
    """Raises HiveAnswerUnreadable where the server describes no types."""
    return pa.schema([pa.field(_name(column), _type(_primitive(column))) for column in columns])


def batch_of(columns: Sequence[Column], *, schema: pa.Schema) -> pa.RecordBatch:
    """Rows as the server sent them. Raises HiveAnswerUnreadable where they do not fit."""
    if not columns:
        return pa.RecordBatch.from_pylist([], schema=schema)
    if len(columns) != len(schema):
        raise HiveAnswerUnreadable(why="rows have other columns than it said")
    try:
        arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise HiveAnswerUnreadable(why="a value is not of its column's type") from error


def _name(column: ColumnDescription) -> str:
    name: str | None = column.name
    return name or ""


def _primitive(column: ColumnDescription) -> PrimitiveType:
    described: TypeDescription | None = column.type
    first = described.types[0] if described is not None and described.types else None
    if first is None or first.primitive is None:
        raise HiveAnswerUnreadable(why="a column has no type")
    return first.primitive


def _type(described: PrimitiveType) -> pa.DataType:
    kind = described.kind
    if kind == TypeId.DECIMAL:
        return _decimal(described)
    if kind in FIELDS:
        return FIELDS[kind][1]
    return TEXTS.get(kind, pa.string())


def _decimal(described: PrimitiveType) -> pa.DataType:
    named = described.qualifiers.by_name if described.qualifiers is not None else {}
    digits = {name: value.number for name, value in (named or {}).items()}
    precision, scale = digits.get("precision"), digits.get("scale")
    if precision is None or scale is None or not 0 <= scale <= precision <= MOST_DIGITS:
        return pa.string()
    return pa.decimal128(max(precision, 1), scale)


def _array(column: Column, kind: pa.DataType) -> pa.Array:
    held = [name for name in _NAMES if getattr(column, name) is not None]
    if len(held) != 1:
        raise HiveAnswerUnreadable(why="a column is of no type, or of several")
    holder = getattr(column, held[0])
    values, nulls = holder.values or [], holder.nulls or b""
    mask = _mask(nulls, len(values))
    if held[0] == "strings":
        return _from_texts(values, mask, kind)
    plain = pa.array(values, mask=pa.array(mask, pa.bool_()))
    return plain.cast(kind, safe=not pa.types.is_floating(kind))


_NAMES = tuple(dict.fromkeys([*(name for name, _ in FIELDS.values()), "strings"]))


def _mask(nulls: bytes, size: int) -> list[bool]:
    """One bit a value, lowest first. Hive leaves out what follows the last that is set."""
    whole = nulls.ljust((size + 7) // 8, b"\0")
    return [bool(whole[position >> 3] >> (position & 7) & 1) for position in range(size)]


def _from_texts(values: list[bytes], mask: list[bool], kind: pa.DataType) -> pa.Array:
    texts = [
        None if is_null else value.decode(errors="replace")
        for value, is_null in zip(values, mask, strict=True)
    ]
    if pa.types.is_decimal(kind):
        return pa.array([None if text is None else Decimal(text) for text in texts], kind)
    if pa.types.is_binary(kind):
        return pa.array([None if text is None else text.encode() for text in texts], kind)
    return pa.array(texts, pa.string()).cast(kind)
