"""A large object's entries, stored while it is read, under a number that answers nobody yet.

One thread stores a run while the reader gathers the next: PostgreSQL works on one core while the
reader works on another, and memory holds two runs. The last transaction, the reader's own, says
whose number it is. Whoever is killed before leaves a number that nobody knows, to be cleared away.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, connection

from governance.isolation.scopes import namespace_scope
from purge.adapters.postgresql import index_blocks
from purge.adapters.postgresql.index_rows import OWN_NUMBER, SETTINGS, IndexRows

BEGIN = f"INSERT INTO purge_indexarrival (namespace_number) VALUES ({OWN_NUMBER}) RETURNING number, {SETTINGS}"  # noqa: S608, E501 - no value is put into the text
# Whoever stores a run holds the number fast: then all that will come under it has come.
HOLD = f"SELECT number, {SETTINGS} FROM purge_indexarrival WHERE number = %s FOR SHARE"  # noqa: S608 - no value is put into the text
DROP = "DELETE FROM purge_indexarrival WHERE"
UNPUBLISHED = "object_number IS NULL"
PUBLISH = "UPDATE purge_indexarrival SET object_number = %s WHERE number = %s"
NUMBERS = "SELECT object_number, number FROM purge_indexarrival WHERE object_number = ANY(%s)"


class ArrivalLostError(RuntimeError):
    """It was cleared away while it was read: reading took longer than such numbers are kept."""


class IndexArrival:
    """Made for the first run of a large object; `end` it before anything else is done with it."""

    def __init__(self, namespace_id: UUID) -> None:
        self._number: int | None = None
        self._namespace_id = namespace_id
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index-arrival")
        self._storing: Future[None] | None = None

    def put(self, run: IndexRows) -> None:
        """Leave a run to be stored. Raises what went wrong with the one before."""
        self.end()
        self._storing = self._thread.submit(self._store, run)

    def end(self) -> None:
        """Wait for what is left. Raises what went wrong."""
        if self._storing is not None:
            self._storing.result()

    def publish(self, *, object_number: int) -> None:
        """From this transaction's end on it is the object's. Needs the namespace scope."""
        with connection.cursor() as cursor:
            cursor.execute(PUBLISH, [object_number, self._number])
            if cursor.rowcount != 1:
                raise ArrivalLostError

    def drop(self) -> None:
        """Nobody wants it. What cannot be dropped is left, and cleared away one day."""
        self._thread.shutdown()
        if self._number is not None:
            with suppress(DatabaseError), namespace_scope(self._namespace_id):
                _drop(f"{UNPUBLISHED} AND number = %s", self._number)

    def _store(self, run: IndexRows) -> None:
        try:
            with namespace_scope(self._namespace_id):
                self._number = self._held()
                index_blocks.insert(run, number=self._number)
        finally:
            connection.close()

    def _held(self) -> int:
        """Not by the reader: the number has to be known outside of its transaction."""
        with connection.cursor() as cursor:
            if self._number is None:
                cursor.execute(BEGIN)
            else:
                cursor.execute(HOLD, [self._number])
            held = cursor.fetchone()
        if held is None:
            raise ArrivalLostError
        return int(held[0])


def numbers_of(object_numbers: Collection[int]) -> Mapping[int, int]:
    """Under which numbers entries of large ones arrived. The transaction holds them fast."""
    with connection.cursor() as cursor:
        cursor.execute(f"{NUMBERS} FOR UPDATE", [list(object_numbers)])
        return dict(cursor.fetchall())


def have_arrived(object_numbers: Collection[int]) -> bool:
    """Whether any of them is large."""
    with connection.cursor() as cursor:
        cursor.execute(f"{NUMBERS} LIMIT 1", [list(object_numbers)])
        return cursor.fetchone() is not None


def remove(*, object_number: int) -> int:
    """Drop what arrived of this object, and its number. How many entries."""
    _, removed = _drop("object_number = %s", object_number)
    return removed


def clear(*, begun_before: datetime) -> int:
    """Drop what was begun so long ago and belongs to no object. How many. Needs the scope."""
    dropped, _ = _drop(f"{UNPUBLISHED} AND begun_at < %s", begun_before)
    return dropped


def _drop(condition: str, value: int | datetime) -> tuple[int, int]:
    """How many numbers, and entries under them."""
    with connection.cursor() as cursor:
        cursor.execute(f"{DROP} {condition} RETURNING number", [value])
        numbers = [number for (number,) in cursor.fetchall()]
    # After them: by now nobody stores a run any more.
    return len(numbers), index_blocks.remove(numbers=numbers) if numbers else 0
