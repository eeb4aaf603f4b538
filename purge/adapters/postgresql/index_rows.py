"""Rows of the metastore index, packed as PostgreSQL takes arrays of numbers in binary.

A span is packed into ten bytes: the position in the lower 47 bits of `place`, the length's upper 16
above it, its lower 15 in `length_low` (migration 0006 says why).
"""

import struct
from typing import Any

from django.db import connection
from psycopg import Cursor
from psycopg.adapt import Dumper
from psycopg.pq import Format

from purge.domain.spans import Span
from purge.ports import IndexEntries, ObjectUnreachable

POSITION_BITS, LOW_BITS = 47, 15
FURTHEST, LONGEST = (1 << POSITION_BITS) - 1, (1 << 31) - 1
LOW = (1 << LOW_BITS) - 1

# A crash of the server may undo the transactions of the last half second, the latest first. An
# object becomes what was read in the last of its own: it is read again. Whoever commits after it,
# waiting, keeps it too.
FOR_THIS_TRANSACTION = """
SELECT set_config('work_mem', '16MB', true), set_config('synchronous_commit', 'off', true)
"""
OWN_NUMBER = (
    "(SELECT number FROM purge_purgekeys WHERE namespace_id = "
    "NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)"
)
# In the trees' order, each page of a tree is visited once. Unnested side by side in a list of
# columns, arrays are read as they are; in FROM, PostgreSQL writes their rows down first.
INSERT = f"""
INSERT INTO purge_indexentry (fingerprint, place, object_number, length_low, namespace_number)
SELECT fingerprint, place, %s, length_low, {OWN_NUMBER}
FROM (SELECT unnest(%s::bigint[]) AS fingerprint, unnest(%s::bigint[]) AS place,
  unnest(%s::smallint[]) AS length_low) arriving
ORDER BY fingerprint
"""  # noqa: S608 - no value is put into the text


class BigInts(bytes):
    """An array of bigint as PostgreSQL sends and receives it."""


class SmallInts(bytes):
    """An array of smallint, likewise."""


class _Packed(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:  # noqa: ANN401 - Dumper's own signature
        packed: bytes = obj
        return packed


class _BigIntsDumper(_Packed):
    oid = 1016


class _SmallIntsDumper(_Packed):
    oid = 1005


class IndexRows:
    """Rows in columns, eighteen bytes each."""

    def __init__(self) -> None:
        self.count = 0
        self._columns: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])

    def add(self, entries: IndexEntries) -> None:
        """Raises ObjectUnreachable where a record lies further in than the index can tell."""
        fingerprints, places, lows = entries
        longest = max(lows, default=0)
        if max(places, default=0) > FURTHEST or longest > LONGEST:
            raise ObjectUnreachable(reason="too_far_in")
        if longest > LOW:
            places = [
                place | length >> LOW_BITS << POSITION_BITS
                for place, length in zip(places, lows, strict=True)
            ]
            lows = [length & LOW for length in lows]
        count = len(fingerprints)
        longs, shorts = struct.Struct(f">{count}q").pack, struct.Struct(f">{count}h").pack
        packed = longs(*fingerprints), longs(*places), shorts(*lows)
        for column, numbers in zip(self._columns, packed, strict=True):
            column.append(numbers)
        self.count += count

    def insert(self, *, number: int) -> None:
        """As the entries of this object or arrival. Needs the namespace scope."""
        fingerprints, places, lows = (b"".join(column) for column in self._columns)
        values = (
            BigInts(_array(fingerprints, self.count, type_=20)),
            BigInts(_array(places, self.count, type_=20)),
            SmallInts(_array(lows, self.count, type_=21)),
        )
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            cursor.adapters.register_dumper(BigInts, _BigIntsDumper)
            cursor.adapters.register_dumper(SmallInts, _SmallIntsDumper)
            cursor.execute(FOR_THIS_TRANSACTION)
            cursor.execute(INSERT, [number, *values])


def _array(numbers: bytes, count: int, *, type_: int) -> bytes:
    """PostgreSQL's `array_recv`: dimensions, nulls, type, length, first place; size and value each.

    Byte by byte of a number, for all numbers at once: a tenth of the time of packing each.
    """
    size = len(numbers) // count
    each = bytearray(struct.pack(">i", size) + bytes(size)) * count
    for byte in range(size):
        each[4 + byte :: 4 + size] = numbers[byte::size]
    return struct.pack(">iiIii", 1, 0, type_, count, 1) + each


def span(place: int, low: int) -> Span:
    return Span(place & FURTHEST, place >> POSITION_BITS << LOW_BITS | low)
