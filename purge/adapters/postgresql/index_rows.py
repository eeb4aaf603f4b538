"""Rows of the metastore index, packed as PostgreSQL takes arrays of numbers in binary.

A span is packed into ten bytes: the position in the lower 47 bits of `place`, the length's upper 16
above it, its lower 15 in `length_low` (migration 0006 says why).
"""

import struct
import sys
from array import array

from django.db import connection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format

from purge.domain.spans import Span
from purge.ports import IndexEntries, ObjectUnreachable

POSITION_BITS, LOW_BITS = 47, 15
FURTHEST, LONGEST = (1 << POSITION_BITS) - 1, (1 << 31) - 1
LOW = (1 << LOW_BITS) - 1

# A crash of the server may undo the transactions of the last half second, the latest first. An
# object becomes what was read in the last of its own: it is read again. Whoever commits after it,
# waiting, keeps it too.
SETTINGS = "set_config('work_mem', '16MB', true), set_config('synchronous_commit', 'off', true)"
OWN_NUMBER = (
    "(SELECT number FROM purge_purgekeys WHERE namespace_id = "
    "NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)"
)
# This goes to libpq as it is, in one call: no other thread is kept from working meanwhile.
# In the trees' order, each page of a tree is visited once. Unnested side by side in a list of
# columns, arrays are read as they are; in FROM, PostgreSQL writes their rows down first.
INSERT = f"""
INSERT INTO purge_indexentry (fingerprint, place, object_number, length_low, namespace_number)
SELECT fingerprint, place, $1::integer, length_low, {OWN_NUMBER}
FROM (SELECT unnest($2::bigint[]) AS fingerprint, unnest($3::bigint[]) AS place,
  unnest($4::smallint[]) AS length_low) arriving
ORDER BY fingerprint
""".encode()  # noqa: S608 - no value is put into the text


BIGINT, SMALLINT = 20, 21
"""As PostgreSQL's catalogue numbers its types."""

INTEGER = struct.Struct(">i")


class IndexRows:
    """Rows in columns, eighteen bytes each."""

    def __init__(self) -> None:
        self._columns = array("q"), array("q"), array("h")

    @property
    def count(self) -> int:
        return len(self._columns[0])

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
        for column, numbers in zip(self._columns, (fingerprints, places, lows), strict=True):
            column.extend(numbers)

    def insert(self, *, number: int) -> None:
        """As the entries of this object or arrival, by this transaction's `SETTINGS`."""
        types = BIGINT, BIGINT, SMALLINT
        arrays = [_sent(column, oid) for column, oid in zip(self._columns, types, strict=True)]
        with connection.wrap_database_errors, connection.cursor() as cursor:
            result = cursor.connection.pgconn.exec_params(
                INSERT, [INTEGER.pack(number), *arrays], param_formats=[Format.BINARY] * 4
            )
            if result.status != ExecStatus.COMMAND_OK:
                raise error_from_result(result)


def _sent(numbers: "array[int]", oid: int) -> bytes:
    """PostgreSQL's `array_recv`: dimensions, nulls, type, length, first place; size and value each.

    Byte by byte of a number, for all numbers at once: a tenth of the time of packing each.
    """
    count, size = len(numbers), numbers.itemsize
    in_order = array(numbers.typecode, numbers)
    if sys.byteorder == "little":
        in_order.byteswap()
    values = in_order.tobytes()
    each = bytearray(struct.pack(">i", size) + bytes(size)) * count
    for byte in range(size):
        each[4 + byte :: 4 + size] = values[byte::size]
    return struct.pack(">iiIii", 1, 0, oid, count, 1) + each


def span(place: int, low: int) -> Span:
    return Span(place & FURTHEST, place >> POSITION_BITS << LOW_BITS | low)
