"""Arrays as PostgreSQL takes them in binary: `array_recv` of a million numbers in one call.

A statement goes to libpq as it is, in one call: no other thread is kept from working meanwhile.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence

from django.db import connection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format

BYTEA, BIGINT, SMALLINT = 17, 20, 21
"""As PostgreSQL's catalogue numbers its types."""

HEAD = struct.Struct(">iiIii")
"""Dimensions, nulls, type, length, first place."""
SIZE = struct.Struct(">i")


def execute(statement: bytes, number: int, arrays: Sequence[bytes]) -> None:
    """Run it with `number` as $1 and the arrays after it."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        result = cursor.connection.pgconn.exec_params(
            statement,
            [SIZE.pack(number), *arrays],
            param_formats=[Format.BINARY] * (1 + len(arrays)),
        )
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)


def of_numbers(numbers: "array[int]", oid: int) -> bytes:
    """Size and value each.

    Byte by byte of a number, for all numbers at once: a tenth of the time of packing each.
    """
    count, size = len(numbers), numbers.itemsize
    in_order = array(numbers.typecode, numbers)
    if sys.byteorder == "little":
        in_order.byteswap()
    values = in_order.tobytes()
    each = bytearray(SIZE.pack(size) + bytes(size)) * count
    for byte in range(size):
        each[4 + byte :: 4 + size] = values[byte::size]
    return HEAD.pack(1, 0, oid, count, 1) + each


def of_slices(values: memoryview, ends: Iterable[int]) -> bytes:
    """The values cut at these ends, as byte strings."""
    pieces: list[bytes | memoryview] = []
    start = 0
    for end in ends:
        pieces += SIZE.pack(end - start), values[start:end]
        start = end
    return HEAD.pack(1, 0, BYTEA, len(pieces) // 2, 1) + b"".join(pieces)
