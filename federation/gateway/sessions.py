"""Open sessions and operations, each bound to the principal that opened it."""

import hmac
import secrets
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import pyarrow as pa

from federation.gateway.backends import Principal
from governance.hive import messages
from governance.hive.vocabulary import OperationType
from governance.kernel.refusals import Exhausted

HANDLE_BYTES = 16
MOST_OPERATIONS = 50


class TooManySessions(Exhausted):
    code = "hive_sessions_exhausted"
    sentence = "Too many Hive sessions are open. Close some, or try again later."


class TooManyOperations(Exhausted):
    code = "hive_operations_exhausted"
    sentence = "Too many statements are open in this session. Close some of them."


class InvalidHandleError(Exception):
    """No such handle, or somebody else's: the answer is the same."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"Invalid {kind}")


@dataclass(eq=False)
class Operation:
    """A statement and where its rows come from: a finished table, or a query that runs."""

    kind: OperationType
    handle: messages.HandleIdentifier
    session: "Session"
    table: pa.Table | None = None
    query_id: UUID | None = None
    schema: pa.Schema | None = None
    offset: int = 0
    log_offset: int = 0

    @property
    def has_result_set(self) -> bool:
        return self.table is None or bool(self.table.schema.names)

    def described(self) -> messages.OperationHandle:
        return messages.OperationHandle(
            identifier=self.handle, kind=int(self.kind), has_result_set=self.has_result_set
        )


@dataclass(eq=False)
class Session:
    principal: Principal
    handle: messages.HandleIdentifier
    database: str
    expires_at: float
    settings: dict[str, str] = field(default_factory=dict)
    operations: dict[bytes, Operation] = field(default_factory=dict)


class Registry:
    """Every open session of this process. Used from the event loop alone, so without locks."""

    def __init__(self, *, per_namespace: int, per_user: int) -> None:
        self._per_namespace = per_namespace
        self._per_user = per_user
        self._sessions: dict[bytes, Session] = {}
        self._operations: dict[bytes, Operation] = {}
        self._open: Counter[UUID] = Counter()

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, *, principal: Principal, database: str, expires_at: float) -> Session:
        """A new session. Raises TooManySessions."""
        if (
            self._open[principal.namespace_id] >= self._per_namespace
            or self._open[principal.user_id] >= self._per_user
        ):
            raise TooManySessions
        session = Session(principal, _new_handle(), database, expires_at)
        self._sessions[session.handle.guid] = session
        self._open.update((principal.namespace_id, principal.user_id))
        return session

    def session(
        self, handle: messages.SessionHandle | None, *, principal: Principal | None, at: float
    ) -> Session:
        """The session of a handle, if it is this principal's. Raises InvalidHandleError."""
        identifier = None if handle is None else handle.identifier
        found = None if identifier is None else self._sessions.get(identifier.guid)
        if (
            found is None
            or not _same(found.handle, identifier)
            or found.principal != principal
            or at >= found.expires_at
        ):
            raise InvalidHandleError("SessionHandle")
        return found

    def close(self, session: Session) -> list[Operation]:
        """Forget a session; what was still open in it."""
        if self._sessions.pop(session.handle.guid, None) is None:
            return []
        self._open.subtract((session.principal.namespace_id, session.principal.user_id))
        self._open = +self._open
        left = list(session.operations.values())
        for operation in left:
            self.finish(operation)
        return left

    def begin(self, session: Session, kind: OperationType) -> Operation:
        """A new operation of a session. Raises TooManyOperations."""
        if len(session.operations) >= MOST_OPERATIONS:
            raise TooManyOperations
        operation = Operation(kind=kind, handle=_new_handle(), session=session)
        session.operations[operation.handle.guid] = operation
        self._operations[operation.handle.guid] = operation
        return operation

    def operation(
        self, handle: messages.OperationHandle | None, *, principal: Principal | None, at: float
    ) -> Operation:
        """The operation of a handle, if it is this principal's. Raises InvalidHandleError."""
        identifier = None if handle is None else handle.identifier
        found = None if identifier is None else self._operations.get(identifier.guid)
        if (
            found is None
            or not _same(found.handle, identifier)
            or found.session.principal != principal
            or at >= found.session.expires_at
        ):
            raise InvalidHandleError("OperationHandle")
        return found

    def finish(self, operation: Operation) -> None:
        self._operations.pop(operation.handle.guid, None)
        operation.session.operations.pop(operation.handle.guid, None)


def _new_handle() -> messages.HandleIdentifier:
    return messages.HandleIdentifier(
        guid=secrets.token_bytes(HANDLE_BYTES), secret=secrets.token_bytes(HANDLE_BYTES)
    )


def _same(known: messages.HandleIdentifier, shown: messages.HandleIdentifier | None) -> bool:
    return shown is not None and hmac.compare_digest(known.secret, shown.secret)
