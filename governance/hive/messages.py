"""The structs of HiveServer2's service, as far as the gateway and the Hive engine speak it.

Field numbers and values are those of Hive's public interface (TCLIService); calls that share
a shape share a struct. Names are ours: only numbers travel.
"""

from typing import Any

from governance.hive import wire
from governance.hive.wire import (
    BOOL,
    BYTE,
    BYTES,
    DOUBLE,
    I16,
    I32,
    I64,
    TEXT,
    list_of,
    map_of,
    of,
)


@wire.declare
class Status:
    """How a call went. `info_messages` stays unset: Hive's JDBC driver fails on others' words."""

    code: int = I32.at(1)
    info_messages: list[str] | None = list_of(TEXT).at(2)
    sql_state: str | None = TEXT.at(3)
    error_code: int | None = I32.at(4)
    error_message: str | None = TEXT.at(5)


@wire.declare
class HandleIdentifier:
    guid: bytes = BYTES.at(1, b"")
    secret: bytes = BYTES.at(2, b"")


@wire.declare
class SessionHandle:
    identifier: HandleIdentifier | None = of(HandleIdentifier).at(1)


@wire.declare
class OperationHandle:
    identifier: HandleIdentifier | None = of(HandleIdentifier).at(1)
    kind: int = I32.at(2)
    has_result_set: bool = BOOL.at(3)
    modified_row_count: float | None = DOUBLE.at(4)


# --- requests


@wire.declare
class OpenSessionRequest:
    client_protocol: int = I32.at(1, 0)
    username: str | None = TEXT.at(2)
    password: str | None = TEXT.at(3)
    configuration: dict[str, str] | None = map_of(TEXT, TEXT).at(4)


@wire.declare
class SessionRequest:
    """CloseSession, GetTypeInfo, GetCatalogs, GetTableTypes, and those of delegation tokens."""

    session: SessionHandle | None = of(SessionHandle).at(1)


@wire.declare
class InfoRequest:
    session: SessionHandle | None = of(SessionHandle).at(1)
    info_type: int = I32.at(2, -1)


@wire.declare
class ExecuteStatementRequest:
    session: SessionHandle | None = of(SessionHandle).at(1)
    statement: str = TEXT.at(2, "")
    overlay: dict[str, str] | None = map_of(TEXT, TEXT).at(3)
    run_async: bool | None = BOOL.at(4, default=False)
    timeout_seconds: int | None = I64.at(5)


@wire.declare
class CatalogueRequest:
    """GetSchemas, GetTables, GetColumns and GetFunctions: patterns, most of them optional."""

    session: SessionHandle | None = of(SessionHandle).at(1)
    catalog: str | None = TEXT.at(2)
    schema: str | None = TEXT.at(3)
    name: str | None = TEXT.at(4)


@wire.declare
class ColumnsRequest:
    session: SessionHandle | None = of(SessionHandle).at(1)
    catalog: str | None = TEXT.at(2)
    schema: str | None = TEXT.at(3)
    name: str | None = TEXT.at(4)
    column: str | None = TEXT.at(5)


@wire.declare
class OperationRequest:
    """GetOperationStatus, CancelOperation, CloseOperation and GetResultSetMetadata."""

    operation: OperationHandle | None = of(OperationHandle).at(1)


@wire.declare
class FetchRequest:
    operation: OperationHandle | None = of(OperationHandle).at(1)
    orientation: int = I32.at(2, 0)
    max_rows: int = I64.at(3, 0)
    fetch_type: int | None = I16.at(4, 0)


# --- results


@wire.declare
class QualifierValue:
    number: int | None = I32.at(1)
    text: str | None = TEXT.at(2)


@wire.declare
class Qualifiers:
    by_name: dict[str, QualifierValue] = map_of(TEXT, of(QualifierValue)).at(1)


@wire.declare
class PrimitiveType:
    kind: int = I32.at(1)
    qualifiers: Qualifiers | None = of(Qualifiers).at(2)


@wire.declare
class TypeEntry:
    primitive: PrimitiveType | None = of(PrimitiveType).at(1)


@wire.declare
class TypeDescription:
    types: list[TypeEntry] = list_of(of(TypeEntry)).at(1)


@wire.declare
class ColumnDescription:
    name: str = TEXT.at(1)
    type: TypeDescription = of(TypeDescription).at(2)
    position: int = I32.at(3)
    comment: str | None = TEXT.at(4)


@wire.declare
class TableSchema:
    columns: list[ColumnDescription] = list_of(of(ColumnDescription)).at(1)


def _values(item: wire.WireType) -> type[Any]:
    """A column of values and the bitmap of those that are null."""

    @wire.declare
    class Values:
        values: list[Any] = list_of(item).at(1)
        nulls: bytes = BYTES.at(2)

    return Values


Booleans, Bytes, Shorts, Integers, Longs = map(_values, (BOOL, BYTE, I16, I32, I64))
Doubles, Strings, Binaries = map(_values, (DOUBLE, BYTES, BYTES))


@wire.declare
class Column:
    """One column; exactly one of the fields is set."""

    booleans: Any = of(Booleans).at(1)
    bytes: Any = of(Bytes).at(2)
    shorts: Any = of(Shorts).at(3)
    integers: Any = of(Integers).at(4)
    longs: Any = of(Longs).at(5)
    doubles: Any = of(Doubles).at(6)
    strings: Any = of(Strings).at(7)
    binaries: Any = of(Binaries).at(8)


@wire.declare
class Nothing:
    """A struct that is never sent: the row-wise form of results."""


@wire.declare
class RowSet:
    start: int = I64.at(1, 0)
    rows: list[Nothing] = list_of(of(Nothing)).at(2)
    columns: list[Column] | None = list_of(of(Column)).at(3)


@wire.declare
class InfoValue:
    text: str | None = TEXT.at(1)
    short: int | None = I16.at(2)
    bitmask: int | None = I32.at(3)
    flag: int | None = I32.at(4)
    binary: int | None = I32.at(5)
    length: int | None = I64.at(6)


# --- responses


@wire.declare
class StatusResponse:
    """CloseSession, CancelOperation, CloseOperation, delegation tokens, and every refusal."""

    status: Status = of(Status).at(1)


@wire.declare
class OpenSessionResponse:
    status: Status = of(Status).at(1)
    server_protocol: int = I32.at(2)
    session: SessionHandle | None = of(SessionHandle).at(3)
    configuration: dict[str, str] | None = map_of(TEXT, TEXT).at(4)


@wire.declare
class InfoResponse:
    status: Status = of(Status).at(1)
    value: InfoValue = of(InfoValue).at(2)


@wire.declare
class OperationResponse:
    """ExecuteStatement and everything that asks for a part of the catalogue."""

    status: Status = of(Status).at(1)
    operation: OperationHandle | None = of(OperationHandle).at(2)


@wire.declare
class OperationStatusResponse:
    status: Status = of(Status).at(1)
    state: int | None = I32.at(2)
    sql_state: str | None = TEXT.at(3)
    error_code: int | None = I32.at(4)
    error_message: str | None = TEXT.at(5)
    has_result_set: bool | None = BOOL.at(9)


@wire.declare
class MetadataResponse:
    status: Status = of(Status).at(1)
    schema: TableSchema | None = of(TableSchema).at(2)


@wire.declare
class FetchResponse:
    status: Status = of(Status).at(1)
    has_more_rows: bool | None = BOOL.at(2)
    results: RowSet | None = of(RowSet).at(3)
