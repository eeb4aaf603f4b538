"""A large object's entries, stored while it is read, under a number that answers nobody yet.

Threads with connections of their own store what the reader puts, a short transaction for each part:
PostgreSQL works on one core while the reader works on another, and memory holds a few parts. The
last transaction, the reader's own, says whose number it is. Whoever is killed before leaves a
number that nobody knows, to be cleared away.
"""

from contextlib import suppress
from datetime import datetime
from queue import Queue
from threading import Lock, Thread
from uuid import UUID

from django.db import DatabaseError, connection

from governance.isolation.scopes import namespace_scope
from purge.adapters.postgresql.index_rows import OWN_NUMBER, IndexRows

AT_ONCE = 2
BEGIN = f"INSERT INTO purge_indexarrival (namespace_number) VALUES ({OWN_NUMBER}) RETURNING number"  # noqa: S608 - no value is put into the text
HOLD = "SELECT number FROM purge_indexarrival WHERE number = %s FOR SHARE"
# Whoever stores a part holds the number fast: then all that will come under it has come.
UNPUBLISHED = "DELETE FROM purge_indexarrival WHERE object_number IS NULL AND "
PUBLISH = "UPDATE purge_indexarrival SET object_number = %s WHERE number = %s"


class ArrivalLostError(RuntimeError):
    """It was cleared away while it was read: reading took longer than such numbers are kept."""


class IndexArrival:
    """Made by the first part of a large object; `end` it before anything else is done with it."""

    def __init__(self, namespace_id: UUID) -> None:
        self.number: int | None = None
        self._namespace_id = namespace_id
        self._beginning = Lock()
        self._parts: Queue[IndexRows | None] = Queue(AT_ONCE)
        self._failures: list[Exception] = []
        self._threads = [
            Thread(target=self._work, name="index-arrival", daemon=True) for _ in range(AT_ONCE)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, rows: IndexRows) -> None:
        """Leave a part to be stored; waits while enough are waiting."""
        self._raise()
        self._parts.put(rows)

    def end(self) -> None:
        """Wait until all is stored. Raises what went wrong."""
        self._stop()
        self._raise()

    def publish(self, *, object_number: int) -> None:
        """From this transaction's end on it is the object's. Needs the namespace scope."""
        with connection.cursor() as cursor:
            cursor.execute(PUBLISH, [object_number, self.number])
            _check(cursor.rowcount == 1)

    def drop(self) -> None:
        """Nobody wants it. What cannot be dropped is left, and cleared away one day."""
        self._stop()
        if self.number is not None:
            with suppress(DatabaseError), namespace_scope(self._namespace_id):
                _drop("number = %s", self.number)

    def _stop(self) -> None:
        for _ in self._threads:
            self._parts.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        try:
            while (rows := self._parts.get()) is not None:
                if not self._failures:  # Else the reader is told; it must not wait for ever.
                    self._store(rows)
        finally:
            connection.close()

    def _store(self, rows: IndexRows) -> None:
        try:
            number = self._begun()
            with namespace_scope(self._namespace_id):
                with connection.cursor() as cursor:
                    cursor.execute(HOLD, [number])
                    _check(cursor.rowcount == 1)
                rows.insert(number=number)
        except Exception as error:  # noqa: BLE001 - raised where the object is read
            self._failures.append(error)

    def _begun(self) -> int:
        with self._beginning:
            if self.number is None:
                with namespace_scope(self._namespace_id), connection.cursor() as cursor:
                    cursor.execute(BEGIN)
                    (number,) = cursor.fetchone()
                self.number = int(number)
            return self.number

    def _raise(self) -> None:
        if self._failures:
            raise self._failures[0]


def _check(is_there: bool) -> None:  # noqa: FBT001 - one word says all
    if not is_there:
        raise ArrivalLostError


def end_of(*, object_number: int) -> None:
    """Forget that an arrival was the object's, whose entries are gone. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM purge_indexarrival WHERE object_number = %s", [object_number])


def clear(*, begun_before: datetime) -> int:
    """Drop what was begun so long ago and belongs to no object. Needs the scope."""
    return _drop("begun_at < %s", begun_before)


def _drop(condition: str, value: int | datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"{UNPUBLISHED}{condition} RETURNING number", [value])
        numbers = [number for (number,) in cursor.fetchall()]
        if numbers:
            cursor.execute("DELETE FROM purge_indexentry WHERE object_number = ANY(%s)", [numbers])
    return len(numbers)
