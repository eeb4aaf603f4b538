"""Thrift structs of a Parquet footer as plain trees, so that what is not understood is kept.

A struct is a list of fields in order; writing a tree that was read gives the same bytes back
(compact protocol; parquet-format, `parquet.thrift`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

DEEPEST = 32


class ThriftUnreadableError(ValueError):
    """These bytes are no Thrift struct."""


@dataclass(slots=True)
class Listed:
    """A Thrift list: the type of its elements, and they."""

    kind: int
    items: list[Any]


@dataclass(slots=True)
class Struct:
    """Fields by id, in the order in which they were read: id → (type, value)."""

    fields: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def get(self, number: int, default: Any = None) -> Any:  # noqa: ANN401 - a Thrift value
        found = self.fields.get(number)
        return default if found is None else found[1]

    def replace(self, number: int, value: Any) -> None:  # noqa: ANN401 - a Thrift value
        """Give a field that is there another value."""
        self.fields[number] = (self.fields[number][0], value)

    def drop(self, *numbers: int) -> None:
        for number in numbers:
            self.fields.pop(number, None)

    def items(self, number: int) -> list[Any]:
        found = self.get(number)
        return found.items if isinstance(found, Listed) else []


def read(raw: bytes) -> tuple[Struct, int]:
    """The struct at the start of `raw`, and how many bytes it took."""
    transport = TMemoryBuffer(raw)
    protocol = TCompactProtocol(
        transport, string_length_limit=len(raw), container_length_limit=len(raw)
    )
    try:
        struct = _read_struct(protocol, depth=0)
    except Exception as error:
        # Broken input makes the library raise whatever it meets, its own bare Exceptions included.
        raise ThriftUnreadableError from error
    return struct, transport.cstringio_buf.tell()


def written(struct: Struct) -> bytes:
    transport = TMemoryBuffer()
    _write_struct(TCompactProtocol(transport), struct)
    return bytes(transport.getvalue())


def _read_struct(protocol: Any, *, depth: int) -> Struct:  # noqa: ANN401 - an untyped library
    if depth > DEEPEST:
        raise ThriftUnreadableError
    struct = Struct()
    protocol.readStructBegin()
    while True:
        _, kind, number = protocol.readFieldBegin()
        if kind == TType.STOP:
            break
        struct.fields[number] = (kind, _read_value(protocol, kind, depth=depth + 1))
        protocol.readFieldEnd()
    protocol.readStructEnd()
    return struct


def _read_value(protocol: Any, kind: int, *, depth: int) -> Any:  # noqa: ANN401
    if kind == TType.STRUCT:
        return _read_struct(protocol, depth=depth)
    if kind in {TType.LIST, TType.SET}:
        element, size = protocol.readListBegin()
        items = [_read_value(protocol, element, depth=depth + 1) for _ in range(size)]
        protocol.readListEnd()
        return Listed(kind=element, items=items)
    return _PRIMITIVES[kind][0](protocol)


def _write_struct(protocol: Any, struct: Struct) -> None:  # noqa: ANN401
    protocol.writeStructBegin("")
    for number, (kind, value) in struct.fields.items():
        protocol.writeFieldBegin("", kind, number)
        _write_value(protocol, kind, value)
        protocol.writeFieldEnd()
    protocol.writeFieldStop()
    protocol.writeStructEnd()


def _write_value(protocol: Any, kind: int, value: Any) -> None:  # noqa: ANN401
    if kind == TType.STRUCT:
        _write_struct(protocol, value)
    elif kind in {TType.LIST, TType.SET}:
        protocol.writeListBegin(value.kind, len(value.items))
        for item in value.items:
            _write_value(protocol, value.kind, item)
        protocol.writeListEnd()
    else:
        _PRIMITIVES[kind][1](protocol, value)


_PRIMITIVES: dict[int, tuple[Callable[[Any], Any], Callable[[Any, Any], None]]] = {
    TType.BOOL: (lambda p: p.readBool(), lambda p, v: p.writeBool(v)),
    TType.BYTE: (lambda p: p.readByte(), lambda p, v: p.writeByte(v)),
    TType.I16: (lambda p: p.readI16(), lambda p, v: p.writeI16(v)),
    TType.I32: (lambda p: p.readI32(), lambda p, v: p.writeI32(v)),
    TType.I64: (lambda p: p.readI64(), lambda p, v: p.writeI64(v)),
    TType.DOUBLE: (lambda p: p.readDouble(), lambda p, v: p.writeDouble(v)),
    TType.STRING: (lambda p: p.readBinary(), lambda p, v: p.writeBinary(v)),
}
