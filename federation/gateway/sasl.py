"""The SASL PLAIN handshake of Thrift, and the frames that follow it.

Each message of the handshake is a status byte, a length and a body; afterwards a frame is a length
and a body. Everything is bounded: a stranger may not make us wait or hold much.
"""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

from governance.kernel.personal import Personal

MECHANISM = b"PLAIN"
LARGEST_TOKEN = 8 * 1024
LARGEST_REQUEST = 4 * 1024 * 1024
BODY_SECONDS = 30
WRITE_SECONDS = 60
PLAIN_PARTS = 3


class NegotiationStatus(IntEnum):
    START = 1
    OK = 2
    BAD = 3
    ERROR = 4
    COMPLETE = 5


class HandshakeError(Exception):
    """The peer does not speak SASL PLAIN as Hive clients do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    username: Personal[str]
    password: Personal[str]


async def credentials(reader: asyncio.StreamReader) -> Credentials:
    """What the peer signs in with. Raises HandshakeError, IncompleteReadError."""
    status, mechanism = await _message(reader)
    if status != NegotiationStatus.START or mechanism != MECHANISM:
        message = "only SASL PLAIN is offered"
        raise HandshakeError(message)
    status, token = await _message(reader)
    if status not in {NegotiationStatus.OK, NegotiationStatus.COMPLETE}:
        message = "no credentials were sent"
        raise HandshakeError(message)
    return _plain(token)


def answer(status: NegotiationStatus, body: bytes = b"") -> bytes:
    return struct.pack(">BI", status, len(body)) + body


async def frame(reader: asyncio.StreamReader, *, idle_seconds: float) -> bytes | None:
    """The next request, or None where the peer has gone or said nothing for too long."""
    try:
        async with asyncio.timeout(idle_seconds):
            (size,) = struct.unpack(">I", await reader.readexactly(4))
        if size > LARGEST_REQUEST:
            return None
        async with asyncio.timeout(BODY_SECONDS):
            return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return None


async def send(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Write a frame and wait for a slow reader, but not forever."""
    writer.write(struct.pack(">I", len(body)))
    writer.write(body)
    async with asyncio.timeout(WRITE_SECONDS):
        await writer.drain()


async def _message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    status, size = struct.unpack(">BI", await reader.readexactly(5))
    if status not in NegotiationStatus._value2member_map_ or size > LARGEST_TOKEN:
        message = "this is no SASL handshake"
        raise HandshakeError(message)
    return status, await reader.readexactly(size)


def _plain(token: bytes) -> Credentials:
    """RFC 4616: whom to act as, who it is, and the password, with NULs between."""
    parts = token.split(b"\0")
    if len(parts) != PLAIN_PARTS:
        message = "the PLAIN token is malformed"
        raise HandshakeError(message)
    act_as, username, password = parts
    if act_as not in {b"", username}:
        message = "acting as somebody else is not offered"
        raise HandshakeError(message)
    try:
        return Credentials(Personal(username.decode()), Personal(password.decode()))
    except UnicodeDecodeError as error:
        message = "the PLAIN token is not UTF-8"
        raise HandshakeError(message) from error
