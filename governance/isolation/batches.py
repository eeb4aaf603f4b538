"""Writes that nobody waits for, sent to PostgreSQL together with the statement that follows.

To send a statement and to take its answer costs this process several times what writing one more
row with it does. Within `gathered()`, rows that are inserted and changes that nobody counts wait
for the next statement of any kind (or for the end) and go before it, in their order. Whatever
reads, locks or counts therefore sees them, and a constraint that one of them breaks is raised
from there. COPY and callproc() alone do not wait for them: Django lets nobody see those go.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, transaction

# Statements with their values in them, as psycopg quotes them.
_waiting: ContextVar[list[str] | None] = ContextVar("lakewarden_waiting_writes", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """A transaction (or a part of the open one) whose writes may wait for each other.

    It has no savepoint: if it fails, what still waits is forgotten and all else is rolled back.
    """
    with transaction.atomic(savepoint=False):
        if _waiting.get() is not None:
            yield
            return
        token = _waiting.set([])
        try:
            with connection.execute_wrapper(_after_those_waiting):
                yield
                _send_those_waiting()
        finally:
            _waiting.reset(token)


def write(sql: str, parameters: Sequence[object]) -> None:
    """Now, or with the next statement where writes are gathered."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append(_with_values(sql, parameters))
        return
    with connection.cursor() as cursor:
        execute(cursor, sql, parameters)


def execute(cursor: Any, sql: str, parameters: Sequence[object]) -> None:  # noqa: ANN401 - Django's
    """Run after all that waits, in one trip; the cursor then has this statement's own answer."""
    waiting = _taken()
    if not waiting:
        cursor.execute(sql, parameters)
        return
    cursor.execute(";\n".join([*waiting, _with_values(sql, parameters)]))
    for _ in waiting:
        cursor.nextset()


def _with_values(sql: str, parameters: Sequence[object]) -> str:
    """The text that psycopg would send (Django has it put the values in: its ClientCursor)."""
    text: str = connection.connection.cursor().mogrify(sql, parameters)
    return text


def _after_those_waiting(
    execute_next: Callable[..., Any],
    sql: str,
    parameters: Any,  # noqa: ANN401 - Django's signature
    many: bool,  # noqa: FBT001
    context: dict[str, Any],
) -> Any:  # noqa: ANN401
    """Before a statement that knows nothing of batches."""
    _send_those_waiting()
    return execute_next(sql, parameters, many, context)


def _send_those_waiting() -> None:
    waiting = _taken()
    if waiting:
        with connection.cursor() as cursor:
            cursor.execute(";\n".join(waiting))


def _taken() -> list[str]:
    """Those that waited; from now on nobody else sends them."""
    waiting = _waiting.get()
    if not waiting:
        return []
    taken = waiting.copy()
    waiting.clear()
    return taken
