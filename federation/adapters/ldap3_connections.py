"""One connection to one LDAP server: dialled by us, spoken by ldap3, under one deadline.

ldap3 opens sockets in ways that must not be had: it accepts any certificate by default, follows
referrals with the password in clear, and knows no total time limit. So the socket is made here
and ldap3 only speaks the protocol over it.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from federation.adapters.ldap3_sockets import DeadlineSocket, LineBrokenError
from federation.domain import login_names
from federation.domain.directories import Stage
from governance.kernel.personal import Personal

with warnings.catch_warnings():
    # ldap3 2.9.1 uses names that pyasn1 has renamed since.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection, Server
    from ldap3.core.exceptions import LDAPException
    from ldap3.strategy.sync import SyncStrategy

# What ldap3 raises for answers that it cannot read: its own errors, and its decoder's mishaps.
UNREADABLE = (LDAPException, LookupError, ValueError, TypeError, AttributeError, RecursionError)
START_TLS_OID = "1.3.6.1.4.1.1466.20037"
SUCCESS = 0
SIZE_LIMIT_EXCEEDED = 4
NO_SUCH_OBJECT = 32
INVALID_CREDENTIALS = 49
# The server speaks and says no to the person: an answer, no reason to ask the next server.
REFUSALS = frozenset({19, 32, 34, 48, 49, 50, 53})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a search: its name and the raw values of its attributes, by lower-case key."""

    dn: str
    values: dict[str, tuple[bytes, ...]]

    def first(self, attribute: str) -> str:
        found = self.values.get(attribute.casefold(), ())
        return found[0].decode("utf-8", "replace") if found else ""

    def all(self, attribute: str) -> tuple[str, ...]:
        found = self.values.get(attribute.casefold(), ())
        return tuple(value.decode("utf-8", "replace") for value in found)


@dataclass(frozen=True, slots=True)
class BindAnswer:
    """What a server said to a bind. `diagnostic` is its own text, for the reason alone."""

    code: int
    diagnostic: str

    @property
    def accepted(self) -> bool:
        return self.code == SUCCESS


class _DialledStrategy(SyncStrategy):  # type: ignore[misc]  # ldap3 ships no types
    """ldap3's synchronous strategy over a socket that is already open."""

    def open(self, reset_usage: bool = True, read_server_info: bool = True) -> None:  # noqa: FBT001, FBT002
        self._outstanding: dict[int, object] = {}
        self.connection.socket = self.connection.dialled
        self.connection.closed = False
        self._start_listen()


class _DialledConnection(Connection):  # type: ignore[misc]  # ldap3 ships no types
    def __init__(self, wire: DeadlineSocket) -> None:
        # The host is never dialled by ldap3; a fresh Server for every attempt (a reused one
        # remembers that an address was down).
        server = Server("directory.invalid", get_info=NONE, allowed_referral_hosts=[])
        super().__init__(
            server,
            client_strategy=SYNC,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            raise_exceptions=False,
            return_empty_attributes=False,
        )
        self.dialled = wire
        self.strategy = _DialledStrategy(self)
        # These were taken from the first strategy when the connection was made.
        self.send = self.strategy.send
        self.get_response = self.strategy.get_response
        self.post_send_single_response = self.strategy.post_send_single_response
        self.post_send_search = self.strategy.post_send_search
        self.open = self.strategy.open
        self.open()


class Line:
    """An open conversation with one server. Everything but `bind` needs one to have succeeded."""

    def __init__(self, wire: DeadlineSocket) -> None:
        self._connection = _DialledConnection(wire)

    def bind(self, *, dn: str, password: Personal[str]) -> BindAnswer:
        """The one place where a password leaves for a directory.

        A blank name or password never does: the directory would call it an anonymous success.
        The password goes as bytes: ldap3 prepares strings with SASLprep, which changes them.
        """
        if not dn.strip() or not login_names.is_password(password.reveal()):
            return BindAnswer(code=INVALID_CREDENTIALS, diagnostic="")
        with self._speaking(Stage.BIND):
            self._connection.user = dn
            self._connection.password = password.reveal().encode()
            self._connection.authentication = SIMPLE
            try:
                self._connection.bind(read_server_info=False)
            finally:
                self._connection.password = None
            result = self._connection.result or {}
        code = int(result.get("result", -1))
        if code != SUCCESS and code not in REFUSALS:
            raise LineBrokenError(Stage.BIND, f"The server could not decide (code {code}).")
        return BindAnswer(code=code, diagnostic=str(result.get("message") or ""))

    def search(
        self,
        *,
        base: str,
        condition: str,
        attributes: Sequence[str],
        limit: int,
        only_base: bool = False,
    ) -> list[Entry]:
        """Entries below `base` that meet the condition; at most `limit` of them are asked for.

        Continuation references are not followed. Nothing there is an empty list.
        """
        with self._speaking(Stage.SEARCH):
            self._connection.search(
                base,
                condition,
                search_scope=BASE if only_base else SUBTREE,
                dereference_aliases=DEREF_NEVER,
                attributes=list(attributes) or None,
                size_limit=limit,
            )
            code = int((self._connection.result or {}).get("result", -1))
            found = list(self._connection.response or ())
        if code not in {SUCCESS, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT}:
            raise LineBrokenError(Stage.SEARCH, f"The search was refused (code {code}).")
        return [_entry(item) for item in found if item.get("type") == "searchResEntry"]

    def close(self) -> None:
        self._connection.unbind()

    @contextmanager
    def _speaking(self, stage: Stage) -> Iterator[None]:
        try:
            yield
        except (*UNREADABLE, OSError) as error:
            raise LineBrokenError(stage, "The server did not answer properly in time.") from error


def start_tls(wire: DeadlineSocket) -> None:
    """Ask the server to go on in TLS. The conversation so far is thrown away afterwards."""
    connection = _DialledConnection(wire)
    try:
        connection.extended(START_TLS_OID)
        code = (connection.result or {}).get("result", -1)
    except (*UNREADABLE, OSError) as error:
        raise LineBrokenError(Stage.TLS, "The server did not answer StartTLS.") from error
    if code != SUCCESS:
        wire.close()
        raise LineBrokenError(Stage.TLS, "The server does not offer StartTLS.")


def _entry(item: dict[str, object]) -> Entry:
    raw = item.get("raw_attributes") or {}
    values = {str(key).casefold(): tuple(found) for key, found in raw.items()}  # type: ignore[attr-defined]
    return Entry(dn=str(item.get("dn") or ""), values=values)
