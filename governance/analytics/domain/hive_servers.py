"""Hive servers that the operator names (`HIVE_SERVERS`), and what an engine may ask of a server.

Whoever types an address could otherwise use our place in the network: a server inside often lets
anybody in who can reach it, with the rights of all namespaces. So:

1. a server of the operator's list is reached as it is written there. Where the list says the root
   of the lake, each namespace has the folder of its name below it, and nothing else there. Where
   it does not, the account that the engine signs in with decides, by its password;
2. any other server is public, speaks TLS and asks for a password.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.analytics.domain.hive_options import (
    LAKE_URL,
    Authentication,
    HiveOptions,
    Tables,
    Transport,
)
from governance.kernel.refusals import FieldError, Forbidden

OUTWARD = (Transport.TLS, Authentication.PLAIN)


class HiveServerNotAllowed(Forbidden):
    code = "hive_server_not_allowed"
    sentence = "The engine may not use this server so: {why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedServer:
    host: str
    port: int
    root: str = ""


@dataclass(frozen=True, slots=True)
class HiveServers:
    """The operator's list."""

    named: tuple[NamedServer, ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> "HiveServers":
        """From `host:port` or `host:port=s3a://lake`. Raises ValueError with a sentence."""
        return cls(tuple(map(_named, words)))

    def find(self, options: HiveOptions) -> NamedServer | None:
        host = options.host.lower()
        matching = (one for one in self.named if (one.host, one.port) == (host, options.port))
        return next(matching, None)

    def base_of(self, options: HiveOptions, *, namespace_name: str) -> str:
        """The namespace's folder of the lake as the server sees it; empty where tables are its own.

        Raises HiveServerNotAllowed.
        """
        server = self.find(options)
        if server is None:
            _check_outward(options)
        if server is None or not server.root:
            _check_account(options)
            return _own_lake(options)
        if options.tables is not Tables.FILES:
            raise _refused("tables", "this server reads files of the lake alone (tables: files).")
        if options.lake_url:
            raise _refused("lake_url", "the operator has set this server's lake. Leave it empty.")
        if namespace_name in {".", ".."}:
            raise _refused("host", "the namespace's name is no name of a folder.")
        return f"{server.root}/{namespace_name}"


def _named(word: str) -> NamedServer:
    address, _, root = word.partition("=")
    host, _, port = address.rpartition(":")
    root = root.rstrip("/")
    if not host or not port.isdigit() or (root and not LAKE_URL.fullmatch(root)):
        message = f"{word} is not host:port or host:port=s3a://bucket/folder."
        raise ValueError(message)
    return NamedServer(host=host.lower(), port=int(port), root=root)


def _own_lake(options: HiveOptions) -> str:
    if options.tables is Tables.SERVER:
        return ""
    if not options.lake_url:
        raise _refused("lake_url", "give the folder of the lake, as the server sees it.")
    return options.lake_url.rstrip("/")


def _check_outward(options: HiveOptions) -> None:
    if (options.transport, options.authentication) != OUTWARD:
        why = (
            "a server that the operator has not named (HIVE_SERVERS) is reached over TLS and asks "
            "for a password (transport: tls, authentication: plain)."
        )
        raise _refused("host", why)


def _check_account(options: HiveOptions) -> None:
    """What nobody's folder bounds is bounded by the rights of an account."""
    if options.authentication is not Authentication.PLAIN:
        why = (
            "the operator has set no lake for this server, so it asks for a password "
            "(authentication: plain)."
        )
        raise _refused("authentication", why)


def _refused(option: str, why: str) -> HiveServerNotAllowed:
    error = FieldError(pointer=f"/options/{option}", code=HiveServerNotAllowed.code, detail=why)
    return HiveServerNotAllowed(why=why, errors=[error])
