"""Whether a transaction took effect, asked of the server by whoever comes after a killed worker.

PostgreSQL remembers it for as long as its transaction log goes back (documentation, "Transaction ID
and Snapshot Information Functions", pg_xact_status). The number that it gave its database helps to
tell it from another that took its place.
"""

import time
from typing import Any

import psycopg
from psycopg import errors

from purge.ports import ObjectUnreachable

TRIES, PAUSE_SECONDS = 50, 0.1
DATABASE = "FROM pg_database WHERE datname = current_database()"
CURRENT = f"SELECT pg_current_xact_id()::text, oid::text {DATABASE}"
STATUS = f"SELECT oid::text, pg_xact_status(%s::xid8) {DATABASE}"


def current(connection: psycopg.Connection[Any]) -> str:
    """The name of the transaction that is open."""
    row = connection.execute(CURRENT).fetchone()
    return "" if row is None else ":".join(row)


def took_effect(connection: psycopg.Connection[Any], attempt: str) -> bool | None:
    """None: it is too long ago, or was on another server."""
    number, _, made_in = attempt.partition(":")
    if not number:
        return None
    for _ in range(TRIES):
        try:
            row = connection.execute(STATUS, [number]).fetchone()
        except errors.InvalidParameterValue:
            return None  # This server has not come so far.
        database, status = (None, None) if row is None else row
        if database != made_in or status is None:
            return None
        if status != "in progress":
            return bool(status == "committed")
        # The server has not yet missed whoever was killed.
        time.sleep(PAUSE_SECONDS)
    raise ObjectUnreachable(reason="keeps_changing")
