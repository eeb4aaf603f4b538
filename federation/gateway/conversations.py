"""One connection's state: who it is, what it has open, and how it reaches the backend."""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import structlog

from federation.gateway.backends import Backend, Principal, TableDescription, Visitor
from federation.gateway.sasl import Credentials
from federation.gateway.sessions import InvalidHandleError, Operation, Registry, Session
from federation.gateway.sign_ins import SignIns
from governance.hive import messages
from governance.kernel.refusals import Refusal

log = structlog.get_logger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class PeerGoneError(Exception):
    """The client hung up while we worked for it."""


@dataclass(eq=False)
class Conversation:
    """What a connection may reach: its principal's sessions and operations, nobody else's."""

    backend: Backend
    registry: Registry
    sign_ins: SignIns
    executor: Executor
    reader: asyncio.StreamReader
    address: str
    credentials: Credentials | None = None
    visitor: Visitor | None = None
    principals: set[Principal] = field(default_factory=set)
    opened: list[Session] = field(default_factory=list)
    is_over: bool = False

    def time(self) -> float:
        return asyncio.get_running_loop().time()

    async def backend_call(
        self,
        call: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Run something that waits in a thread of the bounded pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self.executor, functools.partial(call, *arguments, **named)
        )

    async def sign_in(self, credentials: Credentials) -> None:
        """Prove who this is. Raises a Refusal.

        Where the name does not say which directory to ask, that waits for the session's settings.
        """
        if await self.backend_call(self.backend.can_sign_in, username=credentials.username):
            self.visitor = await self.sign_ins.admit(credentials, address=self.address)
        else:
            self.credentials = credentials

    async def enter(self, settings: Mapping[str, str]) -> Session:
        """Open a session in the role that the settings ask for. Raises a Refusal."""
        if self.visitor is None:
            self.visitor = await self._late_sign_in(settings.get("namespace", ""))
        principal = await self.backend_call(
            self.backend.enter, visitor=self.visitor, configuration=settings
        )
        session = self.registry.open(
            principal=principal,
            database="default",
            expires_at=self.time() + principal.session_seconds,
        )
        session.settings.update(settings)
        self.principals.add(principal)
        self.opened.append(session)
        return session

    async def _late_sign_in(self, namespace: str) -> Visitor:
        credentials, self.credentials = self.credentials, None
        if credentials is None:
            raise InvalidHandleError("SessionHandle")
        try:
            return await self.sign_ins.admit(credentials, address=self.address, namespace=namespace)
        except Refusal:
            # One try a connection, as where the handshake itself refuses.
            self.is_over = True
            raise

    def session(self, handle: messages.SessionHandle | None) -> Session:
        """A session of anybody this connection has signed in as. Raises InvalidHandleError."""
        return self._own(lambda principal: self.registry.session(
            handle, principal=principal, at=self.time()
        ), "SessionHandle")  # fmt: skip

    def operation(self, handle: messages.OperationHandle | None) -> Operation:
        return self._own(lambda principal: self.registry.operation(
            handle, principal=principal, at=self.time()
        ), "OperationHandle")  # fmt: skip

    def _own(self, find: Callable[[Principal], Result], kind: str) -> Result:
        for principal in self.principals:
            try:
                return find(principal)
            except InvalidHandleError:
                continue
        raise InvalidHandleError(kind)

    async def tables(self, session: Session) -> Sequence[TableDescription]:
        return await self.backend_call(self.backend.tables, principal=session.principal)

    async def finish(self, operation: Operation) -> None:
        """Forget an operation; a query that still runs is cancelled."""
        self.registry.finish(operation)
        await self._cancel([operation])

    async def close_session(self, session: Session) -> None:
        if session in self.opened:
            self.opened.remove(session)
        await self._cancel(self.registry.close(session))

    async def close(self) -> None:
        """The connection has ended: so do its sessions and their queries."""
        for session in list(self.opened):
            await self.close_session(session)

    def require_peer(self) -> None:
        """Raise PeerGoneError where the client has hung up: nobody waits for the answer."""
        if self.reader.at_eof():
            raise PeerGoneError

    async def _cancel(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            if operation.query_id is None or operation.schema is not None:
                continue
            try:
                await self.backend_call(
                    self.backend.cancel,
                    principal=operation.session.principal,
                    query_id=operation.query_id,
                )
            except Refusal as refusal:
                # It has ended by itself, or its owner may do nothing any more.
                log.debug("hive_cancel_refused", code=refusal.code)
