"""A large object's entries, stored while it is read, under a number that answers nobody yet.

A thread with a connection of its own stores what the reader puts, a short transaction for each
part: PostgreSQL works on one core while the reader works on another. Where it falls behind, the
reader stores a part itself, so that no core waits and memory holds a few parts. The last
transaction, the reader's own, says whose number it is. Whoever is killed before leaves a number
that nobody knows, to be cleared away.
"""

import sys
from contextlib import suppress
from datetime import datetime
from queue import Empty, Full, Queue
from threading import Event, Thread
from uuid import UUID

from django.db import DatabaseError, connection

from governance.isolation.scopes import namespace_scope
from purge.adapters.postgresql.index_rows import OWN_NUMBER, SETTINGS, IndexRows

WAITING = 2
USUAL = sys.getswitchinterval()
"""Asked once: of two arrivals, the second would find what the first one set, and put that back."""
HANDING_OVER = 0.0002
"""Seconds. A part is a few short calls of libpq, and after each the thread wants the interpreter
back from the reader: at Python's own 5 ms PostgreSQL would wait for a tenth of the time."""

BEGIN = f"INSERT INTO purge_indexarrival (namespace_number) VALUES ({OWN_NUMBER}) RETURNING number"  # noqa: S608 - no value is put into the text
HOLD = f"SELECT {SETTINGS} FROM purge_indexarrival WHERE number = %s FOR SHARE"  # noqa: S608 - no value is put into the text
# Whoever stores a part holds the number fast: then all that will come under it has come.
UNPUBLISHED = "DELETE FROM purge_indexarrival WHERE object_number IS NULL AND "
PUBLISH = "UPDATE purge_indexarrival SET object_number = %s WHERE number = %s"


class ArrivalLostError(RuntimeError):
    """It was cleared away while it was read: reading took longer than such numbers are kept."""


class IndexArrival:
    """Made by the first part of a large object; `end` it before anything else is done with it."""

    def __init__(self, namespace_id: UUID) -> None:
        self.number = 0
        self._namespace_id = namespace_id
        self._has_begun = Event()
        self._parts: Queue[IndexRows | None] = Queue(WAITING)
        self._failures: list[Exception] = []
        sys.setswitchinterval(HANDING_OVER)
        self._thread = Thread(target=self._work, name="index-arrival", daemon=True)
        self._thread.start()

    def put(self, rows: IndexRows) -> None:
        """Leave a part to be stored, or store it. Raises what went wrong with any."""
        try:
            self._parts.put_nowait(rows)
        except Full:
            self._store(rows)
        self._raise()

    def end(self) -> None:
        """Store what is left. Raises what went wrong."""
        with suppress(Empty):
            while rows := self._parts.get_nowait():
                self._store(rows)
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
        if self.number:
            with suppress(DatabaseError), namespace_scope(self._namespace_id):
                _drop("number = %s", self.number)

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._parts.put(None)
            self._thread.join()
            sys.setswitchinterval(USUAL)

    def _work(self) -> None:
        try:
            self._begin()
            while (rows := self._parts.get()) is not None:
                if not self._failures:
                    self._store(rows)
        finally:
            connection.close()

    def _store(self, rows: IndexRows) -> None:
        self._has_begun.wait()
        try:
            with namespace_scope(self._namespace_id):
                with connection.cursor() as cursor:
                    cursor.execute(HOLD, [self.number])
                    _check(cursor.rowcount == 1)
                rows.insert(number=self.number)
        except Exception as error:  # noqa: BLE001 - raised where the object is read
            self._failures.append(error)

    def _begin(self) -> None:
        """Not by the reader: the number has to be known outside of its transaction."""
        try:
            with namespace_scope(self._namespace_id), connection.cursor() as cursor:
                cursor.execute(BEGIN)
                (self.number,) = cursor.fetchone()
        except Exception as error:  # noqa: BLE001 - raised where the object is read
            self._failures.append(error)
        self._has_begun.set()

    def _raise(self) -> None:
        if self._failures:
            raise self._failures[0]


def _check(is_there: bool) -> None:  # noqa: FBT001 - one word says all
    if not is_there:
        raise ArrivalLostError


def number_of(object_number: int) -> int:
    """Under which number the object's entries are: its own, or that they arrived under."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM purge_indexarrival WHERE object_number = %s", [object_number]
        )
        arrived = cursor.fetchone()
    return object_number if arrived is None else int(arrived[0])


def end_of(object_number: int) -> None:
    """Forget under which number the object's entries arrived: they are gone."""
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
