"""A plan: one parsed SELECT in the engine's dialect, and exactly the files that it may read."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class SQLTarget(StrEnum):
    """Whose SQL a plan is written in. Hive's is Spark's."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class TableFormat(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """A table of the catalogue: a name, and the files below a folder of the lake.

    `location` is relative to the namespace's part of the lake, such as `flights/` or
    `flights/2015/jan.parquet`. `columns` (name, Hive type) is empty where the files say it.
    """

    database: str
    name: str
    location: str
    format: TableFormat
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def qualified_name(self) -> str:
        return f"{self.database}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSource:
    """A view of the catalogue: a name for a SELECT in the common dialect."""

    database: str
    name: str
    sql: str

    @property
    def qualified_name(self) -> str:
        return f"{self.database}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows that the catalogue itself answers with, all of them text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """What a runner is given. `sql` is in the engine's dialect and names only `tables`.

    `views` come in the order in which they can be made, in the engine's dialect as well. For
    Spark, views and parameters are written into `sql`, and an `answer` stands in its place.
    `columns` are the names that the SQL mentions (lower case), None where it reads all.
    `reads` says how often each table may be scanned (once, where it is not named there).
    `storage_prefixes` narrow the files to the role's folders; empty means all of the
    namespace's. `parameters` are the values of its `:name` markers.
    """

    namespace_id: UUID
    role_id: UUID | None
    sql: str
    tables: tuple[TableSource, ...] = ()
    reads: tuple[tuple[str, int], ...] = ()
    views: tuple[ViewSource, ...] = ()
    columns: frozenset[str] | None = None
    storage_prefixes: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str | int | float | bool | None], ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The databases, tables and views that a person may name."""

    databases: tuple[str, ...] = ("default",)
    tables: tuple[TableSource, ...] = ()
    views: tuple[ViewSource, ...] = ()

    def names(self, *, database: str) -> tuple[str, ...]:
        sources: list[TableSource | ViewSource] = [*self.tables, *self.views]
        return tuple(sorted(source.name for source in sources if source.database == database))
