"""Where a PostgreSQL layer may connect to: an address that the operator allows, pinned.

A namespace's administrator types the address, and must not reach our own database or anything
else inside with it. So the name is resolved once and every answer checked, as for every address
that somebody typed (`governance/egress`, T84); only a few parameters of libpq are taken, for
others name files, services and passwords of the machine.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from governance.egress.addresses import Network, is_allowed
from governance.kernel.personal import Personal
from purge.ports import LayerInvalid, ObjectUnreachable

TAKEN = frozenset({"host", "port", "dbname", "user", "password", "sslmode", "sslrootcert"})
# What libpq would otherwise find in the service account's home and environment.
OURS = {
    "application_name": "lakewarden",
    "connect_timeout": "5",
    "gssencmode": "disable",
    "passfile": "/dev/null",
    "options": "-c statement_timeout=3600000 -c lock_timeout=30000",
    "sslcert": "",
    "sslkey": "",
}
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Server:
    """A connection string that was looked through, and the networks the operator allows."""

    parameters: Mapping[str, str]
    allowed: Sequence[Network]

    def place(self) -> str:
        """The database. A server under two names is two: its tables are not asked for who it is."""
        host, port = self.parameters["host"].casefold(), self.parameters.get("port", "5432")
        return f"postgresql://{host}:{port}/{self.parameters.get('dbname', '')}/"

    def pinned(self) -> dict[str, str]:
        """What to connect with now. Raises ObjectUnreachable, the same for each reason."""
        host, port = self.parameters["host"], self.parameters.get("port", "5432")
        try:
            answers = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, ValueError) as error:
            raise ObjectUnreachable(reason="server_unreachable") from error
        addresses = [str(answer[4][0]) for answer in answers]
        if not addresses or not all(is_allowed(one, allowed=self.allowed) for one in addresses):
            raise ObjectUnreachable(reason="server_unreachable")
        return {**OURS, **self.parameters, "hostaddr": addresses[0]}


def server(credentials: Personal[str] | None, *, allowed: Sequence[Network]) -> Server:
    """Look through a connection string. Raises LayerInvalid, and never quotes it."""
    if credentials is None:
        raise LayerInvalid(why="give its connection string as credentials: postgresql://…")
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(credentials.reveal()).items()}
    except psycopg.ProgrammingError as error:
        raise LayerInvalid(why="the credentials are no connection string") from error
    unknown = sorted(set(given) - TAKEN)
    if unknown:
        raise LayerInvalid(why=f"a connection string may not set {', '.join(unknown)}")
    host = given.get("host", "")
    if not host or host.startswith(("/", "@")) or "," in host or not given.get("user"):
        raise LayerInvalid(why="the connection string names one host and a user")
    if given.get("sslrootcert", SYSTEM) != SYSTEM:
        raise LayerInvalid(why="sslrootcert may be 'system' alone")
    if "," in given.get("port", ""):
        raise LayerInvalid(why="the connection string names one port")
    return Server(parameters=given, allowed=allowed)
