"""An operation's life: started, waited for, read page by page, cancelled."""

import asyncio
from uuid import UUID

import pyarrow as pa

from federation.gateway import catalogue, columns, statements
from federation.gateway.backends import Progress, Statement, StatementUnsupported
from federation.gateway.conversations import Conversation
from federation.gateway.sessions import InvalidHandleError, Operation, Session
from governance.hive import messages
from governance.hive.messages import Status
from governance.hive.vocabulary import OperationState, OperationType, StatusCode
from governance.kernel.refusals import NotFound

MOST_ROWS = 10_000
LARGEST_PAGE = 16 * 1024 * 1024
FIRST_WAIT_SECONDS = 0.01
LONGEST_WAIT_SECONDS = 0.25
LONG_POLL_SECONDS = 1.0
FINAL = frozenset(
    {OperationState.FINISHED, OperationState.CANCELED, OperationState.ERROR, OperationState.CLOSED}
)
SECRET_SETTINGS = frozenset({"password", "hive.server2.proxy.user"})


class QueryFailedError(Exception):
    """A query ended without a result; the text is for the person who wrote it."""


class DatabaseUnknown(NotFound):
    code = "hive_database_unknown"
    sentence = "Database does not exist: {database}"


async def start(talk: Conversation, operation: Operation, text: str) -> None:
    """Answer the statement here, or submit it as a query."""
    session = operation.session
    match statements.read(text):
        case statements.Use(database):
            await use(talk, session, database)
            operation.table = catalogue.NOTHING
        case statements.Set(name, value):
            operation.table = _set(session, name, value)
        case statements.Query(sql):
            statement = Statement(sql=sql, database=session.database)
            operation.query_id = await talk.backend_call(
                talk.backend.submit, principal=session.principal, statement=statement
            )


async def use(talk: Conversation, session: Session, database: str) -> None:
    """Make this the session's database. Raises DatabaseUnknown."""
    if database != "default":
        known = {table.database.casefold() for table in await talk.tables(session)}
        if database not in known:
            raise DatabaseUnknown(database=database)
    session.database = database


def _set(session: Session, name: str, value: str | None) -> pa.Table:
    if value is None:
        wanted = {k: v for k, v in session.settings.items() if not name or k == name}
        shown = [f"{k}={v}" for k, v in sorted(wanted.items()) if k not in SECRET_SETTINGS]
        return catalogue.settings(shown or ([f"{name} is undefined"] if name else []))
    if name in {"role", "namespace"}:
        raise StatementUnsupported(what=f"Changing the {name} of an open session")
    if len(session.settings) < statements.MOST_SETTINGS:
        session.settings[name] = value[: statements.LONGEST_SETTING]
    return catalogue.NOTHING


async def wait(
    talk: Conversation, operation: Operation, *, seconds: float | None = None
) -> Progress:
    """Wait for the query's end, or for so many seconds.

    Raises QueryFailedError on a bad end where no time was given.
    """
    pause = FIRST_WAIT_SECONDS
    ends_at = None if seconds is None else talk.time() + seconds
    while True:
        progress = await _progress(talk, operation)
        if progress.state in FINAL or (ends_at is not None and talk.time() >= ends_at):
            break
        talk.require_peer()
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_WAIT_SECONDS)
    if seconds is None and progress.state is not OperationState.FINISHED:
        raise QueryFailedError(progress.message or "The query was cancelled.")
    return progress


async def progress(talk: Conversation, operation: Operation) -> Progress:
    """How the operation stands; waits a little for its end, which spares the client polls."""
    return await wait(talk, operation, seconds=LONG_POLL_SECONDS)


async def _progress(talk: Conversation, operation: Operation) -> Progress:
    if operation.query_id is None:
        return Progress(state=OperationState.FINISHED)
    return await talk.backend_call(
        talk.backend.progress,
        principal=operation.session.principal,
        query_id=operation.query_id,
    )


async def cancel(talk: Conversation, operation: Operation) -> None:
    if operation.query_id is not None:
        await talk.backend_call(
            talk.backend.cancel,
            principal=operation.session.principal,
            query_id=operation.query_id,
        )


async def schema(talk: Conversation, operation: Operation) -> messages.TableSchema:
    """The result's columns; waits for the query where it still runs."""
    return columns.schema_of(await _schema(talk, operation))


async def rows(
    talk: Conversation, operation: Operation, *, limit: int
) -> tuple[messages.RowSet, bool]:
    """The next page, bounded in rows and bytes, and whether there may be more."""
    limit = max(1, min(limit, MOST_ROWS))
    await _schema(talk, operation)
    made_here = operation.table
    if made_here is None:
        table = await talk.backend_call(
            talk.backend.page,
            principal=operation.session.principal,
            query_id=_query_id(operation),
            offset=operation.offset,
            limit=limit,
        )
    else:
        table = made_here.slice(operation.offset, limit)
    page = _bounded(table)
    more = page.num_rows < table.num_rows or page.num_rows == limit
    found = await talk.backend_call(columns.rows_of, page, start=operation.offset)
    operation.offset += page.num_rows
    return found, more


def _bounded(table: pa.Table) -> pa.Table:
    """As much of the table as one answer may hold; at least a row."""
    while table.nbytes > LARGEST_PAGE and table.num_rows > 1:
        rows = table.num_rows * LARGEST_PAGE // (2 * table.nbytes)
        table = table.slice(0, max(1, rows))
    return table


async def log(talk: Conversation, operation: Operation) -> messages.RowSet:
    """The lines about the query that were not given yet."""
    lines = (await _progress(talk, operation)).log
    fresh = lines[operation.log_offset :]
    start_at, operation.log_offset = operation.log_offset, len(lines)
    return columns.rows_of(catalogue.log(fresh), start=start_at)


def made(
    talk: Conversation, session: Session, kind: OperationType, table: pa.Table
) -> messages.OperationResponse:
    """An operation whose rows are there already."""
    operation = talk.registry.begin(session, kind)
    operation.table = table
    status = Status(code=int(StatusCode.SUCCESS))
    return messages.OperationResponse(status=status, operation=operation.described())


async def _schema(talk: Conversation, operation: Operation) -> pa.Schema:
    if operation.schema is None and operation.table is not None:
        operation.schema = operation.table.schema
    if operation.schema is None:
        await wait(talk, operation)
        operation.schema = await talk.backend_call(
            talk.backend.schema,
            principal=operation.session.principal,
            query_id=_query_id(operation),
        )
    return operation.schema


def _query_id(operation: Operation) -> UUID:
    if operation.query_id is None:
        raise InvalidHandleError("OperationHandle")
    return operation.query_id
