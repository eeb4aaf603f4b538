"""One connection to one LDAP server: dialled by us, spoken by ldap3, under one deadline.

ldap3 opens sockets in ways that must not be had: it accepts any certificate by default, follows
referrals with the password in clear, and knows no total time limit. So the socket is made here
and ldap3 only speaks the protocol over it.
"""

import ipaddress
import socket
import ssl
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, TimeoutError as NoAnswerInTimeError
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from federation.domain import login_names
from federation.domain.directories import Stage
from governance.kernel.personal import Personal

with warnings.catch_warnings():
    # ldap3 2.9.1 uses names that pyasn1 has renamed since.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection, Server
    from ldap3.core.exceptions import LDAPException
    from ldap3.strategy.sync import SyncStrategy

START_TLS_OID = "1.3.6.1.4.1.1466.20037"
SUCCESS = 0
SIZE_LIMIT_EXCEEDED = 4
NO_SUCH_OBJECT = 32
INVALID_DN_SYNTAX = 34
INVALID_CREDENTIALS = 49
# The server speaks and says no to the person: an answer, no reason to ask the next server.
REFUSALS = frozenset({19, 32, 34, 48, 49, 50, 53})
DEFAULT_PORTS = {"ldap": 389, "ldaps": 636}

# The family, and what connect() takes for it.
Address = tuple[int, tuple[object, ...]]

_resolver = ThreadPoolExecutor(max_workers=8, thread_name_prefix="ldap-resolve")


class LineBrokenError(Exception):
    """This server did not answer, or not properly. Another one may."""

    def __init__(self, stage: Stage, detail: str) -> None:
        super().__init__(detail)
        self.stage = stage
        self.detail = detail


class Deadline:
    """A point in time that nothing may pass, however many calls it takes to get there."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends_at - time.monotonic())

    def share(self, parties: int) -> "Deadline":
        """An equal part of what is left, so that one dead server leaves time for the others."""
        return Deadline(self.remaining() / max(1, parties))


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


class DeadlineSocket:
    """A socket whose every wait is bounded by the deadline, so that a slow drip ends as well."""

    def __init__(self, wire: socket.socket, deadline: Deadline) -> None:
        self.wire = wire
        self.deadline = deadline

    def recv(self, size: int) -> bytes:
        self._arm()
        return self.wire.recv(size)

    def sendall(self, data: bytes) -> None:
        self._arm()
        self.wire.sendall(data)

    def shutdown(self, how: int) -> None:
        self.wire.shutdown(how)

    def close(self) -> None:
        self.wire.close()

    def _arm(self) -> None:
        remaining = self.deadline.remaining()
        if remaining <= 0:
            message = "the directory took too long"
            raise TimeoutError(message)
        self.wire.settimeout(remaining)


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
        except (LDAPException, OSError) as error:
            raise LineBrokenError(stage, "The server did not answer properly in time.") from error


def parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an LDAP url."""
    split = urlsplit(url)
    scheme = split.scheme.casefold()
    return scheme, split.hostname or "", split.port or DEFAULT_PORTS.get(scheme, 389)


def resolve(*, host: str, port: int, deadline: Deadline) -> list[Address]:
    """The host's addresses. Addresses that no directory can have are refused like unknown names."""
    try:
        future = _resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        answers = future.result(timeout=deadline.remaining())
    except (OSError, UnicodeError, NoAnswerInTimeError) as error:
        raise LineBrokenError(Stage.RESOLVE, "The host name is not known.") from error
    found: list[Address] = [
        (family, address) for family, _, _, _, address in answers if _may_dial(address[0])
    ]
    if not found:
        raise LineBrokenError(Stage.RESOLVE, "The host name is not known.")
    return found


def connect(*, addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
    """A TCP connection to the first address that takes one."""
    for number, (family, address) in enumerate(addresses):
        wire = socket.socket(family, socket.SOCK_STREAM)
        try:
            wire.settimeout(max(0.01, deadline.share(len(addresses) - number).remaining()))
            # Nagle and delayed acknowledgement cost 40 ms a sign-in over TLS.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.connect(address)
        except OSError:
            wire.close()
        else:
            return wire
    raise LineBrokenError(Stage.TCP, "No server accepted a connection at this address.")


def secure(*, wire: DeadlineSocket, host: str, ca_certificates: str) -> DeadlineSocket:
    """TLS with the certificate checked against the given authorities and the host's name.

    Without authorities of its own the system's are used; never none.
    """
    try:
        context = ssl.create_default_context(cadata=ca_certificates or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        wire.wire.settimeout(max(0.01, wire.deadline.remaining()))
        wrapped = context.wrap_socket(wire.wire, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        wire.close()
        detail = f"The server's certificate is not trusted: {error.verify_message}."
        raise LineBrokenError(Stage.TLS, detail) from error
    except (OSError, ValueError) as error:
        wire.close()
        raise LineBrokenError(Stage.TLS, "No TLS session could be agreed on.") from error
    return DeadlineSocket(wrapped, wire.deadline)


def start_tls(wire: DeadlineSocket) -> None:
    """Ask the server to go on in TLS. The conversation so far is thrown away afterwards."""
    connection = _DialledConnection(wire)
    try:
        connection.extended(START_TLS_OID)
        code = (connection.result or {}).get("result", -1)
    except (LDAPException, OSError) as error:
        raise LineBrokenError(Stage.TLS, "The server did not answer StartTLS.") from error
    if code != SUCCESS:
        wire.close()
        raise LineBrokenError(Stage.TLS, "The server does not offer StartTLS.")


def _may_dial(address: object) -> bool:
    """Link-local, multicast and unspecified addresses are metadata services, not directories."""
    ip = ipaddress.ip_address(str(address).partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return not (mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified)


def _entry(item: dict[str, object]) -> Entry:
    raw = item.get("raw_attributes") or {}
    values = {str(key).casefold(): tuple(found) for key, found in raw.items()}  # type: ignore[attr-defined]
    return Entry(dn=str(item.get("dn") or ""), values=values)
