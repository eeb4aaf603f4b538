"""Tables of a PostgreSQL server: rows judged one by one, deleted in one transaction.

Rows that may be theirs are locked, judged, and deleted by their physical place, so that exactly
what was judged goes. PostgreSQL leaves deleted rows in the table's file until VACUUM, which
`reclaim` runs, and in its write-ahead log, replicas and backups, which the certificate names.
"""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, NamedTuple

import psycopg
from psycopg import IsolationLevel, errors, sql

from purge.adapters.postgresql import attempts, catalogue, columns as shapes
from purge.adapters.postgresql.addresses import Server
from purge.adapters.postgresql.catalogue import Described
from purge.adapters.postgresql.columns import Column, Condition, Fate
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.lookups import lookups
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

AT_ONCE = 2000
Place = tuple[int, str]
"""The partition, and the row's place in it (ctid)."""


class Judged(NamedTuple):
    place: Place
    fate: Fate


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

    def find(self, *, table: str, sought: Sought) -> TableFinding | None:
        with self._connected() as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return None
            fates = Counter(one.fate for one in _judged(connection, described, sought))
            plan = catalogue.plan(connection, described, rows=fates[Fate.GOES])
        return TableFinding(
            version="",
            rows=fates[Fate.GOES],
            unclear=fates[Fate.UNCLEAR],
            plan=plan,
            held=fates[Fate.HELD],
        )

    def sample(self, *, table: str, sought: Sought, limit: int) -> Sequence[str]:
        with self._connected() as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return []
            judged = _judged(connection, described, sought)
            shown = list(islice((one for one in judged if one.fate is not Fate.HELD), limit))
            return [_as_text(connection, described, one.place) for one in shown]

    def delete(self, *, table: str, sought: Sought, announce: Announce) -> int:
        with self._connected(writes=True) as connection:
            described = catalogue.described(connection, table)
            if described is None:
                return 0
            judged = _judged(connection, described, sought, lock=sql.SQL("FOR UPDATE"))
            theirs = [one.place for one in judged if one.fate is Fate.GOES]
            if not theirs:
                return 0
            deleted = sum(
                _delete(connection, described, theirs[start : start + AT_ONCE])
                for start in range(0, len(theirs), AT_ONCE)
            )
            if deleted != len(theirs):
                # A trigger that answers NULL keeps a row and says nothing.
                raise ObjectUnreachable(reason="kept_by_trigger")
            with announce(Deletion(rows=deleted, attempt=attempts.current(connection))):
                connection.commit()
        return deleted

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


def _judged(
    connection: psycopg.Connection[Any],
    described: Described,
    sought: Sought,
    *,
    lock: sql.Composable = sql.SQL(""),  # noqa: B008 - a constant
) -> Iterator[Judged]:
    """The rows that are theirs, or may be, by their place."""
    keeper = sought.keeper
    known_by = keeper.identifiers_in(described.listed) if keeper.people else ()
    own = shapes.columns_of(described.columns, sought.identifiers)
    if not own:
        raise ObjectUnreachable(reason="column_missing")
    conditions = _conditions(own, sought.identifiers, sought.wanted)
    if not conditions:
        return
    columns = shapes.columns_of(described.columns, [*sought.identifiers, *known_by])
    judge = shapes.Judge(
        columns, sought.identifiers, frozenset(sought.wanted), keeper.people, known_by
    )
    statement = sql.SQL("SELECT tableoid, ctid::text, {} FROM {} WHERE {} {}").format(
        sql.SQL(", ").join(shapes.fetched(column) for column in columns),
        described.source,
        sql.SQL(" OR ").join(one.text for one in conditions),
        lock,
    )
    with connection.cursor(name="judged") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement, [value for one in conditions for value in one.values])
        for table, place, *values in cursor:
            fate = judge.fate(values)
            if fate is not Fate.STAYS:
                yield Judged((table, place), fate)


def _conditions(
    columns: Sequence[Column], identifiers: Sequence[Identifier], wanted: Collection[Wanted]
) -> list[Condition]:
    by_name = {column.name: column for column in columns}
    found = (
        shapes.condition(by_name[one.path[0]], lookup=one)
        for one in lookups(identifiers, wanted=wanted)
        if one.path[0] in by_name
    )
    return [one for one in found if one is not None]


def _delete(
    connection: psycopg.Connection[Any], described: Described, places: Sequence[Place]
) -> int:
    deleted = 0
    for table in sorted({table for table, _ in places}):
        deleted += connection.execute(
            sql.SQL("DELETE FROM {} WHERE tableoid = %s AND ctid = ANY(%s::tid[])").format(
                described.source
            ),
            [table, [place for one, place in places if one == table]],
        ).rowcount
    return deleted


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
