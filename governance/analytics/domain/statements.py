"""What kind of statement somebody wrote: a SELECT, or one of those that clients ask the catalogue.

`SHOW`, `DESCRIBE` and `USE` are answered from the catalogue, as rows of values, through the same
runners as everything else, so that every entrance gets the same answer.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from sqlglot import exp

from governance.analytics.domain.dialect import ReadQuery, TableUnknown, read_query
from governance.analytics.domain.plans import Answer, Catalogue, TableSource
from governance.kernel.refusals import NotFound

NAME = r"[`\"]?(?P<{0}>[A-Za-z0-9_]+)[`\"]?"
TABLE = rf"(?:{NAME.format('database')}\s*\.\s*)?{NAME.format('table')}"
LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?"
END = r"\s*;?\s*\Z"


class StatementKind(StrEnum):
    SELECT = "select"
    EXPLAIN = "explain"
    SHOW_DATABASES = "show_databases"
    SHOW_TABLES = "show_tables"
    SHOW_COLUMNS = "show_columns"
    DESCRIBE = "describe"
    USE = "use"


FORMS = {
    StatementKind.SHOW_DATABASES: rf"SHOW\s+(?:DATABASES|SCHEMAS){LIKE}",
    StatementKind.SHOW_TABLES: (
        rf"SHOW\s+(?:TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+{NAME.format('database')})?{LIKE}"
    ),
    StatementKind.SHOW_COLUMNS: rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{TABLE}",
    StatementKind.DESCRIBE: rf"DESC(?:RIBE)?\s+(?:TABLE\s+)?(?:EXTENDED\s+|FORMATTED\s+)?{TABLE}",
    StatementKind.USE: rf"USE\s+(?:DATABASE\s+)?{NAME.format('database')}",
}
PATTERNS = {
    kind: re.compile(rf"\s*{form}{END}", re.IGNORECASE | re.ASCII) for kind, form in FORMS.items()
}
EXPLAIN = re.compile(
    r"\s*EXPLAIN\s+(?:EXTENDED\s+|FORMATTED\s+|COST\s+|CODEGEN\s+)?", re.IGNORECASE | re.ASCII
)


class DatabaseUnknown(NotFound):
    code = "database_unknown"
    sentence = "There is no database {database} that you may read. SHOW DATABASES lists them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A read statement. `query` is there for SELECT and EXPLAIN, the rest for the others."""

    kind: StatementKind
    database: str
    query: ReadQuery | None = None
    table: str = ""
    pattern: str = "*"


def read(*, sql: str, database: str = "default") -> Statement:
    """Read one statement of the common dialect. Raises SQLInvalid or SQLRefused."""
    for kind, pattern in PATTERNS.items():
        found = pattern.match(sql)
        if found is not None:
            parts = found.groupdict()
            return Statement(
                kind=kind,
                database=(parts.get("database") or database).lower(),
                table=(parts.get("table") or "").lower(),
                pattern=parts.get("pattern") or "*",
            )
    explain = EXPLAIN.match(sql)
    if explain is not None:
        query = read_query(sql=sql[explain.end() :], database=database)
        return Statement(kind=StatementKind.EXPLAIN, database=database, query=query)
    query = read_query(sql=sql, database=database)
    return Statement(kind=StatementKind.SELECT, database=database, query=query)


def answer(*, statement: Statement, catalogue: Catalogue) -> Answer:
    """The rows that answer a statement about the catalogue."""
    if statement.database not in catalogue.databases:
        raise DatabaseUnknown(database=statement.database)
    columns, rows = _answer(statement, catalogue)
    return Answer(columns=columns, rows=tuple(rows))


def as_sql(answer: Answer) -> str:
    """The SQL (DuckDB's) that gives the rows of an answer."""
    return _values(list(answer.rows), answer.columns)


def _answer(
    statement: Statement, catalogue: Catalogue
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows, as Hive and Spark name them."""
    pattern, database = statement.pattern, statement.database
    headings: tuple[str, ...] = ("result",)
    rows: list[tuple[str, ...]] = []
    match statement.kind:
        case StatementKind.SHOW_DATABASES:
            headings = ("namespace",)
            rows = [(name,) for name in catalogue.databases if _like(name, pattern)]
        case StatementKind.SHOW_TABLES:
            headings = ("namespace", "tableName", "isTemporary")
            names = catalogue.names(database=database)
            return headings, [(database, name, "false") for name in names if _like(name, pattern)]
        case StatementKind.SHOW_COLUMNS:
            headings = ("col_name",)
            rows = [(name,) for name, _ in _table(statement, catalogue).columns]
        case StatementKind.DESCRIBE:
            headings = ("col_name", "data_type", "comment")
            columns = _table(statement, catalogue).columns
            return headings, [(name, kind, "") for name, kind in columns]
        case StatementKind.USE | StatementKind.SELECT | StatementKind.EXPLAIN:
            pass
    return headings, rows


def _table(statement: Statement, catalogue: Catalogue) -> TableSource:
    name = f"{statement.database}.{statement.table}"
    for table in catalogue.tables:
        if table.qualified_name == name:
            return table
    raise TableUnknown(table=name)


def _like(name: str, pattern: str) -> bool:
    """Hive's patterns: `*` and `|`; SQL's `%` is understood too."""
    choices = pattern.lower().replace("%", "*").split("|")
    return any(fnmatchcase(name, choice) for choice in choices)


def _values(rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> str:
    literals = [tuple(exp.Literal.string(value) for value in row) for row in rows]
    nothing = tuple(exp.Literal.string("") for _ in columns)
    values = exp.values(literals or [nothing], alias="answer", columns=list(columns))
    query = exp.select("*").from_(values)
    if not literals:
        query = query.where(exp.false())
    return query.sql(dialect="duckdb")
