"""Tables of a PostgreSQL server: rows judged one by one, deleted in one transaction.

Rows that may be theirs are locked, judged, and deleted by their physical place, so that exactly
what was judged goes. PostgreSQL leaves deleted rows in the table's file until VACUUM, which
`reclaim` runs, and in its write-ahead log, replicas and backups, which the certificate names.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import psycopg
from psycopg import IsolationLevel, errors, sql

from purge.adapters.postgresql import attempts, catalogue, judging
from purge.adapters.postgresql.addresses import Server
from purge.adapters.postgresql.catalogue import Described
from purge.adapters.postgresql.columns import Fate
from purge.adapters.postgresql.places import Place, by_table
from purge.ports import (
    Announce,
    Deletion,
    Keeper,
    Moment,
    ObjectUnreachable,
    ProbeStep,
    Sought,
    StoredTable,
    TableFinding,
    UnreachableObject,
)

OWN_TABLE = "public.purge_indexentry"
RECLAIMED = (
    "Rows deleted in one transaction{copies}; {how}. Backups, replicas and the write-ahead log "
    "keep them as long as their own retention says."
)
VACUUMED = "the table was vacuumed, which gives the space they took to new rows"
REWRITTEN = "the table was written anew without them (VACUUM FULL)"


class PostgreSQLTableStore:
    """Implements `purge.ports.TableStore`.

    `rewrites`: VACUUM FULL, which locks the table and leaves nothing in its file. Without it the
    bytes of deleted rows stay there until new rows take their space.
    """

    def __init__(self, *, server: Server, rewrites: bool = False) -> None:
        self._server = server
        self._rewrites = rewrites

    def place(self) -> str:
        return self._server.place()

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        began = time.monotonic()
        try:
            found = list(self.tables(prefix=prefix))
            ok, detail = True, f"{len(found)} tables"
        except ObjectUnreachable as refusal:
            ok, detail = False, str(refusal)
        return [ProbeStep("list tables", ok, detail, round((time.monotonic() - began) * 1000))]

    def tables(self, *, prefix: str) -> Iterator[StoredTable | UnreachableObject]:
        with self._connected() as connection:
            listed = connection.execute(catalogue.LIST, [prefix]).fetchall()
        for name, kind in listed:
            if kind == "f":
                yield UnreachableObject(name, "foreign_table")
            else:
                yield StoredTable(name)

    def folders(self, *, prefix: str) -> Mapping[str, str]:
        return {}

    def find(self, *, table: str, sought: Sought) -> TableFinding | None:
        with self._connected() as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return None
            sorted_out = judging.sorted_out(connection, described, sought)
            plan = catalogue.plan(connection, described, rows=len(sorted_out.going))
        return TableFinding(
            version="",
            rows=len(sorted_out.going),
            unclear=sorted_out.unclear,
            plan=plan,
            held=sorted_out.held,
        )

    def sample(self, *, table: str, sought: Sought, limit: int) -> Sequence[str]:
        with self._connected() as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return []
            judged = judging.judged(connection, described, sought)
            shown = list(islice((one for one in judged if one.fate is not Fate.HELD), limit))
            return [_as_text(connection, described, one.place) for one in shown]

    def delete(self, *, table: str, sought: Sought, announce: Announce) -> int:
        with self._connected(writes=True) as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return 0
            theirs = judging.sorted_out(connection, described, sought, locks=True).going
            if not theirs:
                return 0
            _delete(connection, described, theirs)
            if _are_there(connection, described, theirs):
                # A trigger that answers NULL keeps a row and says nothing.
                raise ObjectUnreachable(reason="kept_by_trigger")
            with announce(Deletion(rows=len(theirs), attempt=attempts.current(connection))):
                connection.commit()
        return len(theirs)

    def took_effect(self, *, table: str, attempt: str) -> bool | None:
        with self._connected() as connection:
            return attempts.took_effect(connection, attempt)

    def reclaim(self, *, table: str, keeper: Keeper, moment: Moment) -> str:
        """No reader sees a dead row: to vacuum takes nothing from anybody on hold."""
        with self._connected(autocommit=True) as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return ""
            copies = catalogue.copies_of(connection, described)
            for copy in copies:
                connection.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(copy))
            skipped: list[object] = []
            connection.add_notice_handler(skipped.append)
            how = sql.SQL("VACUUM (FULL) {}" if self._rewrites else "VACUUM {}")
            connection.execute(how.format(described.quoted))
            if skipped:
                # VACUUM warns of a table that it may not touch, and succeeds.
                raise ObjectUnreachable(reason="vacuum_refused")
        return RECLAIMED.format(
            how=REWRITTEN if self._rewrites else VACUUMED,
            copies=f", and {len(copies)} materialized views refreshed" if copies else "",
        )

    @contextmanager
    def _connected(
        self, *, writes: bool = False, autocommit: bool = False
    ) -> Iterator[psycopg.Connection[Any]]:
        """A connection of this one step. What the server refuses becomes a reason."""
        pinned = self._server.pinned()
        try:
            opened = psycopg.connect(**pinned, autocommit=autocommit)  # type: ignore[arg-type]
            # A commit that fails would leave it open.
            with closing(opened), opened as connection:
                connection.read_only = None if autocommit else not writes
                connection.isolation_level = (
                    IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
                )
                if connection.execute("SELECT to_regclass(%s)", [OWN_TABLE]).fetchone() != (None,):
                    raise ObjectUnreachable(reason="own_database")
                yield connection
        except psycopg.Error as error:
            # Its text quotes rows: only the kind of the failure leaves.
            raise ObjectUnreachable(reason=_reason(error)) from None


def _delete(
    connection: psycopg.Connection[Any], described: Described, places: Sequence[Place]
) -> None:
    for table, own in by_table(places):
        statement = sql.SQL("DELETE FROM {} WHERE tableoid = %s AND ctid = ANY(%s::tid[])")
        connection.execute(statement.format(described.source), [table, own])


def _are_there(
    connection: psycopg.Connection[Any], described: Described, places: Sequence[Place]
) -> bool:
    """How many a statement deleted does not tell: one row may take another one along."""
    statement = sql.SQL("SELECT FROM {} WHERE tableoid = %s AND ctid = ANY(%s::tid[]) LIMIT 1")
    return any(
        connection.execute(statement.format(described.source), [table, own]).fetchone() is not None
        for table, own in by_table(places)
    )


def _as_text(connection: psycopg.Connection[Any], described: Described, place: Place) -> str:
    found = connection.execute(
        sql.SQL(
            "SELECT to_jsonb(one) FROM {} AS one WHERE one.tableoid = %s AND one.ctid = %s::tid"
        ).format(described.source),
        place,
    ).fetchone()
    return "" if found is None else json.dumps(found[0], ensure_ascii=False)


REASONS: Sequence[tuple[type[psycopg.Error], str]] = (
    (errors.ForeignKeyViolation, "foreign_key"),
    (errors.RestrictViolation, "foreign_key"),
    (errors.InsufficientPrivilege, "permission_denied"),
    (errors.SerializationFailure, "keeps_changing"),
    (errors.DeadlockDetected, "keeps_changing"),
    (errors.LockNotAvailable, "keeps_changing"),
    (errors.QueryCanceled, "took_too_long"),
    (errors.ReadOnlySqlTransaction, "read_only_server"),
    (psycopg.OperationalError, "server_unreachable"),
)


def _reason(error: psycopg.Error) -> str:
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), "table_refused")
