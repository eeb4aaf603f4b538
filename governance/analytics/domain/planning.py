"""From a statement and the catalogue to a plan: names resolved, views unfolded, dialect changed."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from governance.analytics.domain import dialect, statements
from governance.analytics.domain.dialect import ReadQuery, SQLRefused, TableUnknown
from governance.analytics.domain.plans import Catalogue, QueryPlan, TableSource, ViewSource
from governance.analytics.domain.statements import Statement, StatementKind

MAX_VIEWS = 200
MAX_READS = 1_000
Value = str | int | float | bool | None


class _Unfolding:
    """Collects the tables and views that a query needs; a view stands after what it reads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.known_tables = {table.qualified_name: table for table in catalogue.tables}
        self.known_views = {view.qualified_name: view for view in catalogue.views}
        self.tables: dict[str, TableSource] = {}
        self.reads: Counter[str] = Counter()
        self.views: dict[str, ViewSource] = {}
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
        made = ViewSource(database=view.database, name=view.name, sql=query.for_duckdb())
        self.views.setdefault(name, made)


def plan(
    *,
    statement: Statement,
    catalogue: Catalogue,
    namespace_id: UUID,
    role_id: UUID | None,
    storage_prefixes: tuple[str, ...] = (),
    parameters: Mapping[str, Value] | None = None,
) -> QueryPlan:
    """The plan of a statement. Raises TableUnknown, DatabaseUnknown or SQLRefused."""
    values = dict(parameters or {})
    if statement.query is None:
        return QueryPlan(
            namespace_id=namespace_id,
            role_id=role_id,
            sql=statements.answer(statement=statement, catalogue=catalogue),
            storage_prefixes=storage_prefixes,
        )
    dialect.check_parameters(query=statement.query, parameters=values)
    unfolding = _Unfolding(catalogue)
    unfolding.add(statement.query)
    sql = statement.query.for_duckdb()
    return QueryPlan(
        namespace_id=namespace_id,
        role_id=role_id,
        sql=f"EXPLAIN {sql}" if statement.kind is StatementKind.EXPLAIN else sql,
        tables=tuple(unfolding.tables.values()),
        reads=tuple(unfolding.reads.items()),
        views=tuple(unfolding.views.values()),
        columns=None if unfolding.reads_all else frozenset(unfolding.columns),
        storage_prefixes=storage_prefixes,
        parameters=tuple(values.items()),
    )
