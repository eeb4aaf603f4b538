"""A plan: one parsed SELECT in the engine's dialect, and exactly the files that it may read."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


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
class QueryPlan:
    """What a runner is given. `sql` is in the engine's dialect and names only `tables`.

    `views` come in the order in which they can be made, in the engine's dialect as well.
    `columns_read` narrows the estimate: columns by table, empty where all are read.
    """

    namespace_id: UUID
    role_id: UUID | None
    sql: str
    tables: tuple[TableSource, ...] = ()
    views: tuple[ViewSource, ...] = ()
    columns_read: tuple[tuple[str, tuple[str, ...]], ...] = ()
    storage_prefixes: tuple[str, ...] = ()
    database: str = "default"
