"""The Test button of a Hive engine: each step a person can read, to the first that fails."""

import functools
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from governance.analytics.adapters import trials
from governance.analytics.adapters.hive import accounts, connection, sessions
from governance.analytics.adapters.hive.accounts import Account
from governance.analytics.adapters.hive.sessions import Session
from governance.analytics.adapters.trials import Trial
from governance.analytics.domain.hive_options import Transport
from governance.analytics.domain.plans import TableSource
from governance.analytics.domain.runs import EngineTestStep

MOST_TABLES = 20
SECONDS = 60
SizeOf = Callable[[Session, TableSource], int]


def steps(
    *, account: Account, size_of: SizeOf, tables: Sequence[TableSource]
) -> Sequence[EngineTestStep]:
    """Everything that a query needs, and every table (the first twenty)."""
    trial = Trial()
    with trials.to_the_first_failure(), ExitStack() as stack:
        session = _signed_in(trial, account, wire=_wire(trial, account, stack), stack=stack)
        trial.take("Query", lambda: session.run("SELECT 1"), says=_first_answer)
        for table in tables[:MOST_TABLES]:
            trial.take(
                f"Table {table.qualified_name}",
                functools.partial(size_of, session, table),
                says=lambda size: f"Found: {size} bytes.",
            )
    return trial.steps


def _wire(trial: Trial, account: Account, stack: ExitStack) -> socket.socket:
    options = account.options
    address = trial.take(
        "Address",
        lambda: accounts.address_of(account),
        says=lambda _: f"{options.host} leads to an address that may be used.",
    )
    plain = trial.take(
        "Connection",
        lambda: connection.reached(address=address, options=options),
        says=lambda _: f"The server answers on port {options.port}.",
    )
    stack.callback(plain.close)
    match options.transport:
        case Transport.PLAIN:
            return plain
        case Transport.TLS:
            secured = trial.take(
                "TLS",
                lambda: connection.secured(wire=plain, options=options),
                says=lambda _: "Its certificate is good for this name.",
            )
            stack.callback(secured.close)
            return secured


def _signed_in(trial: Trial, account: Account, *, wire: socket.socket, stack: ExitStack) -> Session:
    def signed_in() -> Session:
        made = connection.signed_in(wire=wire, options=account.options, password=account.password)
        made.deadline = time.monotonic() + SECONDS
        return stack.enter_context(sessions.opened(made, again=lambda: accounts.connected(account)))

    username = account.options.username or "nobody"
    return trial.take("Sign-in", signed_in, says=lambda _: f"A session was opened as {username}.")


def _first_answer(rows: Sequence[Sequence[object]]) -> str:
    return f"SELECT 1 answered {rows[0][0]}." if rows else "SELECT 1 answered without a row."
