"""Which namespace the running code works for, in Python and in the database transaction.

A scope is a transaction: row-level security compares each row with a setting that lives as
long as the transaction (`set_config(…, is_local => true)`), so nothing leaks into the next use
of a pooled connection.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import connection, transaction

log = structlog.get_logger(__name__)

NAMESPACE_SETTING = "lakewarden.namespace"
SYSTEM_SETTING = "lakewarden.system"
TELL = "SELECT set_config(%s, %s, true), set_config(%s, %s, true)"
TELL_BY_NAME = """
SELECT id, set_config(%s, coalesce(id::text, ''), true), set_config(%s, '', true)
FROM lakewarden_namespace_named(%s) AS id
"""


class ScopeMissingError(RuntimeError):
    """Code asked for rows without saying whose: a programming error, never an answer."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`namespace_id` is None in a system scope, which sees every namespace."""

    namespace_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A scope of this transaction, entered when so many savepoints stood."""

    savepoints: int
    scope: Scope | None


_scope: ContextVar[Scope | None] = ContextVar("lakewarden_scope", default=None)
_entries: ContextVar[tuple[_Entry, ...]] = ContextVar("lakewarden_scope_entries", default=())


def current_scope() -> Scope:
    """The scope that is open here. Raises ScopeMissingError where there is none."""
    scope = _scope.get()
    if scope is None:
        message = "No namespace scope is open: wrap this in namespace_scope() or system_scope()."
        raise ScopeMissingError(message)
    return scope


def current_namespace_id() -> UUID:
    """The namespace of the scope that is open here. Raises ScopeMissingError otherwise."""
    scope = current_scope()
    if scope.namespace_id is None:
        message = "A system scope is open, and this needs one namespace: open namespace_scope()."
        raise ScopeMissingError(message)
    return scope.namespace_id


def has_scope() -> bool:
    return _scope.get() is not None


@contextmanager
def namespace_scope(namespace_id: UUID) -> Iterator[None]:
    """Work for one namespace: a transaction (or savepoint) that sees only its rows."""
    with _entered(lambda: _tell_database(Scope(namespace_id=namespace_id))):
        yield


@contextmanager
def scope_of_namespace(name: str) -> Iterator[UUID | None]:
    """As `namespace_scope`, found by the name in an address and entered in one trip.

    Gives the namespace's id. Without one of that name it gives None, and the database shows
    nothing until this ends.
    """
    with _entered(lambda: _tell_database_name(name)) as scope:
        yield None if scope is None else scope.namespace_id


@contextmanager
def system_scope(reason: str) -> Iterator[None]:
    """Work across namespaces: outbox, beat and platform administrators. Say why; it is logged."""
    log.debug("system_scope", reason=reason)
    with _entered(lambda: _tell_database(Scope(namespace_id=None))):
        yield


@contextmanager
def resting() -> Iterator[None]:
    """Give the transaction back while something slow is waited for, and take it up afterwards.

    A request is one transaction, and one that waits for another host holds back vacuum and a
    connection. Where nothing was written or locked yet, to end it loses nothing and to begin it
    anew changes nothing: each statement sees what is committed by then, as it would anyway. After
    a first write it stays open. No query meanwhile.
    """
    if not _may_rest():
        yield
        return
    connection.connection.commit()
    try:
        yield
    finally:
        _begin_again()


def _begin_again() -> None:
    """Each savepoint under the scope that it was made in: rolling back to it brings that back."""
    made = 0
    for entry in _entries.get():
        _save_again(made, entry.savepoints)
        _tell_database(entry.scope)
        made = entry.savepoints
    _save_again(made, len(connection.savepoint_ids))


def _save_again(first: int, end: int) -> None:
    with connection.cursor() as cursor:
        # A block without a savepoint of its own stands there as None.
        for savepoint in filter(None, connection.savepoint_ids[first:end]):
            cursor.execute(f"SAVEPOINT {connection.ops.quote_name(savepoint)}")


def _may_rest() -> bool:
    """PostgreSQL gives a transaction its number with the first write or lock of a row."""
    if not connection.in_atomic_block or connection.needs_rollback or connection.run_on_commit:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
        (is_untouched,) = cursor.fetchone()
    return bool(is_untouched)


@contextmanager
def offline_scope() -> Iterator[None]:
    """For describing models without reading rows (the OpenAPI schema).

    The database is told nothing, so row-level security would answer nothing.
    """
    token = _scope.set(Scope(namespace_id=UUID(int=0)))
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def _entered(tell_database: Callable[[], Scope | None]) -> Iterator[Scope | None]:
    outer, is_outermost = _scope.get(), not connection.in_atomic_block
    with transaction.atomic():
        scope = tell_database()
        token = _scope.set(scope)
        entry = _Entry(savepoints=len(connection.savepoint_ids), scope=scope)
        entries = _entries.set((entry,) if is_outermost else (*_entries.get(), entry))
        try:
            yield scope
        finally:
            _entries.reset(entries)
            _scope.reset(token)
        # A savepoint that is released keeps its settings, so the outer scope's are put back; one
        # that is rolled back, and a transaction that ends, forget them by themselves.
        if not is_outermost and not connection.needs_rollback:
            _tell_database(outer)


def _tell_database(scope: Scope | None) -> Scope | None:
    namespace = "" if scope is None or scope.namespace_id is None else str(scope.namespace_id)
    system = "on" if scope is not None and scope.namespace_id is None else ""
    with connection.cursor() as cursor:
        cursor.execute(TELL, [NAMESPACE_SETTING, namespace, SYSTEM_SETTING, system])
    return scope


def _tell_database_name(name: str) -> Scope | None:
    # PostgreSQL has no text with a NUL in it, so nothing can bear such a name.
    known = None if "\0" in name else name
    with connection.cursor() as cursor:
        cursor.execute(TELL_BY_NAME, [NAMESPACE_SETTING, SYSTEM_SETTING, known])
        (namespace_id, *_) = cursor.fetchone()
    return None if namespace_id is None else Scope(namespace_id=namespace_id)
