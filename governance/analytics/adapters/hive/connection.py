"""A connection to a Hive server: to a checked address, over TLS, signed in by SASL PLAIN.

Everything is bounded, for the server is somebody else's: connecting, each wait, and the size of
what it sends. A size that the server names is a claim: memory grows with what has arrived.
"""

import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from thrift.transport.TTransport import TMemoryBuffer

from governance.analytics.adapters.hive.refusals import (
    HiveAnswerUnreadable,
    HiveConnectionLost,
    HiveReplyTooLarge,
    HiveServerUnreachable,
    HiveSignInRefused,
    HiveTLSFailed,
)
from governance.analytics.domain.hive_options import Authentication, HiveOptions, Transport
from governance.kernel.personal import Personal

CONNECT_SECONDS = 5.0
SLICE_SECONDS = 0.25
LARGEST_REPLY = 64 * 2**20
LARGEST_GREETING = 8 * 1024
CHUNK = 256 * 1024
MECHANISM = b"PLAIN"
START, OK, COMPLETE = 1, 2, 5
BAD, ERROR = 3, 4
# A server without passwords takes any name: Hive's own clients send these.
ANYBODY = "anonymous"


class Incoming(Protocol):
    """Where a reply is decoded from (Thrift's name for it)."""

    def readAll(self, sz: int) -> bytes: ...  # noqa: N802


def nothing() -> None:
    """Nobody waits with us."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """`while_waiting` is called a few times a second while the server works; it may raise."""

    wire: socket.socket
    is_framed: bool
    deadline: float
    while_waiting: Callable[[], None] = field(default=nothing)
    largest: int = LARGEST_REPLY
    is_idle: bool = True
    _left: int = 0

    def send(self, body: bytes) -> None:
        """Raises HiveConnectionLost."""
        if self.is_framed:
            body = struct.pack(">I", len(body)) + body
        try:
            self.wire.settimeout(max(min(self.deadline - time.monotonic(), 30.0), 0.1))
            self.wire.sendall(body)
        except OSError as error:
            raise HiveConnectionLost from error

    def reply(self) -> Incoming:
        """The next reply, to be decoded. Raises HiveReplyTooLarge, HiveConnectionLost."""
        self._left = self.largest
        if not self.is_framed:
            return self
        self._left += 4
        (size,) = struct.unpack(">I", self.readAll(4))
        self._check_size(size)
        body: Incoming = TMemoryBuffer(self.readAll(size))
        return body

    def expect(self, most: int) -> None:
        """What comes next is no larger than this."""
        self._left = most

    def readAll(self, sz: int) -> bytes:  # noqa: N802 - Thrift's name
        """Exactly so many bytes, however many pieces they come in."""
        self._check_size(sz)
        self._left -= sz
        found = bytearray()
        while len(found) < sz:
            found += self._some(min(sz - len(found), CHUNK))
        return bytes(found)

    def close(self) -> None:
        with suppress(OSError):
            self.wire.close()

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self._left:
            raise HiveReplyTooLarge(megabytes=self.largest // 2**20)

    def _some(self, most: int) -> bytes:
        while True:
            self.while_waiting()
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise HiveConnectionLost
            try:
                self.wire.settimeout(min(left, SLICE_SECONDS))
                part = self.wire.recv(most)
            except TimeoutError:
                continue
            except OSError as error:
                raise HiveConnectionLost from error
            if not part:
                raise HiveConnectionLost
            return part


def reached(*, address: str, options: HiveOptions) -> socket.socket:
    """A socket to the address that was checked. Raises HiveServerUnreachable."""
    try:
        made = socket.create_connection((address, options.port), timeout=CONNECT_SECONDS)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise HiveServerUnreachable from error
    return made


def secured(*, wire: socket.socket, options: HiveOptions) -> socket.socket:
    """The same under TLS, the certificate and the name verified. Raises HiveTLSFailed."""
    match options.transport:
        case Transport.PLAIN:
            return wire
        case Transport.TLS:
            pass
    try:
        context = ssl.create_default_context(cadata=options.ca_certificates or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context.wrap_socket(wire, server_hostname=options.host)
    except ssl.SSLCertVerificationError as error:
        wire.close()
        raise HiveTLSFailed(why=error.verify_message) from error
    except (OSError, ValueError) as error:
        wire.close()
        raise HiveTLSFailed(why="it does not speak TLS as it should") from error


def signed_in(
    *, wire: socket.socket, options: HiveOptions, password: Personal[str] | None
) -> Connection:
    """A connection that calls may be sent on. Raises HiveSignInRefused and the others."""
    made = Connection(
        wire=wire,
        is_framed=options.authentication is not Authentication.NOSASL,
        deadline=time.monotonic() + CONNECT_SECONDS * 2,
    )
    try:
        match options.authentication:
            case Authentication.NOSASL:
                pass
            case Authentication.NONE:
                _greet(made, username=options.username or ANYBODY, secret=ANYBODY)
            case Authentication.PLAIN:
                _greet(made, username=options.username, secret=_secret(password))
    except BaseException:
        made.close()
        raise
    return made


def _secret(password: Personal[str] | None) -> str:
    """A blank one is an anonymous sign-in at many directories: it is not tried."""
    if password is None or not password.reveal():
        raise HiveSignInRefused
    return password.reveal()


def _greet(connection: Connection, *, username: str, secret: str) -> None:
    """SASL PLAIN (RFC 4616) as Thrift frames it: a status byte, a length, a body."""
    token = b"\0".join((b"", username.encode(), secret.encode()))
    said = struct.pack(">BI", START, len(MECHANISM)) + MECHANISM
    said += struct.pack(">BI", COMPLETE, len(token)) + token
    connection.is_framed = False
    connection.send(said)
    connection.is_framed = True
    for _ in range(3):
        connection.expect(LARGEST_GREETING)
        status, size = struct.unpack(">BI", connection.readAll(5))
        if status not in {OK, COMPLETE, BAD, ERROR} or size > LARGEST_GREETING - 5:
            raise HiveAnswerUnreadable(why="it does not greet by SASL")
        connection.readAll(size)
        if status in {BAD, ERROR}:
            raise HiveSignInRefused
        if status == COMPLETE:
            return
    raise HiveAnswerUnreadable(why="its greeting does not end")
