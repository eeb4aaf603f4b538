"""The Hive gateway, run in a thread of the test's process on a free loopback port; its clients."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import impala.dbapi
from impala import hiveserver2 as hs2
from pyhive import hive

from federation.gateway.backends import Backend
from federation.gateway.server import Gateway, Limits


@dataclass
class HiveServer:
    port: int
    host: str = "127.0.0.1"


@contextmanager
def running(
    backend: Backend, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[HiveServer]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ports: list[int] = []
    is_ready = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        is_ready.set()

    def run() -> None:
        gateway = Gateway(backend=backend, limits=limits or Limits())
        serving = gateway.serve(host="127.0.0.1", port=0, tls=tls, stop=stop, ready=ready)
        loop.run_until_complete(serving)
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_ready.wait(10)
        yield HiveServer(port=ports[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=20)
        assert not thread.is_alive()


@contextmanager
def raw(server: HiveServer) -> Iterator[socket.socket]:
    """A bare connection to the gateway, for what no client would say."""
    with socket.create_connection((server.host, server.port), timeout=5) as wire:
        yield wire


def handshake(username: str, password: str) -> bytes:
    token = f"\0{username}\0{password}".encode()
    return b"\x01\x00\x00\x00\x05PLAIN" + b"\x05" + len(token).to_bytes(4, "big") + token


def read_to_end(wire: socket.socket) -> bytes:
    """Everything the server says until it hangs up."""
    said = b""
    with suppress(ConnectionError):
        while part := wire.recv(65536):
            said += part
    return said


def try_handshake(server: HiveServer, username: str, password: str = "x") -> bytes:  # noqa: S107
    """What the gateway answers to a name and a password."""
    with raw(server) as wire:
        wire.settimeout(15)
        wire.sendall(handshake(username, password))
        return wire.recv(1024)


class Connect(Protocol):
    """PyHive's connection of a person, with a session's configuration."""

    def __call__(
        self, user: str = ..., password: str = ..., **configuration: str
    ) -> hive.Connection: ...


@contextmanager
def connecting(server: HiveServer) -> Iterator[Connect]:
    """Connections that are hung up at the end."""
    with ExitStack() as opened:

        def connect(
            user: str = "uma@acme.example",
            password: str = "uma-pw",  # noqa: S107
            **configuration: str,
        ) -> hive.Connection:
            connection = hive.connect(
                host=server.host,
                port=server.port,
                username=user,
                password=password,
                auth="LDAP",
                configuration=configuration,
            )
            opened.callback(connection._transport.close)
            return connection

        yield connect


def impyla(server: HiveServer, user: str = "uma@acme.example") -> hs2.HiveServer2Connection:
    """impyla's connection of Uma, in one of the forms of her name."""
    return impala.dbapi.connect(
        host=server.host, port=server.port, user=user, password="uma-pw", auth_mechanism="PLAIN"
    )
