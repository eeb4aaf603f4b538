"""An LDAP server that answers with what a test gives it, byte by byte (BER, RFC 4511)."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BIND, SEARCH = 0x60, 0x63
BIND_ANSWER, ENTRY, SEARCH_END, REFERENCE = 0x61, 0x64, 0x65, 0x73
SUCCESS, REFERRAL, INVALID_CREDENTIALS = 0, 10, 49


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def text(value: str) -> bytes:
    return tlv(0x04, value.encode())


def result(tag: int, code: int, *, diagnostic: str = "", referrals: tuple[str, ...] = ()) -> bytes:
    extra = tlv(0xA3, b"".join(text(url) for url in referrals)) if referrals else b""
    return tlv(tag, tlv(0x0A, bytes([code])) + text("") + text(diagnostic) + extra)


def entry(dn: str, **attributes: str) -> bytes:
    pairs = b"".join(
        tlv(0x30, text(name) + tlv(0x31, text(value))) for name, value in attributes.items()
    )
    return tlv(ENTRY, text(dn) + tlv(0x30, pairs))


def reference(url: str) -> bytes:
    return tlv(REFERENCE, text(url))


Answer = Callable[[int, int], list[bytes]]


@dataclass
class HostileServer:
    """`asked` are the operations it got; connections are counted."""

    url: str = ""
    connections: int = 0
    asked: list[int] = field(default_factory=list)


@contextmanager
def running(answer: Answer) -> Iterator[HostileServer]:
    """`answer(operation, number)` gives what to say to the number-th operation of its kind."""
    server = HostileServer()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    server.url = f"ldap://127.0.0.1:{listener.getsockname()[1]}"
    wires: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = listener.accept()
                server.connections += 1
                wires.append(wire)
                talk = threading.Thread(target=_talk, args=(wire, server, answer), daemon=True)
                talk.start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for wire in wires:
            wire.close()
        thread.join(timeout=5)


def _talk(wire: socket.socket, server: HostileServer, answer: Answer) -> None:
    with wire, contextlib.suppress(OSError):
        while request := wire.recv(65536):
            message_id, operation = _read(request)
            if operation not in {BIND, SEARCH}:
                return
            number = server.asked.count(operation)
            server.asked.append(operation)
            for part in answer(operation, number):
                wire.sendall(tlv(0x30, tlv(0x02, message_id) + part))


def _read(request: bytes) -> tuple[bytes, int]:
    """The message's number and its operation's tag, for messages below 64 KiB."""
    start = 2 if request[1] < 0x80 else 2 + (request[1] & 0x7F)
    size = request[start + 1]
    end = start + 2 + size
    return request[start + 2 : end], request[end]
