"""The metastore index as a partitioned PostgreSQL table, fed by binary COPY.

A span is packed into ten bytes: the position in the lower 47 bits of `place`, the length's upper 16
above it, its lower 15 in `length_low` (migration 0006 says why).

Row-level security forbids COPY FROM into the table itself: rows go to a temporary table and from
there by INSERT … SELECT. Works in the namespace scope that is open.
"""

import struct
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO

from django.db import connection

from purge.domain.spans import Span
from purge.ports import IndexEntry, ObjectUnreachable, Place

# PostgreSQL's binary COPY format: signature, flags and extension; rows; an end mark.
HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
ROW = struct.Struct(">h iq iq ih")
END = struct.pack(">h", -1)
SPOOL_IN_MEMORY = 16 << 20
COPY_AT_ONCE = 1 << 20
ROWS_AT_ONCE = 1 << 14
FEW = 2000  # A temporary table costs more than to send so many as arrays.
POSITION_BITS, LOW_BITS = 47, 15
FURTHEST, LONGEST = (1 << POSITION_BITS) - 1, (1 << 31) - 1
LOW = (1 << LOW_BITS) - 1

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

OWN_NUMBER = (
    "(SELECT number FROM purge_purgekeys WHERE namespace_id = "
    "NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)"
)
# In the trees' order, each page of a tree is visited once.
INSERT = f"""
INSERT INTO purge_indexentry (fingerprint, place, object_number, length_low, namespace_number)
SELECT fingerprint, place, %s, length_low, {OWN_NUMBER} FROM """  # noqa: S608 - no value is put into the text
ARRIVING = """
CREATE TEMPORARY TABLE purge_arriving (fingerprint bigint, place bigint, length_low smallint)
ON COMMIT DROP
"""
FROM_ARRIVING = "purge_arriving ORDER BY fingerprint"
FROM_ARRAYS = """
unnest(%s::bigint[], %s::bigint[], %s::smallint[]) arriving(fingerprint, place, length_low)
ORDER BY fingerprint
"""
# A crash of the server may undo the transactions of the last half second. An object and its entries
# are one of them: the object is read again. Whoever commits after it, waiting, keeps it too.
FOR_THIS_TRANSACTION = """
SELECT set_config('work_mem', '64MB', true), set_config('synchronous_commit', 'off', true)
"""


class PostgreSQLIndexBatch:
    """Implements `purge.ports.IndexBatch`: rows as COPY wants them, spilled to disk when many."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY)  # noqa: SIM115 - closed by close()

    def add(self, entries: Iterable[IndexEntry]) -> None:
        packed = _packed(entries)
        while rows := b"".join(islice(packed, ROWS_AT_ONCE)):
            self.rows.write(rows)
            self.count += len(rows) // ROW.size

    def pieces(self) -> Iterator[bytes]:
        self.rows.seek(0)
        while piece := self.rows.read(ROWS_AT_ONCE * ROW.size):
            yield piece

    def take(self, piece: bytes) -> None:
        self.rows.write(piece)
        self.count += len(piece) // ROW.size

    def store(self, *, object_number: int, is_known: bool = True) -> int:
        if is_known:
            PostgreSQLMetastoreIndex().remove(object_number=object_number)
        if not self.count:
            return 0
        self.rows.seek(0)
        with connection.cursor() as cursor:
            cursor.execute(FOR_THIS_TRANSACTION)
            if self.count <= FEW:
                rows = ROW.iter_unpack(self.rows.read())
                _, _, prints, _, places, _, lows = zip(*rows, strict=True)
                columns = [list(prints), list(places), list(lows)]
                cursor.execute(INSERT + FROM_ARRAYS, [object_number, *columns])
            else:
                cursor.execute(ARRIVING)
                with cursor.copy("COPY purge_arriving FROM STDIN (FORMAT binary)") as copy:
                    copy.write(HEAD)
                    while chunk := self.rows.read(COPY_AT_ONCE):
                        copy.write(chunk)
                    copy.write(END)
                cursor.execute(INSERT + FROM_ARRIVING, [object_number])
                cursor.execute("DROP TABLE purge_arriving")
        return self.count

    def close(self) -> None:
        self.rows.close()


class PostgreSQLMetastoreIndex:
    """Implements `purge.ports.MetastoreIndex`."""

    def batch(self) -> PostgreSQLIndexBatch:
        return PostgreSQLIndexBatch()

    def places(
        self, *, fingerprints: Collection[int], object_numbers: Collection[int] | None = None
    ) -> Iterator[Place]:
        only = "" if object_numbers is None else "AND object_number = ANY(%s)"
        values: list[list[int]] = [list(fingerprints)]
        if object_numbers is not None:
            values.append(list(object_numbers))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT object_number, fingerprint, place, length_low FROM purge_indexentry "  # noqa: S608 - no value is put into the text
                f"WHERE fingerprint = ANY(%s) {only} ORDER BY object_number, place & %s",
                [*values, FURTHEST],
            )
            for number, fingerprint, place, low in cursor:
                yield Place(number, fingerprint, _span(place, low))

    def forget(self, *, object_number: int, offsets: Collection[int]) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM purge_indexentry WHERE object_number = %s AND place & %s = ANY(%s)",
                [object_number, FURTHEST, list(offsets)],
            )
            return int(cursor.rowcount)

    def remove(self, *, object_number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM purge_indexentry WHERE object_number = %s", [object_number])
            return int(cursor.rowcount)

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


def _packed(entries: Iterable[IndexEntry]) -> Iterator[bytes]:
    pack = ROW.pack
    for fingerprint, (offset, length) in entries:
        if offset > FURTHEST or length > LONGEST:
            raise ObjectUnreachable(reason="too_far_in")
        place = offset | length >> LOW_BITS << POSITION_BITS
        yield pack(3, 8, fingerprint, 8, place, 2, length & LOW)


def _span(place: int, low: int) -> Span:
    return Span(place & FURTHEST, place >> POSITION_BITS << LOW_BITS | low)
