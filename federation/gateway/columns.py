"""Arrow results as Hive's columns: types, values, and the bitmap of what is null."""

import json
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from governance.hive import messages
from governance.hive.vocabulary import TypeId

TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S"
WIDEST_INTEGER = 20  # digits of 2^64


def schema_of(schema: pa.Schema) -> messages.TableSchema:
    """The columns of a result, as Hive describes them."""
    columns = [
        messages.ColumnDescription(
            name=field.name,
            type=messages.TypeDescription(
                types=[messages.TypeEntry(primitive=_primitive(field.type))]
            ),
            position=position,
        )
        for position, field in enumerate(schema, start=1)
    ]
    return messages.TableSchema(columns=columns)


def rows_of(table: pa.Table, *, start: int) -> messages.RowSet:
    """A page of a result, column by column."""
    columns = [_column(column.combine_chunks()) for column in table.columns]
    return messages.RowSet(start=start, rows=[], columns=columns)


def type_of(kind: pa.DataType) -> TypeId:
    """The Hive type of an Arrow type. What Hive has no word for travels as a string."""
    for is_kind, found in _TYPES:
        if is_kind(kind):
            return found
    return TypeId.STRING


_TYPES = (
    (pa.types.is_boolean, TypeId.BOOLEAN),
    (pa.types.is_int8, TypeId.TINYINT),
    (pa.types.is_int16, TypeId.SMALLINT),
    (pa.types.is_uint8, TypeId.SMALLINT),
    (pa.types.is_int32, TypeId.INT),
    (pa.types.is_uint16, TypeId.INT),
    (pa.types.is_int64, TypeId.BIGINT),
    (pa.types.is_uint32, TypeId.BIGINT),
    (pa.types.is_uint64, TypeId.DECIMAL),
    (pa.types.is_float16, TypeId.FLOAT),
    (pa.types.is_float32, TypeId.FLOAT),
    (pa.types.is_float64, TypeId.DOUBLE),
    (pa.types.is_decimal, TypeId.DECIMAL),
    (pa.types.is_date, TypeId.DATE),
    (pa.types.is_timestamp, TypeId.TIMESTAMP),
    (pa.types.is_binary, TypeId.BINARY),
    (pa.types.is_large_binary, TypeId.BINARY),
)


def _primitive(kind: pa.DataType) -> messages.PrimitiveType:
    found = type_of(kind)
    qualifiers = None
    if found is TypeId.DECIMAL:
        precision = kind.precision if pa.types.is_decimal(kind) else WIDEST_INTEGER
        scale = kind.scale if pa.types.is_decimal(kind) else 0
        qualifiers = messages.Qualifiers(
            by_name={
                "precision": messages.QualifierValue(number=precision),
                "scale": messages.QualifierValue(number=scale),
            }
        )
    return messages.PrimitiveType(kind=int(found), qualifiers=qualifiers)


def _column(values: pa.Array) -> messages.Column:
    kind = type_of(values.type)
    nulls = _nulls(values)
    if kind in _PLAIN:
        name, holder, null = _PLAIN[kind]
        return messages.Column(**{name: holder(_plain(values, null), nulls)})
    return messages.Column(strings=messages.Strings(_texts(values), nulls))


# Which column holds a type, and what stands where it is null. All others travel as text.
_PLAIN: Mapping[TypeId, tuple[str, Callable[[list[object], bytes], object], object]] = {
    TypeId.BOOLEAN: ("booleans", messages.Booleans, False),
    TypeId.TINYINT: ("bytes", messages.Bytes, 0),
    TypeId.SMALLINT: ("shorts", messages.Shorts, 0),
    TypeId.INT: ("integers", messages.Integers, 0),
    TypeId.BIGINT: ("longs", messages.Longs, 0),
    TypeId.FLOAT: ("doubles", messages.Doubles, 0.0),
    TypeId.DOUBLE: ("doubles", messages.Doubles, 0.0),
    TypeId.BINARY: ("binaries", messages.Binaries, b""),
}


def _plain(values: pa.Array, null: object) -> list[object]:
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    if values.null_count:
        values = pc.fill_null(values, pa.scalar(null, type=values.type))
    found: list[object] = values.to_pylist()
    return found


def _texts(values: pa.Array) -> list[bytes]:
    """Values as UTF-8 bytes; null is empty and marked in the bitmap."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        utc = values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.timestamp("us"))
        values = pc.strftime(utc, format=TIMESTAMP_FORMAT)
    elif pa.types.is_nested(kind):
        return [b"" if v is None else _json(v) for v in values.to_pylist()]
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        values = _as_strings(values)
    found: list[bytes] = pc.fill_null(values.cast(pa.large_binary()), b"").to_pylist()
    return found


def _as_strings(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())


def _json(value: object) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode()


def _nulls(values: pa.Array) -> bytes:
    """One bit a value, lowest first; set where the value is null."""
    size = (len(values) + 7) // 8
    if not values.null_count:
        return bytes(size)
    bits = 0
    for position, is_null in enumerate(values.is_null().to_pylist()):
        bits |= is_null << position
    return bits.to_bytes(size, "little")
