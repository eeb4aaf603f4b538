"""Thrift's binary protocol for structs that are declared as dataclasses.

A struct is declared once, by its fields' numbers and types; Thrift's own library does the
encoding (in C) and the decoding (in Python: a hostile frame may nest deeper than a C stack).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, TypeVar, dataclass_transform

from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer, TTransportException

LARGEST_CONTAINER = 10_000
OTHER_REPLY = "the frame is no reply to the call"
TYPE = "thrift"

Struct = TypeVar("Struct")
# What Thrift's library calls type arguments: of a struct its class and fields, and so on.
Arguments = Any


class MalformedFrameError(Exception):
    """A frame is no call or reply that Thrift can read. The connection is not worth keeping."""


class CallRefusedError(Exception):
    """The server answered with Thrift's own exception, such as for a method it does not have."""


class _Declared(Protocol):
    thrift_spec: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class WireType:
    """A Thrift type with its arguments."""

    code: int
    arguments: Arguments = None

    def at(self, number: int, default: object = None) -> Any:  # noqa: ANN401 - a field of its type
        """A dataclass field with this type and field number. Unset is None and not sent."""
        return field(default=default, metadata={TYPE: (number, self)})


BOOL = WireType(TType.BOOL)
BYTE = WireType(TType.BYTE)
I16 = WireType(TType.I16)
I32 = WireType(TType.I32)
I64 = WireType(TType.I64)
DOUBLE = WireType(TType.DOUBLE)
TEXT = WireType(TType.STRING, "UTF8")
BYTES = WireType(TType.STRING, "BINARY")


def list_of(item: WireType) -> WireType:
    return WireType(TType.LIST, (item.code, item.arguments, False))


def map_of(key: WireType, value: WireType) -> WireType:
    return WireType(TType.MAP, (key.code, key.arguments, value.code, value.arguments, False))


def of(struct: type[object]) -> WireType:
    """A declared struct as the type of a field."""
    return WireType(TType.STRUCT, [struct, _specification(struct)])


@dataclass_transform()
def declare(struct: type[Struct]) -> type[Struct]:
    """Makes a class with wire-typed fields a dataclass that can be sent and received."""
    made = dataclass(struct)
    known: dict[int, tuple[object, ...]] = {}
    for one in fields(made):  # type: ignore[arg-type]
        number, kind = one.metadata[TYPE]
        known[number] = (number, kind.code, one.name, kind.arguments, one.default)
    size = max(known, default=0) + 1
    made.thrift_spec = tuple(known.get(number) for number in range(size))  # type: ignore[attr-defined]
    made.read = _read  # type: ignore[attr-defined]
    return made


def _read(self: _Declared, protocol: TBinaryProtocol) -> None:
    protocol.readStruct(self, self.thrift_spec)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived: its name, its number, and its arguments still encoded."""

    name: str
    number: int
    protocol: TBinaryProtocol

    def request(self, kind: Callable[[], Struct]) -> Struct:
        """The call's one argument. Raises MalformedFrameError."""
        request = kind()
        arguments = (None, (1, TType.STRUCT, "request", [kind, _specification(kind)], None))
        holder = _Holder(request)
        try:
            self.protocol.readStruct(holder, arguments)
        except _UNREADABLE as error:
            message = f"the arguments of {self.name} are malformed"
            raise MalformedFrameError(message) from error
        return holder.request  # type: ignore[no-any-return]


class _Holder:
    def __init__(self, request: object) -> None:
        self.request: Any = request


# What Thrift's library raises for frames that lie about themselves.
_UNREADABLE = (
    TProtocolException, TTransportException, EOFError, UnicodeDecodeError, RecursionError,
    TypeError, ValueError, MemoryError, OverflowError,
)  # fmt: skip


def call_in(frame: bytes) -> Call:
    """The call that a frame carries. Raises MalformedFrameError."""
    protocol = TBinaryProtocol(
        TMemoryBuffer(frame),
        strictRead=True,
        string_length_limit=len(frame),
        container_length_limit=LARGEST_CONTAINER,
    )
    try:
        name, kind, number = protocol.readMessageBegin()
    except _UNREADABLE as error:
        message = "the frame is no Thrift message"
        raise MalformedFrameError(message) from error
    if kind != TMessageType.CALL:
        message = "the frame is no call"
        raise MalformedFrameError(message)
    return Call(name=name, number=number, protocol=protocol)


def reply(*, call: Call, response: object) -> bytes:
    """The frame's content that answers a call with a struct."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocolAccelerated(buffer, fallback=False)
    protocol.writeMessageBegin(call.name, TMessageType.REPLY, call.number)
    kind = type(response)
    success = ((0, TType.STRUCT, "success", [kind, _specification(kind)], None),)
    result = _Success(response)
    buffer.write(protocol._fast_encode(result, [_Success, success]))  # noqa: SLF001 - its generated code does the same
    return bytes(buffer.getvalue())


class _Success:
    def __init__(self, success: object) -> None:
        self.success = success


def unknown_call(call: Call) -> bytes:
    """The answer to a method that is not there; clients fall back to another one."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(call.name, TMessageType.EXCEPTION, call.number)
    message = f"Invalid method name: '{call.name[:100]}'"
    TApplicationException(TApplicationException.UNKNOWN_METHOD, message).write(protocol)
    return bytes(buffer.getvalue())


def call_out(*, name: str, number: int, request: object) -> bytes:
    """A call as a client sends it."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocolAccelerated(buffer, fallback=False)
    protocol.writeMessageBegin(name, TMessageType.CALL, number)
    kind = type(request)
    arguments = (None, (1, TType.STRUCT, "request", [kind, _specification(kind)], None))
    buffer.write(protocol._fast_encode(_Holder(request), [_Holder, arguments]))  # noqa: SLF001 - as in `reply`
    return bytes(buffer.getvalue())


class Incoming(Protocol):
    """Where a reply is read from: exactly so many bytes, or an exception."""

    def readAll(self, sz: int) -> bytes: ...  # noqa: N802 - Thrift's name


def reply_in(
    *, transport: Incoming, name: str, number: int, kind: Callable[[], Struct], limit: int
) -> Struct:
    """The struct that answers a call. Raises MalformedFrameError, CallRefusedError.

    What the transport raises of its own passes through.
    """
    protocol = _Columnar(
        transport,
        strictRead=True,
        string_length_limit=limit,
        container_length_limit=LARGEST_CONTAINER,
    )
    holder = _Success(None)
    success = ((0, TType.STRUCT, "success", [kind, _specification(kind)], None),)
    try:
        answered, message, count = protocol.readMessageBegin()
        if message == TMessageType.EXCEPTION:
            raise CallRefusedError
        if (answered, message, count) != (name, TMessageType.REPLY, number):
            raise MalformedFrameError(OTHER_REPLY)
        protocol.readStruct(holder, success)
        protocol.readMessageEnd()
    except _UNREADABLE as error:
        raise MalformedFrameError(str(type(error))) from error
    if holder.success is None:
        raise MalformedFrameError(OTHER_REPLY)
    return holder.success  # type: ignore[return-value]


class _Columnar(TBinaryProtocol):  # type: ignore[misc]
    """Reads a list of numbers at once: results come as columns of thousands of them."""

    def readContainerList(self, spec: Arguments) -> Any:  # noqa: ANN401, N802 - Thrift's name and type
        code = spec[0]
        if code not in NUMBERS:
            return super().readContainerList(spec)
        found, size = self.readListBegin()
        if found != code or size < 0:
            raise TProtocolException(TProtocolException.INVALID_DATA)
        letter, width = NUMBERS[code]
        return list(struct.unpack(f">{size}{letter}", self.trans.readAll(size * width)))


# How Thrift's binary protocol lays out numbers, in the letters of `struct`.
NUMBERS = {
    TType.BOOL: ("?", 1),
    TType.BYTE: ("b", 1),
    TType.I16: ("h", 2),
    TType.I32: ("i", 4),
    TType.I64: ("q", 8),
    TType.DOUBLE: ("d", 8),
}


def _specification(kind: object) -> tuple[object, ...]:
    specification: tuple[object, ...] = kind.thrift_spec  # type: ignore[attr-defined]
    return specification
