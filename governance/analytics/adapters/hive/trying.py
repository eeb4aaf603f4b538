"""The Test button of a Hive engine: each step a person can read, to the first that fails."""

import functools
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from governance.analytics.adapters import trials
from governance.analytics.adapters.hive import connecting, sessions
from governance.analytics.adapters.hive.connecting import Account
from governance.analytics.adapters.hive.connection import Connection
from governance.analytics.adapters.hive.sessions import Session
from governance.analytics.domain.hive_options import Transport
from governance.analytics.domain.plans import TableSource
from governance.analytics.domain.runs import EngineTestStep

MOST_TABLES = 20
SECONDS = 60
SizeOf = Callable[[Session, TableSource], int]


def trial(
    *, account: Account, size_of: SizeOf, tables: Sequence[TableSource]
) -> Sequence[EngineTestStep]:
    """Everything that a query needs, and every table (the first twenty)."""
    with ExitStack() as stack:
        tried = _Trial(account, size_of, stack)
        steps = [("Address", tried.address), ("Connection", tried.connection)]
        if account.options.transport is Transport.TLS:
            steps.append(("TLS", tried.tls))
        steps += [("Sign-in", tried.sign_in), ("Query", tried.query)]
        steps += [
            (f"Table {table.qualified_name}", functools.partial(tried.table, table))
            for table in tables[:MOST_TABLES]
        ]
        return trials.taken(*steps)


@dataclass(slots=True)
class _Trial:
    account: Account
    size_of: SizeOf
    stack: ExitStack
    _address: str = ""
    _wire: socket.socket | None = None
    _session: Session | None = None

    def address(self) -> str:
        self._address = connecting.address_of(self.account)
        return f"{self.account.options.host} leads to an address that may be used."

    def connection(self) -> str:
        self._wire = connecting.reached(self.account, address=self._address)
        self.stack.callback(self._wire.close)
        return f"The server answers on port {self.account.options.port}."

    def tls(self) -> str:
        assert self._wire is not None  # noqa: S101 - the step before
        self._wire = connecting.secured(self.account, wire=self._wire)
        self.stack.callback(self._wire.close)
        return "Its certificate is good for this name."

    def sign_in(self) -> str:
        assert self._wire is not None  # noqa: S101 - a step before
        made = connecting.signed_in(self.account, wire=self._wire)
        made.deadline = time.monotonic() + SECONDS
        self._session = self.stack.enter_context(sessions.opened(made, again=self._again))
        return f"A session was opened as {self.account.options.username or 'nobody'}."

    def query(self) -> str:
        rows = list(self._open().run("SELECT 1"))
        return f"SELECT 1 answered {rows[0][0]}." if rows else "SELECT 1 answered without a row."

    def table(self, table: TableSource) -> str:
        return f"Found: {self.size_of(self._open(), table)} bytes."

    def _open(self) -> Session:
        assert self._session is not None  # noqa: S101 - a step before
        return self._session

    def _again(self) -> Connection:
        return connecting.connected(self.account)
