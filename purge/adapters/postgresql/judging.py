"""Which rows of a PostgreSQL table are theirs, and which of those stay.

Names of functions and operators are looked up in the server's own schema alone: whoever may create
some in another one would have them run by the account of the layer (CVE-2018-1058).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from purge.adapters.postgresql import columns as shapes, followers
from purge.adapters.postgresql.catalogue import Described
from purge.adapters.postgresql.columns import Column, Condition, Fate
from purge.adapters.postgresql.places import AT_ONCE, Place
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.lookups import lookups
from purge.ports import ObjectUnreachable, Sought

LOCK, NO_LOCK = sql.SQL("FOR UPDATE"), sql.SQL("")


class Judged(NamedTuple):
    place: Place
    fate: Fate


@dataclass(frozen=True, slots=True)
class SortedOut:
    """The rows that are to go, and how many are unclear or on hold."""

    going: Sequence[Place]
    unclear: int
    held: int


def sorted_out(
    connection: psycopg.Connection[Any],
    described: Described,
    sought: Sought,
    *,
    locks: bool = False,
) -> SortedOut:
    """Every row of theirs. With `locks` nobody changes them until the transaction ends."""
    fates: dict[Fate, list[Place]] = {fate: [] for fate in Fate}
    for place, fate in judged(connection, described, sought, locks=locks):
        fates[fate].append(place)
    kept = followers.lead_to_held(
        connection, described, fates[Fate.GOES], keeper=sought.keeper, locks=locks
    )
    # What triggers do is their owner's, who may count on the usual schemas.
    connection.execute("SET LOCAL search_path TO DEFAULT")
    return SortedOut(
        going=[place for place in fates[Fate.GOES] if place not in kept],
        unclear=len(fates[Fate.UNCLEAR]),
        held=len(fates[Fate.HELD]) + len(kept),
    )


def judged(
    connection: psycopg.Connection[Any],
    described: Described,
    sought: Sought,
    *,
    locks: bool = False,
) -> Iterator[Judged]:
    """The rows that are theirs, or may be, by their place."""
    keeper = sought.keeper
    connection.execute("SET LOCAL search_path = pg_catalog")
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
        LOCK if locks else NO_LOCK,
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
