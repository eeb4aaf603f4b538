"""What drivers ask about the catalogue, as tables with the columns that JDBC expects."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import pyarrow as pa
import re2

from federation.gateway.backends import TableDescription
from governance.hive.vocabulary import TypeId

# java.sql.Types by Hive's names: what the columns DATA_TYPE of JDBC say.
JDBC_TYPES = {
    "BOOLEAN": 16, "TINYINT": -6, "SMALLINT": 5, "INT": 4, "BIGINT": -5, "FLOAT": 6, "DOUBLE": 8,
    "STRING": 12, "TIMESTAMP": 93, "BINARY": -2, "DECIMAL": 3, "DATE": 91,
}  # fmt: skip
NULLABLE = 1
LONGEST_PATTERN = 256
SCHEMAS = pa.schema([("TABLE_SCHEM", pa.string()), ("TABLE_CATALOG", pa.string())])
CATALOGS = pa.schema([("TABLE_CAT", pa.string())])
TABLE_TYPES = pa.schema([("TABLE_TYPE", pa.string())])
TABLES = pa.schema(
    [
        (name, pa.string())
        for name in (
            "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS", "TYPE_CAT",
            "TYPE_SCHEM", "TYPE_NAME", "SELF_REFERENCING_COL_NAME", "REF_GENERATION",
        )
    ]
)  # fmt: skip
COLUMNS = pa.schema(
    [
        ("TABLE_CAT", pa.string()), ("TABLE_SCHEM", pa.string()), ("TABLE_NAME", pa.string()),
        ("COLUMN_NAME", pa.string()), ("DATA_TYPE", pa.int32()), ("TYPE_NAME", pa.string()),
        ("COLUMN_SIZE", pa.int32()), ("BUFFER_LENGTH", pa.int8()), ("DECIMAL_DIGITS", pa.int32()),
        ("NUM_PREC_RADIX", pa.int32()), ("NULLABLE", pa.int32()), ("REMARKS", pa.string()),
        ("COLUMN_DEF", pa.string()), ("SQL_DATA_TYPE", pa.int32()),
        ("SQL_DATETIME_SUB", pa.int32()), ("CHAR_OCTET_LENGTH", pa.int32()),
        ("ORDINAL_POSITION", pa.int32()), ("IS_NULLABLE", pa.string()),
        ("SCOPE_CATALOG", pa.string()), ("SCOPE_SCHEMA", pa.string()),
        ("SCOPE_TABLE", pa.string()), ("SOURCE_DATA_TYPE", pa.int16()),
        ("IS_AUTO_INCREMENT", pa.string()),
    ]
)  # fmt: skip
FUNCTIONS = pa.schema(
    [
        ("FUNCTION_CAT", pa.string()), ("FUNCTION_SCHEM", pa.string()),
        ("FUNCTION_NAME", pa.string()), ("REMARKS", pa.string()),
        ("FUNCTION_TYPE", pa.int32()), ("SPECIFIC_NAME", pa.string()),
    ]
)  # fmt: skip
TYPES = pa.schema(
    [
        ("TYPE_NAME", pa.string()), ("DATA_TYPE", pa.int32()), ("PRECISION", pa.int32()),
        ("LITERAL_PREFIX", pa.string()), ("LITERAL_SUFFIX", pa.string()),
        ("CREATE_PARAMS", pa.string()), ("NULLABLE", pa.int16()),
        ("CASE_SENSITIVE", pa.bool_()), ("SEARCHABLE", pa.int16()),
        ("UNSIGNED_ATTRIBUTE", pa.bool_()), ("FIXED_PREC_SCALE", pa.bool_()),
        ("AUTO_INCREMENT", pa.bool_()), ("LOCAL_TYPE_NAME", pa.string()),
        ("MINIMUM_SCALE", pa.int16()), ("MAXIMUM_SCALE", pa.int16()),
        ("SQL_DATA_TYPE", pa.int32()), ("SQL_DATETIME_SUB", pa.int32()),
        ("NUM_PREC_RADIX", pa.int32()),
    ]
)  # fmt: skip
SETTINGS = pa.schema([("set", pa.string())])
LOG = pa.schema([("operation_log", pa.string())])
NOTHING = pa.table({})


def schemas(tables: Sequence[TableDescription], *, schema: str | None) -> pa.Table:
    names = sorted({table.database for table in tables} | {"default"})
    rows = [{"TABLE_SCHEM": name, "TABLE_CATALOG": ""} for name in names if _like(name, schema)]
    return _table(rows, SCHEMAS)


def tables(found: Sequence[TableDescription], *, schema: str | None, name: str | None) -> pa.Table:
    rows = [
        {
            "TABLE_CAT": "", "TABLE_SCHEM": table.database, "TABLE_NAME": table.name,
            "TABLE_TYPE": table.kind, "REMARKS": "",
        }
        for table in found
        if _like(table.database, schema) and _like(table.name, name)
    ]  # fmt: skip
    return _table(rows, TABLES)


def columns(
    found: Sequence[TableDescription], *, schema: str | None, name: str | None, column: str | None
) -> pa.Table:
    rows = [
        _column_row(table, position, *pair)
        for table in found
        if _like(table.database, schema) and _like(table.name, name)
        for position, pair in enumerate(table.columns, start=1)
        if _like(pair[0], column)
    ]
    return _table(rows, COLUMNS)


def types() -> pa.Table:
    rows = [
        {
            "TYPE_NAME": kind.name, "DATA_TYPE": JDBC_TYPES[kind.name], "NULLABLE": NULLABLE,
            "CASE_SENSITIVE": kind is TypeId.STRING, "SEARCHABLE": 3, "UNSIGNED_ATTRIBUTE": False,
            "FIXED_PREC_SCALE": False, "AUTO_INCREMENT": False, "NUM_PREC_RADIX": 10,
        }
        for kind in TypeId
    ]  # fmt: skip
    return _table(rows, TYPES)


def catalogs() -> pa.Table:
    """Hive has one catalogue without a name."""
    return _table([], CATALOGS)


def table_types() -> pa.Table:
    return _table([{"TABLE_TYPE": "TABLE"}, {"TABLE_TYPE": "VIEW"}], TABLE_TYPES)


def functions() -> pa.Table:
    return _table([], FUNCTIONS)


def settings(lines: Iterable[str]) -> pa.Table:
    return _table([{"set": line} for line in lines], SETTINGS)


def log(lines: Iterable[str]) -> pa.Table:
    return _table([{"operation_log": line} for line in lines], LOG)


def _column_row(
    table: TableDescription, position: int, name: str, hive_type: str
) -> dict[str, object]:
    kind = hive_type.upper().partition("(")[0].strip()
    return {
        "TABLE_CAT": "", "TABLE_SCHEM": table.database, "TABLE_NAME": table.name,
        "COLUMN_NAME": name, "DATA_TYPE": JDBC_TYPES.get(kind, JDBC_TYPES["STRING"]),
        "TYPE_NAME": hive_type.upper(), "NULLABLE": NULLABLE, "REMARKS": "",
        "ORDINAL_POSITION": position, "IS_NULLABLE": "YES", "IS_AUTO_INCREMENT": "NO",
    }  # fmt: skip


def _table(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)


def _like(name: str, pattern: str | None) -> bool:
    """Whether a name fits a pattern of JDBC (`%`, `_`) or of Hive (`*`, `.*`). None fits all."""
    if not pattern or pattern in {"*", "%", ".*"}:
        return True
    # In linear time: the pattern is somebody else's making.
    return re2.fullmatch(_wanted(pattern[:LONGEST_PATTERN].casefold()), name.casefold()) is not None


@lru_cache(maxsize=256)
def _wanted(pattern: str) -> str:
    parts = re.findall(r"\\.|\.\*|[%*_]|[^\\%*_.]+|.", pattern)
    return "".join(_WILD.get(part, re2.escape(part.removeprefix("\\"))) for part in parts)


_WILD = {"%": ".*", "*": ".*", ".*": ".*", "_": "."}
