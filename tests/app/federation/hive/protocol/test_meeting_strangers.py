"""Who is not signed in, or sends junk, gets little, soon, and takes nothing from others."""

import struct
import threading
import time
from contextlib import ExitStack

import pytest
from thrift.transport.TTransport import TTransportException

from federation.gateway.server import Limits
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers
from tests.servers.hive import Connect, HiveServer
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("user", "password"),
    [("uma@acme.example", "wrong"), ("nobody@acme.example", "x"), ("uma@nowhere.example", "x")],
)
def test_every_refused_sign_in_sounds_and_takes_the_same(
    connect: Connect, user: str, password: str
) -> None:
    started = time.monotonic()

    with pytest.raises(TTransportException, match="Error validating the login"):
        connect(user=user, password=password)

    assert 0.99 < time.monotonic() - started < 1.3


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x01\xff\xff\xff\xff",
        b"\x01\x00\x00\x00\x06GSSAPI",
        b"\x01\x00\x00\x00\x05PLAIN\x02\x00\x00\x00\x03\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\x05PLAIN\x02\x00\x00\x00\x11eve\x00uma\x00some-pass",
        b"",
        b"\x01",
    ],
)
def test_what_is_no_handshake_is_ended_soon(server: HiveServer, opening: bytes) -> None:
    with hive_servers.raw(server) as wire:
        started = time.monotonic()
        wire.sendall(opening)

        left = hive_servers.read_to_end(wire)

    assert time.monotonic() - started < 2
    assert not left.startswith(b"\x05")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0" * 40,
        struct.pack(">I", 0x80010001) + struct.pack(">I", 0x7FFFFFFF),
        # A call whose argument nests structs a thousand times.
        b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01" + b"\x0c\x00\x01" * 100_000,
        # A map that says it is huge.
        (
            b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01\x0c\x00\x01"
            b"\x0d\x00\x04\x0b\x0b\x7f\xff\xff\xff"
        ),
    ],
)
def test_frames_that_make_no_sense_end_the_connection(server: HiveServer, frame: bytes) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        assert wire.recv(5) == b"\x05\0\0\0\0"
        wire.sendall(struct.pack(">I", len(frame)) + frame)

        assert hive_servers.read_to_end(wire) == b""


def test_a_frame_over_the_limit_is_not_read(server: HiveServer) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        assert wire.recv(5) == b"\x05\0\0\0\0"
        wire.sendall(struct.pack(">I", 2**31 - 1))

        assert hive_servers.read_to_end(wire) == b""


def test_signed_in_without_a_session_is_ended_soon(server: HiveServer) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        started = time.monotonic()
        hive_servers.read_to_end(wire)

    assert time.monotonic() - started < 2


def test_a_directory_that_hangs_does_not_hold_up_the_others(backend: FakeHiveBackend) -> None:
    limits = Limits(sign_in_threads=4, sign_ins_per_directory=2)
    with hive_servers.running(backend, limits=limits) as server:
        stuck = [
            threading.Thread(target=hive_servers.try_handshake, args=(server, f"u{n}@slow.example"))
            for n in range(8)
        ]
        for thread in stuck:
            thread.start()
        eventually(lambda: backend.hanging == 2, what="hanging directory", seconds=5)

        started = time.monotonic()
        answer = hive_servers.try_handshake(server, "uma@acme.example", "uma-pw")
        took = time.monotonic() - started
        backend.go_on.set()
        for thread in stuck:
            thread.join()

    assert answer.startswith(b"\x05")
    assert took < 0.5
    assert backend.most_hanging == 2


def test_strangers_from_one_address_cannot_take_all_handshakes(backend: FakeHiveBackend) -> None:
    limits = Limits(handshake_seconds=5, handshakes_per_network=3)
    with hive_servers.running(backend, limits=limits) as server, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(hive_servers.raw(server)).sendall(b"\x01")
        time.sleep(0.1)

        with hive_servers.raw(server) as wire:
            assert hive_servers.read_to_end(wire) == b""
