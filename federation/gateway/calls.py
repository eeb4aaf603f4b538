"""What each call of the service does, for one connection.

A refusal becomes an error status with its sentence; only a frame that makes no sense ends the
connection. What waits is run in a thread by `Conversation.backend_call`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from federation.gateway import catalogue, results, statements
from federation.gateway.backends import ProtocolTooOld, StatementUnsupported
from federation.gateway.conversations import Conversation, PeerGoneError
from federation.gateway.sessions import InvalidHandleError, Session
from governance.hive import messages
from governance.hive.messages import Status
from governance.hive.vocabulary import (
    FetchType,
    InfoType,
    OperationState,
    OperationType,
    Orientation,
    ProtocolVersion,
    StatusCode,
)
from governance.hive.wire import Call
from governance.kernel.refusals import Exhausted, Forbidden, Refusal, Unavailable

Result = TypeVar("Result")

SUCCESS = Status(code=int(StatusCode.SUCCESS))
INFO = {
    InfoType.SERVER_NAME: messages.InfoValue(text="Lakewarden"),
    InfoType.DBMS_NAME: messages.InfoValue(text="Apache Hive"),
    InfoType.DBMS_VERSION: messages.InfoValue(text="3.1.3"),
    InfoType.MAX_COLUMN_NAME_LENGTH: messages.InfoValue(length=128),
    InfoType.MAX_SCHEMA_NAME_LENGTH: messages.InfoValue(length=128),
    InfoType.MAX_TABLE_NAME_LENGTH: messages.InfoValue(length=128),
    InfoType.TRANSACTIONS: messages.InfoValue(short=0),
    InfoType.ODBC_KEYWORDS: messages.InfoValue(text=""),
}
# SQLSTATE classes: 08 connection, 28 authorization, 42 access rule, HY general.
GENERAL_ERROR = "HY000"
INTERNAL = "Something went wrong here, not in your statement. Try again later."

log = structlog.get_logger(__name__)


async def open_session(
    talk: Conversation, request: messages.OpenSessionRequest
) -> messages.OpenSessionResponse:
    if request.client_protocol < ProtocolVersion.COLUMNAR:
        raise ProtocolTooOld
    settings = statements.settings_of(request.configuration)
    session = await talk.enter(settings)
    protocol = min(request.client_protocol, ProtocolVersion.OFFERED)
    try:
        database = settings.pop(statements.USE_DATABASE, "")
        if database:
            await results.use(talk, session, database.casefold())
    except Refusal:
        await talk.close_session(session)
        raise
    return messages.OpenSessionResponse(
        status=SUCCESS,
        server_protocol=int(protocol),
        session=messages.SessionHandle(identifier=session.handle),
        configuration={
            "role": session.principal.role_name,
            "hive.server2.thrift.resultset.default.fetch.size": "1000",
        },
    )


async def close_session(
    talk: Conversation, request: messages.SessionRequest
) -> messages.StatusResponse:
    await talk.close_session(talk.session(request.session))
    return messages.StatusResponse(status=SUCCESS)


async def get_info(talk: Conversation, request: messages.InfoRequest) -> messages.InfoResponse:
    talk.session(request.session)
    for kind, value in INFO.items():
        if kind == request.info_type:
            return messages.InfoResponse(status=SUCCESS, value=value)
    raise StatementUnsupported(what=f"Information {request.info_type}")


async def execute_statement(
    talk: Conversation, request: messages.ExecuteStatementRequest
) -> messages.OperationResponse:
    session = talk.session(request.session)
    operation = talk.registry.begin(session, OperationType.EXECUTE_STATEMENT)
    try:
        await results.start(talk, operation, request.statement)
        if not request.run_async:
            await results.wait(talk, operation)
    except BaseException:
        await talk.finish(operation)
        raise
    return messages.OperationResponse(status=SUCCESS, operation=operation.described())


async def get_operation_status(
    talk: Conversation, request: messages.OperationRequest
) -> messages.OperationStatusResponse:
    operation = talk.operation(request.operation)
    progress = await results.progress(talk, operation)
    failed = progress.state is OperationState.ERROR
    return messages.OperationStatusResponse(
        status=SUCCESS,
        state=int(progress.state),
        sql_state=GENERAL_ERROR if failed else None,
        error_code=1 if failed else None,
        error_message=progress.message if failed else None,
        has_result_set=operation.has_result_set,
    )


async def cancel_operation(
    talk: Conversation, request: messages.OperationRequest
) -> messages.StatusResponse:
    await results.cancel(talk, talk.operation(request.operation))
    return messages.StatusResponse(status=SUCCESS)


async def close_operation(
    talk: Conversation, request: messages.OperationRequest
) -> messages.StatusResponse:
    await talk.finish(talk.operation(request.operation))
    return messages.StatusResponse(status=SUCCESS)


async def get_result_set_metadata(
    talk: Conversation, request: messages.OperationRequest
) -> messages.MetadataResponse:
    schema = await results.schema(talk, talk.operation(request.operation))
    return messages.MetadataResponse(status=SUCCESS, schema=schema)


async def fetch_results(
    talk: Conversation, request: messages.FetchRequest
) -> messages.FetchResponse:
    operation = talk.operation(request.operation)
    if request.fetch_type == FetchType.LOG:
        rows, more = await results.log(talk, operation), False
    else:
        if request.orientation == Orientation.FIRST:
            operation.offset = 0
        rows, more = await results.rows(talk, operation, limit=request.max_rows)
    return messages.FetchResponse(status=SUCCESS, has_more_rows=more, results=rows)


async def get_schemas(
    talk: Conversation, request: messages.CatalogueRequest
) -> messages.OperationResponse:
    session = talk.session(request.session)
    found = await talk.tables(session)
    table = catalogue.schemas(found, schema=request.schema)
    return results.made(talk, session, OperationType.GET_SCHEMAS, table)


async def get_tables(
    talk: Conversation, request: messages.CatalogueRequest
) -> messages.OperationResponse:
    session = talk.session(request.session)
    found = await talk.tables(session)
    table = catalogue.tables(found, schema=request.schema, name=request.name)
    return results.made(talk, session, OperationType.GET_TABLES, table)


async def get_columns(
    talk: Conversation, request: messages.ColumnsRequest
) -> messages.OperationResponse:
    session = talk.session(request.session)
    found = await talk.tables(session)
    table = catalogue.columns(
        found, schema=request.schema, name=request.name, column=request.column
    )
    return results.made(talk, session, OperationType.GET_COLUMNS, table)


def fixed(
    kind: OperationType, table: Callable[[], Any]
) -> Callable[[Conversation, Any], Awaitable[messages.OperationResponse]]:
    """A call whose answer is the same for everybody."""

    async def get(
        talk: Conversation, request: messages.SessionRequest | messages.CatalogueRequest
    ) -> messages.OperationResponse:
        return results.made(talk, talk.session(request.session), kind, table())

    return get


async def refuse_delegation(
    talk: Conversation, request: messages.SessionRequest
) -> messages.StatusResponse:
    talk.session(request.session)
    raise StatementUnsupported(what="Delegating a session by token")


@dataclass(frozen=True, slots=True)
class Method:
    """A call: the shape of its request, what it does, and how its refusal is shaped."""

    request: type[Any]
    run: Callable[[Conversation, Any], Awaitable[object]]
    refusal: Callable[[Status], object] = messages.StatusResponse


METHODS: Mapping[str, Method] = {
    "OpenSession": Method(
        messages.OpenSessionRequest,
        open_session,
        # A field that Hive's Java client demands, even beside an error.
        lambda status: messages.OpenSessionResponse(
            status=status, server_protocol=int(ProtocolVersion.OFFERED)
        ),
    ),
    "CloseSession": Method(messages.SessionRequest, close_session),
    "GetInfo": Method(
        messages.InfoRequest,
        get_info,
        lambda status: messages.InfoResponse(status=status, value=messages.InfoValue(text="")),
    ),
    "ExecuteStatement": Method(messages.ExecuteStatementRequest, execute_statement),
    "GetOperationStatus": Method(messages.OperationRequest, get_operation_status),
    "CancelOperation": Method(messages.OperationRequest, cancel_operation),
    "CloseOperation": Method(messages.OperationRequest, close_operation),
    "GetResultSetMetadata": Method(messages.OperationRequest, get_result_set_metadata),
    "FetchResults": Method(messages.FetchRequest, fetch_results),
    "GetSchemas": Method(messages.CatalogueRequest, get_schemas),
    "GetTables": Method(messages.CatalogueRequest, get_tables),
    "GetColumns": Method(messages.ColumnsRequest, get_columns),
    "GetCatalogs": Method(
        messages.SessionRequest, fixed(OperationType.GET_CATALOGS, catalogue.catalogs)
    ),
    "GetTableTypes": Method(
        messages.SessionRequest, fixed(OperationType.GET_TABLE_TYPES, catalogue.table_types)
    ),
    "GetTypeInfo": Method(
        messages.SessionRequest, fixed(OperationType.GET_TYPE_INFO, catalogue.types)
    ),
    "GetFunctions": Method(
        messages.CatalogueRequest, fixed(OperationType.GET_FUNCTIONS, catalogue.functions)
    ),
    "GetDelegationToken": Method(messages.SessionRequest, refuse_delegation),
    "CancelDelegationToken": Method(messages.SessionRequest, refuse_delegation),
    "RenewDelegationToken": Method(messages.SessionRequest, refuse_delegation),
}


async def answered(talk: Conversation, call: Call, method: Method) -> object:
    """The response to a call, whether it went well or not. Raises MalformedFrameError."""
    request = call.request(method.request)
    try:
        return await method.run(talk, request)
    except PeerGoneError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the client is told something
        return method.refusal(_told(error, call))


def _told(error: Exception, call: Call) -> Status:
    match error:
        case Refusal():
            return _error(str(error), sql_state=_sql_state(error))
        case InvalidHandleError() | results.QueryFailedError():
            return _error(str(error), sql_state=GENERAL_ERROR)
        case _:
            log.error("hive_call_failed", call=call.name, exc_info=error)
            return _error(INTERNAL, sql_state=GENERAL_ERROR)


def _error(message: str, *, sql_state: str) -> Status:
    # Hive's drivers parse infoMessages as a stack trace and fail on anything else: left unset.
    return Status(
        code=int(StatusCode.ERROR), sql_state=sql_state, error_code=1, error_message=message
    )


def _sql_state(refusal: Refusal) -> str:
    match refusal:
        case Exhausted():
            return "53000"
        case Unavailable():
            return "08S01"
        case Forbidden():
            return "28000"
        case _:
            return "42000"


__all__ = ["METHODS", "Session", "answered"]
