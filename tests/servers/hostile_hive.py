"""Servers on a Hive port that are none, or bad ones: real sockets, one behaviour each."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket], None]
COMPLETE = struct.pack(">BI", 5, 0)


def _greeted(wire: socket.socket) -> None:
    """Take the SASL handshake and say yes to anybody."""
    wire.recv(65536)
    wire.sendall(COMPLETE)


def silent(wire: socket.socket) -> None:
    with suppress(OSError):
        while wire.recv(65536):
            pass


def silent_after_greeting(wire: socket.socket) -> None:
    _greeted(wire)
    silent(wire)


def hanging_up(wire: socket.socket) -> None:
    wire.recv(1)


def garbage(wire: socket.socket) -> None:
    wire.recv(65536)
    wire.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def endless_greeting(wire: socket.socket) -> None:
    with suppress(OSError):
        while True:
            wire.sendall(struct.pack(">BI", 2, 0))


def refusing(wire: socket.socket) -> None:
    wire.recv(65536)
    wire.sendall(struct.pack(">BI", 3, 6) + b"no way")


def claiming_a_huge_frame(wire: socket.socket) -> None:
    _greeted(wire)
    wire.recv(65536)
    wire.sendall(b"\x7f\xff\xff\xff")
    silent(wire)


def garbage_in_a_frame(wire: socket.socket) -> None:
    _greeted(wire)
    wire.recv(65536)
    wire.sendall(struct.pack(">I", 64) + b"\xff" * 64)
    silent(wire)


def _reply(body: bytes) -> bytes:
    name = b"OpenSession"
    head = b"\x80\x01\x00\x02" + struct.pack(">I", len(name)) + name + struct.pack(">I", 1)
    return struct.pack(">I", len(head) + len(body)) + head + body


def huge_string_in_a_frame(wire: socket.socket) -> None:
    """A text that says it is 2 GB long, in a frame of some bytes."""
    _greeted(wire)
    wire.recv(65536)
    wire.sendall(_reply(b"\x0c\x00\x00" + b"\x0b\x00\x05\x7f\xff\xff\xff" + b"x" * 32))
    silent(wire)


def endless_nesting(wire: socket.socket) -> None:
    """A struct in a struct in a struct, deeper than any stack."""
    _greeted(wire)
    wire.recv(65536)
    wire.sendall(_reply(b"\x0c\x00\x09" * 200_000))
    silent(wire)


def huge_list(wire: socket.socket) -> None:
    """A list of two thousand million numbers, none of which come."""
    _greeted(wire)
    wire.recv(65536)
    wire.sendall(_reply(b"\x0c\x00\x00" + b"\x0f\x00\x02\x0b\x7f\xff\xff\xff"))
    silent(wire)


@contextmanager
def running(behave: Behaviour) -> Iterator[int]:
    """The port of a server that behaves so on each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                wire, _ = listener.accept()
                opened.append(wire)
                threading.Thread(target=_one, args=(behave, wire), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Shutting down wakes accept(); closing alone would not.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)
        for wire in opened:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()


def _one(behave: Behaviour, wire: socket.socket) -> None:
    with suppress(OSError), wire:
        behave(wire)
