"""From a statement and the catalogue to a plan: names resolved, views unfolded, dialect changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlglot import exp

from governance.analytics.domain import dialect, spark_sql, statements
from governance.analytics.domain.dialect import ReadQuery, SQLRefused, TableUnknown
from governance.analytics.domain.plans import (
    Catalogue,
    QueryPlan,
    SQLTarget,
    TableSource,
    ViewSource,
)
from governance.analytics.domain.statements import Statement, StatementKind

MAX_VIEWS = 200
MAX_READS = 1_000
EXPLAIN_REFUSED = "EXPLAIN would show where the lake is. It is not available on this engine."
Value = str | int | float | bool | None


class _Unfolding:
    """Collects the tables and views that a query needs; a view stands after what it reads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.known_tables = {table.qualified_name: table for table in catalogue.tables}
        self.known_views = {view.qualified_name: view for view in catalogue.views}
        self.tables: dict[str, TableSource] = {}
        self.reads: Counter[str] = Counter()
        self.views: dict[str, tuple[ViewSource, ReadQuery]] = {}
        self.columns: set[str] = set()
        self.reads_all = False
        self._open: list[str] = []
        self._unfolded = 0

    def add(self, query: ReadQuery, *, times: int = 1) -> None:
        """Each mention of a view reads again what the view reads."""
        self.columns.update(query.columns)
        self.reads_all = self.reads_all or query.reads_all_columns
        for name, count in query.mentions:
            if name in self.known_tables:
                self.tables[name] = self.known_tables[name]
                self.reads[name] += count * times
            elif name in self.known_views:
                self._add_view(self.known_views[name], times=min(count * times, MAX_READS))
            else:
                raise TableUnknown(table=name)

    def _add_view(self, view: ViewSource, *, times: int) -> None:
        name = view.qualified_name
        if name in self._open:
            raise SQLRefused(why=f"the view {name} reads itself.")
        self._unfolded += 1
        if self._unfolded > MAX_VIEWS:
            raise SQLRefused(why="it reads too many views of views.")
        self._open.append(name)
        query = dialect.read_query(sql=view.sql, database=view.database)
        dialect.check_parameters(query=query, parameters={})
        self.add(query, times=times)
        self._open.pop()
        self.views.setdefault(name, (view, query))

    def duckdb_views(self) -> tuple[ViewSource, ...]:
        return tuple(
            ViewSource(database=view.database, name=view.name, sql=query.for_duckdb())
            for view, query in self.views.values()
        )

    def trees(self) -> dict[str, exp.Query]:
        return {name: query.tree for name, (_, query) in self.views.items()}


def plan(  # noqa: PLR0913 - the parts of one plan, all named
    *,
    statement: Statement,
    catalogue: Catalogue,
    namespace_id: UUID,
    role_id: UUID | None,
    storage_prefixes: tuple[str, ...] = (),
    parameters: Mapping[str, Value] | None = None,
    target: SQLTarget = SQLTarget.DUCKDB,
) -> QueryPlan:
    """The plan of a statement. Raises TableUnknown, DatabaseUnknown or SQLRefused."""
    values = dict(parameters or {})
    empty = QueryPlan(
        namespace_id=namespace_id, role_id=role_id, sql="", storage_prefixes=storage_prefixes
    )
    query = statement.query
    if query is None:
        answer = statements.answer(statement=statement, catalogue=catalogue)
        match target:
            case SQLTarget.DUCKDB:
                return replace(empty, sql=statements.as_sql(answer))
            case SQLTarget.SPARK:
                return replace(empty, answer=answer)
    dialect.check_parameters(query=query, parameters=values)
    unfolding = _Unfolding(catalogue)
    unfolding.add(query)
    found = replace(
        empty,
        tables=tuple(unfolding.tables.values()),
        reads=tuple(unfolding.reads.items()),
        columns=None if unfolding.reads_all else frozenset(unfolding.columns),
    )
    explains = statement.kind is StatementKind.EXPLAIN
    match target:
        case SQLTarget.DUCKDB:
            sql = query.for_duckdb()
            return replace(
                found,
                sql=f"EXPLAIN {sql}" if explains else sql,
                views=unfolding.duckdb_views(),
                parameters=tuple(values.items()),
            )
        case SQLTarget.SPARK:
            if explains:
                raise SQLRefused(why=EXPLAIN_REFUSED)
            sql = spark_sql.unfolded(tree=query.tree, views=unfolding.trees(), parameters=values)
            return replace(found, sql=sql)


def columns_sql(table: TableSource, *, target: SQLTarget) -> str:
    """The query whose result has a table's columns, and no rows."""
    query = exp.select("*").from_(exp.table_(table.name, db=table.database, quoted=True)).limit(0)
    return query.sql(dialect=target.value)
