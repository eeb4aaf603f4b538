"""The metastore index as a partitioned PostgreSQL table, fed with arrays.

Row-level security forbids COPY FROM. Arrays cost no more: the table and its trees are what takes
time. Works in the namespace scope that is open; a large object's entries arrive before that, by
connections of their own (`index_arrivals`).
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from purge.adapters.postgresql import index_arrivals, index_rows
from purge.adapters.postgresql.index_arrivals import IndexArrival
from purge.adapters.postgresql.index_rows import FURTHEST, SETTINGS, IndexRows
from purge.ports import IndexEntries, Place

FIRST_PART, LARGEST_PART = 1 << 13, 1 << 15
"""Rows. PostgreSQL begins early, and goes on in parts that cost least a row."""

# From PostgreSQL 17 on the service may maintain what its owner made (migration 0006).
PARTS = """
SELECT relid::regclass::text,
       CASE WHEN current_setting('server_version_num')::integer >= 170000
            THEN has_table_privilege(relid, 'MAINTAIN') ELSE false END,
       pg_total_relation_size(relid)
FROM pg_partition_tree('purge_indexentry') WHERE isleaf ORDER BY 1
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
    "index: left as it is. The database's owner vacuums it: VACUUM (ANALYZE) purge_indexentry"
)

# What arrives and was not published answers nobody.
PLACES = """
SELECT number, fingerprint, place, length_low FROM (
  SELECT CASE WHEN arrival.number IS NULL THEN entry.object_number ELSE arrival.object_number END
    AS number, fingerprint, place, length_low
  FROM purge_indexentry entry
  LEFT JOIN purge_indexarrival arrival ON arrival.number = entry.object_number
  WHERE fingerprint = ANY(%s)) found
WHERE number IS NOT NULL """
ORDER = " ORDER BY number, place & %s"
REMOVE = "DELETE FROM purge_indexentry WHERE object_number = %s"


class PostgreSQLIndexBatch:
    """Implements `purge.ports.IndexBatch`: rows of one transaction, or a large object's arrival."""

    def __init__(self, namespace_id: UUID) -> None:
        self.count = 0
        self._namespace_id = namespace_id
        self._rows = IndexRows()
        self._part = FIRST_PART
        self._arrival: IndexArrival | None = None

    def add(self, entries: IndexEntries) -> None:
        for first in range(0, len(entries.fingerprints), LARGEST_PART):
            if self._rows.count >= self._part:
                self._send()
                self._part = min(2 * self._part, LARGEST_PART)
            some = slice(first, first + LARGEST_PART)
            self._rows.add(IndexEntries(*(column[some] for column in entries)))
        self.count += len(entries.fingerprints)

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        if self._arrival is not None:
            self._send()
            self._arrival.end()
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

    def _send(self) -> None:
        if self._arrival is None:
            self._arrival = IndexArrival(self._namespace_id)
        self._arrival.put(self._rows)
        self._rows = IndexRows()


class PostgreSQLMetastoreIndex:
    """Implements `purge.ports.MetastoreIndex`."""

    def batch(self, *, namespace_id: UUID) -> PostgreSQLIndexBatch:
        return PostgreSQLIndexBatch(namespace_id)

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        only = "" if object_numbers is None else "AND number = ANY(%s)"
        values: list[list[int]] = [list(fingerprints)]
        if object_numbers is not None:
            values.append(list(object_numbers))
        with connection.cursor() as cursor:
            cursor.execute(PLACES + only + ORDER, [*values, FURTHEST])
            for number, fingerprint, place, low in cursor:
                yield Place(number, fingerprint, index_rows.span(place, low))

    def forget(self, *, object_number: int, offsets: Collection[int]) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                f"{REMOVE} AND place & %s = ANY(%s)",
                [index_arrivals.number_of(object_number), FURTHEST, list(offsets)],
            )
            return int(cursor.rowcount)

    def remove(self, *, object_number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(REMOVE, [index_arrivals.number_of(object_number)])
            removed = int(cursor.rowcount)
        index_arrivals.end_of(object_number)
        return removed

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
