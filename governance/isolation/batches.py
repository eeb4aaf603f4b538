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
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import abc, adapt


@dataclass(frozen=True, slots=True)
class Batch:
    """Statements with their values in them, quoted as psycopg's ClientCursor does (Django's).

    One Transformer for all of them knows the kinds of values that it has quoted before.
    """

    quoting: abc.Transformer
    statements: list[str]

    def with_values(self, sql: str, parameters: Sequence[object]) -> str:
        # Here is where psycopg refuses a value (a NUL): in Django's words, as if it had been sent.
        with connection.wrap_database_errors:
            quoted = [
                self.quoting.as_literal(one).decode(self.quoting.encoding) for one in parameters
            ]
        return sql % tuple(quoted)

    def taken(self) -> list[str]:
        """Those that waited; from now on nobody else sends them."""
        taken = self.statements.copy()
        self.statements.clear()
        return taken


_batch: ContextVar[Batch | None] = ContextVar("lakewarden_batch", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """A transaction (or a part of the open one) whose writes may wait for each other.

    It has no savepoint: if it fails, what still waits is forgotten and all else is rolled back.
    """
    with transaction.atomic(savepoint=False):
        if _batch.get() is not None:
            yield
            return
        token = _batch.set(Batch(quoting=adapt.Transformer(connection.connection), statements=[]))
        try:
            with connection.execute_wrapper(_after_those_waiting):
                yield
                _send_those_waiting()
        finally:
            _batch.reset(token)


def write(sql: str, parameters: Sequence[object]) -> None:
    """Now, or with the next statement where writes are gathered."""
    batch = _batch.get()
    if batch is not None:
        batch.statements.append(batch.with_values(sql, parameters))
        return
    with connection.cursor() as cursor:
        execute(cursor, sql, parameters)


def execute(cursor: Any, sql: str, parameters: Sequence[object]) -> None:  # noqa: ANN401 - Django's
    """Run after all that waits, in one trip; the cursor then has this statement's own answer."""
    batch = _batch.get()
    if batch is None or not batch.statements:
        cursor.execute(sql, parameters)
        return
    waiting = batch.taken()
    cursor.execute(";\n".join([*waiting, batch.with_values(sql, parameters)]))
    for _ in waiting:
        cursor.nextset()


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
    batch = _batch.get()
    if batch is not None and batch.statements:
        with connection.cursor() as cursor:
            cursor.execute(";\n".join(batch.taken()))
