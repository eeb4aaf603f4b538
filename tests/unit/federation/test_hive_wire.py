"""Thrift frames: what is declared arrives, and nothing that arrives does harm."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st
from TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from federation.gateway import calls
from governance.hive import messages, wire
from governance.hive.wire import MalformedFrameError


def frame_of(name: str, arguments: object) -> bytes:
    """A call as a Hive client encodes it."""
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    protocol.writeMessageBegin(name, TMessageType.CALL, 7)
    arguments.write(protocol)  # type: ignore[attr-defined]
    return bytes(buffer.getvalue())


HANDLE = ttypes.TSessionHandle(ttypes.THandleIdentifier(guid=b"g" * 16, secret=b"s" * 16))
OPEN = frame_of(
    "OpenSession",
    TCLIService.OpenSession_args(
        ttypes.TOpenSessionReq(
            client_protocol=7, username="uma", configuration={"role": "reader", "é": "ü"}
        )
    ),
)
EXECUTE = frame_of(
    "ExecuteStatement",
    TCLIService.ExecuteStatement_args(
        ttypes.TExecuteStatementReq(HANDLE, "select 'é'", {"a": "b"}, runAsync=True)
    ),
)


def decoded(frame: bytes) -> object:
    """What the gateway reads. Raises MalformedFrameError, and must raise nothing else."""
    call = wire.call_in(frame)
    method = calls.METHODS.get(call.name)
    return None if method is None else call.request(method.request)


def test_a_session_request_arrives_as_it_was_sent() -> None:
    request = decoded(OPEN)

    assert isinstance(request, messages.OpenSessionRequest)
    assert (request.client_protocol, request.username) == (7, "uma")
    assert request.configuration == {"role": "reader", "é": "ü"}


def test_a_statement_arrives_as_it_was_sent() -> None:
    request = decoded(EXECUTE)

    assert isinstance(request, messages.ExecuteStatementRequest)
    assert request.statement == "select 'é'"
    assert request.run_async is True
    assert request.session is not None
    assert request.session.identifier == messages.HandleIdentifier(b"g" * 16, b"s" * 16)


def test_an_answer_is_read_by_a_hive_client() -> None:
    call = wire.call_in(OPEN)
    response = messages.OpenSessionResponse(
        status=messages.Status(code=0), server_protocol=5, configuration={"é": "ü"}
    )

    protocol = TBinaryProtocol(TMemoryBuffer(wire.reply(call=call, response=response)))
    name, kind, number = protocol.readMessageBegin()
    result = TCLIService.OpenSession_result()
    result.read(protocol)

    assert (name, kind, number) == ("OpenSession", TMessageType.REPLY, 7)
    assert result.success.serverProtocolVersion == 5
    assert result.success.configuration == {"é": "ü"}
    assert result.success.status.infoMessages is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    with suppress(MalformedFrameError):
        decoded(frame)


@given(
    st.sampled_from([OPEN, EXECUTE]),
    st.integers(min_value=0, max_value=400),
    st.binary(min_size=1, max_size=6),
)
def test_any_damage_to_a_call_is_read_or_refused(frame: bytes, at: int, damage: bytes) -> None:
    with suppress(MalformedFrameError):
        decoded(frame[:at] + damage + frame[at + len(damage) :])


@given(st.sampled_from([OPEN, EXECUTE]), st.integers(min_value=0, max_value=400))
def test_any_half_of_a_call_is_refused(frame: bytes, at: int) -> None:
    if at < len(frame):
        with pytest.raises(MalformedFrameError):
            decoded(frame[:at])


def test_nesting_has_an_end() -> None:
    head = struct.pack(">Ii", 0x80010001, 11) + b"OpenSession" + struct.pack(">i", 1)

    with pytest.raises(MalformedFrameError):
        decoded(head + b"\x0c\x00\x01" * 500_000)
