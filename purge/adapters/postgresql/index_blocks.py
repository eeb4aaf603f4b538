"""A large object's entries in blocks: runs sorted by fingerprint, cut where its upper bits change.

A run is at most 8,192 rows, one for each `bucket`, whatever it holds. So storing is quick, an entry
costs twenty bytes, and a look-up reads one row of each run. Migration 0011 has the table.

In a block entries are three columns of numbers side by side, the lowest byte first: so libraries
for columns read and write them as they are.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate
from operator import attrgetter

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from purge.adapters.postgresql import binary_arrays, index_rows
from purge.adapters.postgresql.binary_arrays import SMALLINT
from purge.adapters.postgresql.index_rows import FURTHEST, OWN_NUMBER, IndexRows
from purge.domain.spans import Span
from purge.ports import Place

BELOW_BUCKET = 64 - 13
NUMBER = struct.Struct("<q")
AT_ONCE = 1000
"""Rows read at once: half a megabyte."""

INSERT = f"""
INSERT INTO purge_indexblock
  (number, namespace_number, bucket, fingerprints, places, lengths_low)
SELECT $1::integer, {OWN_NUMBER}, unnest($2::smallint[]),
  unnest($3::bytea[]), unnest($4::bytea[]), unnest($5::bytea[])
""".encode()

# Of the blocks that could hold a fingerprint only those are sent that seem to. One at a time: the
# bucket is then known when PostgreSQL plans, which needs no statistics to choose the right tree.
FIND = """
SELECT object_number, fingerprints, places, lengths_low
FROM purge_indexblock block JOIN purge_indexarrival arrival USING (number)
WHERE bucket = %s AND position(%s IN fingerprints) > 0 AND object_number IS NOT NULL """
REMOVE = """
WITH removed AS (DELETE FROM purge_indexblock WHERE number = ANY(%s) RETURNING fingerprints)
SELECT coalesce(sum(length(fingerprints)), 0) / 8 FROM removed
"""
BLOCKS_PLACES = "SELECT bucket, places FROM purge_indexblock WHERE number = %s"
TAKE = """
DELETE FROM purge_indexblock WHERE number = %s AND bucket = ANY(%s)
RETURNING fingerprints, places, lengths_low
"""


def insert(rows: IndexRows, *, number: int) -> None:
    """Store a run under the number of an arrival."""
    prints = _column(rows.fingerprints, pa.int64())
    order = pc.sort_indices(prints)
    prints = prints.take(order)
    buckets = pc.run_end_encode(pc.shift_right(prints, BELOW_BUCKET))
    ends = buckets.run_ends.to_pylist()
    columns = (
        prints,
        _column(rows.places, pa.int64()).take(order),
        _column(rows.lengths_low, pa.int16()).take(order),
    )
    arrays = [binary_arrays.of_numbers(array("h", buckets.values.to_pylist()), SMALLINT)]
    for column in columns:
        size = column.type.byte_width
        values = memoryview(column.buffers()[1])
        arrays.append(binary_arrays.of_slices(values, [end * size for end in ends]))
    binary_arrays.execute(INSERT, number, arrays)


def places(
    *, fingerprints: Collection[int], object_numbers: Collection[int] | None
) -> Iterator[Place]:
    """Where these are in published arrivals, by object and offset."""
    only = "" if object_numbers is None else "AND object_number = ANY(%s)"
    within = [] if object_numbers is None else [list(object_numbers)]
    found: list[Place] = []
    with connection.cursor() as cursor:
        for one in set(fingerprints):
            cursor.execute(FIND + only, [one >> BELOW_BUCKET, NUMBER.pack(one), *within])
            for number, *columns in cursor:
                found += [Place(number, one, span) for span in _spans(one, *columns)]
    yield from sorted(found, key=attrgetter("object_number", "span"))


def forget(*, number: int, offsets: Collection[int]) -> int:
    """Take out the blocks that have entries there, and put them back without. How many entries."""
    touched = sorted(set(_touched(number, offsets)))
    gone, forgotten, rest = set(offsets), 0, IndexRows()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [number, touched])
        for columns in cursor:
            for entry in _entries(*columns):
                if entry[1] & FURTHEST in gone:
                    forgotten += 1
                else:
                    rest.append(*entry)
    if rest.count:
        insert(rest, number=number)
    return forgotten


def remove(*, numbers: Collection[int]) -> int:
    """Drop these arrivals' blocks. How many entries."""
    with connection.cursor() as cursor:
        cursor.execute(REMOVE, [list(numbers)])
        return int(cursor.fetchone()[0])


def _touched(number: int, offsets: Collection[int]) -> Iterator[int]:
    """The buckets whose blocks have an entry at one of these offsets."""
    wanted = pa.array(offsets, pa.int64())
    with connection.chunked_cursor() as cursor:
        cursor.execute(BLOCKS_PLACES, [number])
        while rows := cursor.fetchmany(AT_ONCE):
            ends = list(accumulate(len(places) for _, places in rows))
            found = _column(b"".join(places for _, places in rows), pa.int64())
            hits = pc.is_in(pc.bit_wise_and(found, FURTHEST), wanted)
            for at in pc.indices_nonzero(hits).to_pylist():
                yield rows[bisect_right(ends, at * found.type.byte_width)][0]


def _spans(wanted: int, prints: bytes, places: bytes, lengths_low: bytes) -> Iterator[Span]:
    for one, place, low in _entries(prints, places, lengths_low):
        if one == wanted:
            yield index_rows.span(place, low)


def _entries(prints: bytes, places: bytes, lengths_low: bytes) -> Iterator[tuple[int, int, int]]:
    numbers = memoryview(prints).cast("q"), memoryview(places).cast("q")
    return zip(*numbers, memoryview(lengths_low).cast("h"), strict=True)


def _column(numbers: "array[int] | bytes", kind: pa.DataType) -> pa.Array:
    buffer = pa.py_buffer(numbers)
    return pa.Array.from_buffers(kind, buffer.size // kind.byte_width, [None, buffer])
