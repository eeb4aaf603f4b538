"""The metastore index in partitioned PostgreSQL tables, fed with arrays.

A small object's entries are rows, found by a tree; a large one's are packed into blocks
(`index_blocks`). Row-level security forbids COPY FROM, and arrays cost no more: tables and trees
are what takes time. Works in the namespace scope that is open; a large object's entries arrive
before that, by a connection of their own (`index_arrivals`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from operator import attrgetter
from uuid import UUID

from django.db import connection

from purge.adapters.postgresql import index_arrivals, index_blocks, index_rows
from purge.adapters.postgresql.index_arrivals import IndexArrival
from purge.adapters.postgresql.index_rows import FURTHEST, SETTINGS, IndexRows
from purge.ports import IndexEntries, Place

LARGE, RUN = 1 << 16, 1 << 18
"""Entries that make an object large, and that are stored at once. A look-up reads a row of each
run: 1,500 of 100 million entries if each object is as small as a large one can be."""

# From PostgreSQL 17 on the service may maintain what its owner made (migration 0006).
PARTS = """
SELECT relid::regclass::text,
       CASE WHEN current_setting('server_version_num')::integer >= 170000
            THEN has_table_privilege(relid, 'MAINTAIN') ELSE false END,
       pg_total_relation_size(relid)
FROM (SELECT * FROM pg_partition_tree('purge_indexentry')
      UNION ALL SELECT * FROM pg_partition_tree('purge_indexblock')) parts
WHERE isleaf ORDER BY 1
"""
# Sixteen bytes and a pointer of four a row, in pages nine tenths full, are 22.
TREE = """
SELECT i.indexrelid::regclass::text,
       c.reltuples > 100000 AND pg_relation_size(i.indexrelid) > c.reltuples * 36
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_class t ON t.oid = i.indexrelid JOIN pg_am a ON a.oid = t.relam AND a.amname = 'btree'
WHERE i.indrelid = %s::regclass
"""
NOT_ALLOWED = (
    "index: left as it is. The database's owner vacuums it: "
    "VACUUM (ANALYZE) purge_indexentry, purge_indexblock"
)

PLACES = """
SELECT object_number, fingerprint, place, length_low FROM purge_indexentry
WHERE fingerprint = ANY(%s) """
ORDER = " ORDER BY object_number, place & %s"
REMOVE = "DELETE FROM purge_indexentry WHERE object_number = %s"
# The numbers once more by themselves: the tree of objects is asked for them.
FORGET = """
DELETE FROM purge_indexentry USING (
  SELECT unnest(%s::integer[]) AS number, unnest(%s::bigint[]) AS position) gone
WHERE object_number = ANY(%s) AND object_number = gone.number AND place & %s = gone.position
"""


class PostgreSQLIndexBatch:
    """Implements `purge.ports.IndexBatch`: rows of one transaction, or a large object's arrival."""

    def __init__(self, namespace_id: UUID) -> None:
        self.count = 0
        self._namespace_id = namespace_id
        self._rows = IndexRows()
        self._arrival: IndexArrival | None = None

    def add(self, entries: IndexEntries) -> None:
        for first in range(0, len(entries.fingerprints), RUN):
            some = IndexEntries(*(column[first : first + RUN] for column in entries))
            if self._rows.count + len(some.fingerprints) > RUN:
                self._send()
            self._rows.add(some)
        self.count += len(entries.fingerprints)

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        if self._arrival is not None or self.count > LARGE:
            self._send().end()
        if is_known:
            PostgreSQLMetastoreIndex().remove(object_number=object_number)
        if self._arrival is not None:
            self._arrival.publish(object_number=object_number)
        elif self.count:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {SETTINGS}")
            self._rows.insert(number=object_number)
        return self.count

    def close(self) -> None:
        """What was published stays: unless the transaction that did so failed later on."""
        if self._arrival is not None:
            self._arrival.drop()
            self._arrival = None

    def _send(self) -> IndexArrival:
        if self._arrival is None:
            self._arrival = IndexArrival(self._namespace_id)
        if self._rows.count:
            self._arrival.put(self._rows)
            self._rows = IndexRows()
        return self._arrival


class PostgreSQLMetastoreIndex:
    """Implements `purge.ports.MetastoreIndex`."""

    def batch(self, *, namespace_id: UUID) -> PostgreSQLIndexBatch:
        return PostgreSQLIndexBatch(namespace_id)

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        rows = _rows_places(fingerprints, object_numbers)
        if object_numbers is not None and not index_arrivals.have_arrived(object_numbers):
            return rows
        blocks = index_blocks.places(fingerprints=fingerprints, object_numbers=object_numbers)
        return merge(rows, blocks, key=attrgetter("object_number"))

    def forget(self, *, offsets: Mapping[int, Collection[int]]) -> int:
        arrived = index_arrivals.numbers_of(offsets)
        forgotten = sum(
            index_blocks.forget(number=number, offsets=offsets[one])
            for one, number in arrived.items()
        )
        gone = [(one, at) for one in offsets.keys() - arrived.keys() for at in offsets[one]]
        if not gone:
            return forgotten
        numbers, positions = map(list, zip(*gone, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(FORGET, [numbers, positions, sorted(set(numbers)), FURTHEST])
            return forgotten + int(cursor.rowcount)

    def remove(self, *, object_number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(REMOVE, [object_number])
            removed = int(cursor.rowcount)
        return removed + index_arrivals.remove(object_number=object_number)

    def clear(self, *, begun_before: datetime) -> int:
        return index_arrivals.clear(begun_before=begun_before)

    def compact(self) -> Sequence[str]:
        """VACUUM each part, and build its tree anew where half of its pages are empty."""
        with connection.cursor() as cursor:
            cursor.execute(PARTS)
            parts = cursor.fetchall()
            if not all(allowed for _, allowed, _ in parts):
                return [NOT_ALLOWED]
            before = sum(size for _, _, size in parts)
            for part, _, _ in parts:
                cursor.execute(f"VACUUM (ANALYZE) {part}")
                cursor.execute(TREE, [part])
                for tree, is_loose in cursor.fetchall():
                    if is_loose:
                        cursor.execute(f"REINDEX INDEX CONCURRENTLY {tree}")
            cursor.execute(PARTS)
            after = sum(size for _, _, size in cursor.fetchall())
        return [f"index: {len(parts)} parts vacuumed, {before >> 20} MiB before, {after >> 20} now"]


def _rows_places(
    fingerprints: Collection[int], object_numbers: Collection[int] | None
) -> Iterator[Place]:
    only = "" if object_numbers is None else "AND object_number = ANY(%s)"
    values: list[list[int]] = [list(fingerprints)]
    if object_numbers is not None:
        values.append(list(object_numbers))
    with connection.cursor() as cursor:
        cursor.execute(PLACES + only + ORDER, [*values, FURTHEST])
        for number, fingerprint, place, low in cursor:
            yield Place(number, fingerprint, index_rows.span(place, low))
