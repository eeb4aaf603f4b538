"""Sockets to LDAP servers: looked up, connected and secured by us, under one deadline."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, TimeoutError as NoAnswerInTimeError
from urllib.parse import urlsplit

from federation.domain.directories import Stage

MOST_BYTES = 16 * 1024 * 1024
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


class DeadlineSocket:
    """A socket whose every wait is bounded by the deadline: a slow drip ends, and a flood too."""

    def __init__(self, wire: socket.socket, deadline: Deadline) -> None:
        self.wire = wire
        self.deadline = deadline
        self.received = 0

    def recv(self, size: int) -> bytes:
        self._arm()
        data = self.wire.recv(size)
        self.received += len(data)
        if self.received > MOST_BYTES:
            message = "the directory said too much"
            raise TimeoutError(message)
        return data

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


def _may_dial(address: object) -> bool:
    """Link-local, multicast and unspecified addresses are metadata services, not directories."""
    ip = ipaddress.ip_address(str(address).partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return not (mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified)
