"""A backend of the Hive gateway in memory: people with passwords, tables for statements."""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pyarrow as pa

from federation.domain.directories import Reason, SignInRefused
from federation.gateway.backends import (
    Principal,
    Progress,
    Statement,
    TableDescription,
    Visitor,
)
from governance.hive.vocabulary import OperationState
from governance.kernel.personal import Personal
from governance.kernel.refusals import Exhausted, NotFound

ACME, RIVAL = UUID(int=1), UUID(int=2)


class LimitReached(Exhausted):
    code = "query_reached_usage_limit"
    sentence = "Query reached usage limit"


@dataclass
class FakeHiveBackend:
    """Statements are answered from `answers`; the `slow` one runs until it is cancelled."""

    passwords: Mapping[str, str] = field(
        default_factory=lambda: {"uma@acme.example": "uma-pw", "eve@rival.example": "eve-pw"}
    )
    answers: Mapping[str, pa.Table] = field(default_factory=dict)
    described: Sequence[TableDescription] = ()
    submitted: list[Statement] = field(default_factory=list)
    cancelled: set[UUID] = field(default_factory=set)
    queries: dict[UUID, tuple[Principal, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    go_on: threading.Event = field(default_factory=threading.Event)
    slow: str = "select slowly"
    deactivated: set[str] = field(default_factory=set)
    moved_out: set[str] = field(default_factory=set)
    away: bool = False
    failed_looks: int = 0
    hanging: int = 0
    most_hanging: int = 0

    def can_sign_in(self, *, username: Personal[str]) -> bool:
        return "@" in username.reveal()

    def sign_in(
        self, *, username: Personal[str], password: Personal[str], namespace: str, address: str
    ) -> Visitor:
        assert address
        name = username.reveal()
        if name.endswith("@slow.example"):
            self._hang()
        if namespace and "@" not in name:
            name = f"{name}@{namespace}.example"
        if self.passwords.get(name) != password.reveal():
            raise SignInRefused(Reason.WRONG_PASSWORD)
        return Visitor(namespace_id=ACME if "acme" in name else RIVAL, admitted=name)

    def enter(self, *, visitor: Visitor, configuration: Mapping[str, str]) -> Principal:
        role = configuration.get("role", "analyst")
        if role not in {"analyst", "reader"}:
            raise SignInRefused(Reason.ROLE_NOT_GRANTED)
        return Principal(
            namespace_id=visitor.namespace_id,
            user_id=UUID(int=hash(visitor.admitted) & (2**127)),
            role_id=UUID(int=7),
            username=visitor.admitted,
            role_name=role,
            network="127.0.0.1/32",
            session_seconds=3600,
        )

    def submit(self, *, principal: Principal, statement: Statement) -> UUID:
        self.submitted.append(statement)
        if statement.sql == "select too much":
            raise LimitReached
        if statement.sql == "select mishap":
            message = "the database is down"
            raise RuntimeError(message)
        query_id = uuid4()
        with self.lock:
            self.queries[query_id] = (principal, statement.sql)
        return query_id

    def progress(self, *, principal: Principal, query_id: UUID) -> Progress:
        sql = self._own(principal, query_id)
        if query_id in self.cancelled:
            return Progress(state=OperationState.CANCELED, message="The query was cancelled.")
        if sql == self.slow:
            time.sleep(0.01)
            return Progress(state=OperationState.RUNNING)
        if sql not in self.answers:
            return Progress(state=OperationState.ERROR, message="There is no table x.")
        return Progress(state=OperationState.FINISHED, log=("Waited 0 ms.", "Ran 1 ms."))

    def schema(self, *, principal: Principal, query_id: UUID) -> pa.Schema:
        return self.answers[self._own(principal, query_id)].schema

    def page(self, *, principal: Principal, query_id: UUID, offset: int, limit: int) -> pa.Table:
        return self.answers[self._own(principal, query_id)].slice(offset, limit)

    def cancel(self, *, principal: Principal, query_id: UUID) -> None:
        self._own(principal, query_id)
        self.cancelled.add(query_id)

    def tables(self, *, principal: Principal) -> Sequence[TableDescription]:
        return [table for table in self.described if principal.namespace_id == ACME]

    def lapsed(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        if self.away:
            self.failed_looks += 1
            message = "the database is away"
            raise RuntimeError(message)
        return frozenset(each for each in principals if each.username in self.deactivated)

    def left(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        return frozenset(each for each in principals if each.username in self.moved_out)

    def release(self) -> None:
        """Nothing is held."""

    def _hang(self) -> None:
        with self.lock:
            self.hanging += 1
            self.most_hanging = max(self.most_hanging, self.hanging)
        self.go_on.wait(10)
        with self.lock:
            self.hanging -= 1

    def _own(self, principal: Principal, query_id: UUID) -> str:
        owner, sql = self.queries[query_id]
        if owner != principal:
            raise NotFound
        return sql
