"""The numbers of Hive's public interface that mean something, by name."""

from enum import IntEnum


class ProtocolVersion(IntEnum):
    """Rows travel by column since V6; nothing that came after V8 is offered."""

    COLUMNAR = 5
    OFFERED = 7


class StatusCode(IntEnum):
    SUCCESS = 0
    SUCCESS_WITH_INFO = 1
    STILL_EXECUTING = 2
    ERROR = 3
    INVALID_HANDLE = 4


class OperationState(IntEnum):
    INITIALIZED = 0
    RUNNING = 1
    FINISHED = 2
    CANCELED = 3
    CLOSED = 4
    ERROR = 5
    PENDING = 7
    TIMED_OUT = 8


class OperationType(IntEnum):
    EXECUTE_STATEMENT = 0
    GET_TYPE_INFO = 1
    GET_CATALOGS = 2
    GET_SCHEMAS = 3
    GET_TABLES = 4
    GET_TABLE_TYPES = 5
    GET_COLUMNS = 6
    GET_FUNCTIONS = 7


class TypeId(IntEnum):
    BOOLEAN = 0
    TINYINT = 1
    SMALLINT = 2
    INT = 3
    BIGINT = 4
    FLOAT = 5
    DOUBLE = 6
    STRING = 7
    TIMESTAMP = 8
    BINARY = 9
    DECIMAL = 15
    DATE = 17


class InfoType(IntEnum):
    """What GetInfo may be asked; anything else is answered with an error."""

    SERVER_NAME = 13
    DBMS_NAME = 17
    DBMS_VERSION = 18
    MAX_COLUMN_NAME_LENGTH = 30
    MAX_SCHEMA_NAME_LENGTH = 32
    MAX_TABLE_NAME_LENGTH = 35
    TRANSACTIONS = 46
    ODBC_KEYWORDS = 10006


class Orientation(IntEnum):
    NEXT = 0
    FIRST = 4


class FetchType(IntEnum):
    ROWS = 0
    LOG = 1
