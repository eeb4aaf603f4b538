"""What the gateway needs behind it: somebody who signs people in and runs their SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import pyarrow as pa

from governance.hive.vocabulary import OperationState
from governance.kernel.personal import Personal
from governance.kernel.refusals import Invalid


class ProtocolTooOld(Invalid):
    code = "hive_protocol_too_old"
    sentence = "This client is too old: rows travel by column, which needs protocol V6 or later."


class StatementUnsupported(Invalid):
    code = "hive_statement_unsupported"
    sentence = "{what} is not offered here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody whose password the directory has accepted; `admitted` is the backend's own."""

    namespace_id: UUID
    admitted: Any = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person in a role, for one session. Handles belong to the principal that opened them.

    `directory_id` is who took the password, and `subject` its name for the person; `prefix` is
    the storage that they wished to work on.
    """

    namespace_id: UUID
    user_id: UUID
    role_id: UUID
    username: str = field(repr=False)
    role_name: str
    network: str
    session_seconds: int
    directory_id: UUID | None = None
    subject: str = field(default="", repr=False)
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a query stands. `message` is a sentence where it ended badly."""

    state: OperationState
    message: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDescription:
    database: str
    name: str
    kind: str = "TABLE"
    columns: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement with the session's database and settings."""

    sql: str
    database: str


class Backend(Protocol):
    """Called from worker threads; every method may wait. Refusals are raised as they are."""

    def can_sign_in(self, *, username: Personal[str]) -> bool:
        """Whether the name alone says which directory to ask; else the session has to say."""
        ...

    def sign_in(
        self,
        *,
        username: Personal[str],
        password: Personal[str],
        namespace: str,
        address: str,
    ) -> Visitor: ...

    def enter(self, *, visitor: Visitor, configuration: Mapping[str, str]) -> Principal:
        """Choose the role that the configuration asks for, or the first, and open the session."""
        ...

    def submit(self, *, principal: Principal, statement: Statement) -> UUID: ...

    def progress(self, *, principal: Principal, query_id: UUID) -> Progress: ...

    def schema(self, *, principal: Principal, query_id: UUID) -> pa.Schema: ...

    def page(
        self, *, principal: Principal, query_id: UUID, offset: int, limit: int
    ) -> pa.Table: ...

    def cancel(self, *, principal: Principal, query_id: UUID) -> None: ...

    def tables(self, *, principal: Principal) -> Sequence[TableDescription]: ...

    def lapsed(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        """Those who may no longer act as they did: deactivated, shut out, without their role."""
        ...

    def left(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        """Those whom their directory no longer lets in, as far as it answers. May wait for it."""
        ...

    def release(self) -> None:
        """Called in each thread that called the others, before it ends."""
        ...
