"""A session on a Hive server: the calls, and what a server says that refuses them."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from governance.analytics.adapters.hive import columns
from governance.analytics.adapters.hive.connection import Connection, nothing
from governance.analytics.adapters.hive.refusals import (
    HiveAnswerUnreadable,
    HiveSessionLost,
    HiveStatementFailed,
)
from governance.hive import messages, wire
from governance.hive.messages import OperationHandle, SessionHandle, Status
from governance.hive.vocabulary import OperationState, Orientation, ProtocolVersion, StatusCode
from governance.kernel.refusals import Refusal

Response = TypeVar("Response")
GOOD = frozenset({StatusCode.SUCCESS, StatusCode.SUCCESS_WITH_INFO, StatusCode.STILL_EXECUTING})
RUNNING = frozenset({OperationState.INITIALIZED, OperationState.RUNNING, OperationState.PENDING})
# For statements of our own: settings, views, sizes.
OUR_SECONDS, PAUSE, MOST_ROWS = 600, 0.02, 1_000
# A server may take its time to close a session; the rows are here already.
CANCEL_SECONDS, CLOSE_SECONDS, PLANNING_SECONDS = 5.0, 1.0, 0.8
LOST = ("Invalid SessionHandle", "Invalid OperationHandle")


@dataclass(slots=True)
class Session:
    """One person's query at a time: opened for it, closed after it.

    `again` makes another connection, for where this one still waits for an answer.
    """

    connection: Connection
    handle: SessionHandle
    again: Callable[[], Connection]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    @contextmanager
    def running(self, statement: str, *, seconds: int) -> Iterator[OperationHandle]:
        """An operation that does not outlive the block: cancelled where it is left early."""
        operation = self.start(statement, seconds=seconds)
        try:
            yield operation
        except BaseException:
            self._abandon(operation)
            raise
        self.forget(operation)

    def run(self, statement: str) -> list[list[object]]:
        """A statement of ours and its few rows."""
        with self.running(statement, seconds=OUR_SECONDS) as operation:
            while self.is_running(operation):
                time.sleep(PAUSE)
            if not operation.has_result_set:
                return []
            schema = columns.schema_of(self.schema(operation))
            batch = columns.batch_of(self.rows(operation, most=MOST_ROWS), schema=schema)
            return [list(row.values()) for row in batch.to_pylist()]

    def set(self, statement: str) -> None:
        """A setting; a server may keep some to itself."""
        with suppress(HiveStatementFailed):
            self.run(statement)

    def start(self, statement: str, *, seconds: int) -> OperationHandle:
        """Begin to run a statement. The server itself is told when to give it up."""
        request = messages.ExecuteStatementRequest(
            session=self.handle, statement=statement, run_async=True, timeout_seconds=seconds
        )
        answer = self._call("ExecuteStatement", request, messages.OperationResponse)
        _check(answer.status)
        if answer.operation is None:
            raise HiveAnswerUnreadable(why="it started no operation")
        return answer.operation

    def is_running(self, operation: OperationHandle) -> bool:
        """Raises HiveStatementFailed with the server's words where it ended badly."""
        request = messages.OperationRequest(operation=operation)
        answer = self._call("GetOperationStatus", request, messages.OperationStatusResponse)
        _check(answer.status)
        if answer.state in RUNNING:
            return True
        if answer.state != OperationState.FINISHED:
            raise HiveStatementFailed(why=answer.error_message or "it was ended by the server.")
        return False

    def schema(self, operation: OperationHandle) -> list[messages.ColumnDescription]:
        request = messages.OperationRequest(operation=operation)
        answer = self._call("GetResultSetMetadata", request, messages.MetadataResponse)
        _check(answer.status)
        return list(answer.schema.columns or ()) if answer.schema is not None else []

    def rows(self, operation: OperationHandle, *, most: int) -> list[messages.Column]:
        request = messages.FetchRequest(
            operation=operation, orientation=Orientation.NEXT, max_rows=most
        )
        answer = self._call("FetchResults", request, messages.FetchResponse)
        _check(answer.status)
        return list(answer.results.columns or ()) if answer.results is not None else []

    def forget(self, operation: OperationHandle) -> None:
        request = messages.OperationRequest(operation=operation)
        self._call("CloseOperation", request, messages.StatusResponse)

    def close(self) -> None:
        """Quietly: a server closes by itself what nobody is connected to."""
        with suppress(Refusal):
            self._take_leave(CLOSE_SECONDS)
            request = messages.SessionRequest(session=self.handle)
            self._call("CloseSession", request, messages.StatusResponse)

    def _abandon(self, operation: OperationHandle) -> None:
        with suppress(Refusal):
            self._take_leave(CANCEL_SECONDS)
            request = messages.OperationRequest(operation=operation)
            self._call("CancelOperation", request, messages.StatusResponse)
            # Spark forgets to cancel what it still plans: closing cancels once more.
            time.sleep(PLANNING_SECONDS)
            self._call("CloseOperation", request, messages.StatusResponse)

    def _take_leave(self, seconds: float) -> None:
        """Nobody watches any more, and it may not take long."""
        if not self.connection.is_idle:
            self.connection.close()
            self.connection = self.again()
        self.connection.while_waiting = nothing
        self.connection.deadline = time.monotonic() + seconds

    def _call(self, name: str, request: object, kind: type[Response]) -> Response:
        return call(self.connection, name, next(self._numbers), request, kind)


@contextmanager
def opened(connection: Connection, *, again: Callable[[], Connection]) -> Iterator[Session]:
    """A session that is closed at the end, if the server still listens."""
    session = begun(connection, again=again)
    try:
        yield session
    finally:
        session.close()
        session.connection.close()


def begun(connection: Connection, *, again: Callable[[], Connection]) -> Session:
    """Raises HiveAnswerUnreadable where the server is too old."""
    request = messages.OpenSessionRequest(client_protocol=ProtocolVersion.OFFERED, configuration={})
    answer = call(connection, "OpenSession", 1, request, messages.OpenSessionResponse)
    _check(answer.status)
    if answer.session is None or (answer.server_protocol or 0) < ProtocolVersion.COLUMNAR:
        raise HiveAnswerUnreadable(why="it is older than Hive 0.14 and sends rows one by one")
    return Session(connection, answer.session, again)


def call(
    connection: Connection, name: str, number: int, request: object, kind: type[Response]
) -> Response:
    """One call and its answer. Raises HiveAnswerUnreadable, HiveConnectionLost and the others."""
    connection.is_idle = False
    connection.send(wire.call_out(name=name, number=number, request=request))
    try:
        answer = wire.reply_in(
            transport=connection.reply(),
            name=name,
            number=number,
            kind=kind,
            limit=connection.largest,
        )
    except wire.CallRefusedError as error:
        raise HiveAnswerUnreadable(why=f"it does not know the call {name}") from error
    except wire.MalformedFrameError as error:
        raise HiveAnswerUnreadable(why=f"its answer to {name} is malformed") from error
    connection.is_idle = True
    return answer


def _check(status: Status | None) -> None:
    if status is None or status.code is None:
        raise HiveAnswerUnreadable(why="it does not say how a call went")
    if status.code in GOOD:
        return
    said = status.error_message or ""
    if status.code == StatusCode.INVALID_HANDLE or said.startswith(LOST):
        raise HiveSessionLost
    raise HiveStatementFailed(why=said or "it did not say why.")
