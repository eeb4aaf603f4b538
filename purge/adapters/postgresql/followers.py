"""Rows on hold that a deletion would take along or change, for they refer to what is deleted.

ON DELETE CASCADE takes such rows along, and those that refer to them; SET NULL and SET DEFAULT
change them (PostgreSQL documentation, "Foreign Keys"). A row that leads to one on hold stays too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from purge.adapters.postgresql import catalogue, columns as shapes
from purge.adapters.postgresql.catalogue import Described, ForeignKey
from purge.adapters.postgresql.columns import Column, Judge
from purge.adapters.postgresql.places import Place, by_table
from purge.ports import Keeper, ObjectUnreachable


@dataclass(frozen=True, slots=True)
class Below:
    """A table of rows that refer to others, and how rows on hold are known in it."""

    table: Described
    key: ForeignKey
    columns: Sequence[Column]
    judge: Judge
    is_on_hold: bool

    def keeps(self, values: Sequence[object]) -> bool:
        return self.is_on_hold or self.judge.keeps(values)


def lead_to_held(
    connection: psycopg.Connection[Any],
    table: Described,
    places: Sequence[Place],
    *,
    keeper: Keeper,
    locks: bool,
) -> frozenset[Place]:
    """Those of these rows that cannot go alone, and must not take the others along."""
    if keeper.is_idle or not places:
        return frozenset()
    above: dict[Place, set[Place]] = defaultdict(set)
    held: set[Place] = set()
    seen = set(places)
    levels = [(table, list(places))]
    while levels:
        parent, rows = levels.pop()
        for below in _below(connection, parent, keeper):
            fresh: set[Place] = set()
            for up, down, values in _referring(connection, parent, rows, below, locks=locks):
                above[down].add(up)
                if below.keeps(values):
                    held.add(down)
                elif below.key.takes_along:
                    fresh |= {down} - seen
            seen |= fresh
            if fresh:
                levels.append((below.table, list(fresh)))
    return _led(held, above) & frozenset(places)


def _led(held: Collection[Place], above: dict[Place, set[Place]]) -> frozenset[Place]:
    result: set[Place] = set()
    waiting = list(held)
    while waiting:
        for up in above[waiting.pop()] - result:
            result.add(up)
            waiting.append(up)
    return frozenset(result)


def _below(
    connection: psycopg.Connection[Any], parent: Described, keeper: Keeper
) -> Iterator[Below]:
    for key in catalogue.keys_to(connection, parent):
        table = catalogue.described(connection, key.table)
        if table is not None:
            known_by = keeper.identifiers_in(table.listed)
            columns = shapes.columns_of(table.columns, known_by)
            judge = Judge(columns, (), frozenset(), keeper.people, known_by)
            yield Below(table, key, columns, judge, _is_on_hold(keeper, table))


def _is_on_hold(keeper: Keeper, table: Described) -> bool:
    try:
        keeper.check_place(table.listed)
    except ObjectUnreachable:
        return True
    return False


def _referring(
    connection: psycopg.Connection[Any],
    parent: Described,
    rows: Sequence[Place],
    below: Below,
    *,
    locks: bool,
) -> Iterator[tuple[Place, Place, Sequence[object]]]:
    """Rows that refer to these: what is referred to, the row's place, its columns for judging."""
    ups = [sql.Identifier(f"referred to {number}") for number in range(len(below.key.pairs))]
    statement = sql.SQL(
        "SELECT up.up_table, up.up_place, down.tableoid, down.ctid::text {columns} "
        "FROM {below} AS down JOIN (SELECT tableoid AS up_table, ctid::text AS up_place, {named} "
        "FROM {parent} WHERE tableoid = %s AND ctid = ANY(%s::tid[])) AS up ON {equal} {lock}"
    ).format(
        columns=sql.SQL("").join(
            sql.SQL(", {}").format(shapes.fetched(column)) for column in below.columns
        ),
        below=below.table.source,
        parent=parent.source,
        named=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(sql.Identifier(theirs), up)
            for (_, theirs), up in zip(below.key.pairs, ups, strict=True)
        ),
        equal=sql.SQL(" AND ").join(
            sql.SQL("down.{} = up.{}").format(sql.Identifier(own), up)
            for (own, _), up in zip(below.key.pairs, ups, strict=True)
        ),
        lock=sql.SQL("FOR UPDATE OF down" if locks else ""),
    )
    for table, own in by_table(rows):
        found = connection.execute(statement, [table, own])
        for up_table, up_place, down_table, down_place, *values in found:
            yield (up_table, up_place), (down_table, down_place), values
