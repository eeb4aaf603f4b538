"""Where a table of the catalogue lies on a Hive server, narrowed to what a role may read.

DuckDB is granted files one by one; a cluster is granted folders. A role's prefixes are folders
too: a table inside one of them is read whole, of a table around them those folders alone. Of a
table that is the server's own nothing can be cut out: it is inside, or it is not there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.hive_options import HiveOptions, Tables
from governance.analytics.domain.plans import TableFormat, TableSource
from governance.analytics.domain.spark_sql import VARIABLE, Relation
from governance.kernel.refusals import Forbidden

# As in `hive_options.LAKE_URL`: no pattern, quote, variable, list or way up.
FOLDER = re.compile(r"[A-Za-z0-9._=/:@+-]*", re.ASCII)
SIMPLE_TYPE = re.compile(
    r"boolean|tinyint|smallint|int|bigint|float|double|string|date|timestamp|binary"
    r"|decimal\(\d{1,2},\d{1,2}\)"
)
READERS = {
    TableFormat.PARQUET: "parquet OPTIONS (mergeSchema 'true', {place})",
    TableFormat.CSV: "csv OPTIONS (header 'true', {schema}, {place})",
    TableFormat.NDJSON: "json OPTIONS ({place})",
}
# With a schema, columns are still found by their names: files may order them differently.
BY_NAME, BY_LOOKING = "enforceSchema 'false'", "inferSchema 'true'"


class HiveLocationRefused(Forbidden):
    code = "hive_location_refused"
    sentence = (
        "{location} cannot be read on this engine: letters, digits and . _ = / : @ + - alone, "
        "and no way up."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A relation, and the statements that make it in a session, in this order."""

    table: TableSource
    relation: Relation
    setup: tuple[str, ...] = ()


def place_of(
    *,
    table: TableSource,
    options: HiveOptions,
    base: str,
    prefixes: Sequence[str],
    name: str,
) -> Place:
    """Where the table is; `name` is what its view in the session is called.

    Raises TableUnknown where the role may read nothing of it, HiveLocationRefused.
    """
    location = _plain(table.location)
    granted = [_plain(prefix) for prefix in prefixes] or [""]
    is_whole = any(_is_within(location, folder) for folder in granted)
    match options.tables:
        case Tables.SERVER:
            if not is_whole:
                raise TableUnknown(table=table.qualified_name)
            database = options.server_database(table.database)
            return Place(table=table, relation=Relation(name=table.name, database=database))
        case Tables.FILES:
            inside = sorted({folder for folder in granted if _is_within(folder, location)})
            folders = [location] if is_whole else inside
            if not folders:
                raise TableUnknown(table=table.qualified_name)
            setup = _views(table, base=base, folders=folders, name=name)
            return Place(table=table, relation=Relation(name=name), setup=setup)


def _views(table: TableSource, *, base: str, folders: Sequence[str], name: str) -> tuple[str, ...]:
    whole = _join(base, _plain(table.location))
    if len(folders) == 1:
        return (_view(table, name=name, path=_join(base, folders[0]), whole=whole),)
    parts = [f"{name}_{number}" for number in range(len(folders))]
    made = [
        _view(table, name=part, path=_join(base, folder), whole=whole)
        for part, folder in zip(parts, folders, strict=True)
    ]
    # Columns by name: two folders may have written them in another order.
    columns = ", ".join(_quoted(column) for column, _ in table.columns)
    if not columns or VARIABLE in columns:
        raise HiveLocationRefused(location=table.location)
    reads = " UNION ALL ".join(f"SELECT {columns} FROM {_quoted(part)}" for part in parts)  # noqa: S608 - quoted
    return (*made, f"CREATE TEMPORARY VIEW {_quoted(name)} AS {reads}")


def _view(table: TableSource, *, name: str, path: str, whole: str) -> str:
    place = f"path '{path}'" + (f", basePath '{whole}'" if path != whole else "")
    declared = table.format is not TableFormat.PARQUET and _is_simple(table)
    columns = ", ".join(f"{_quoted(column)} {kind}" for column, kind in table.columns)
    reader = READERS[table.format].format(place=place, schema=BY_NAME if declared else BY_LOOKING)
    schema = f" ({columns})" if declared else ""
    return f"CREATE TEMPORARY VIEW {_quoted(name)}{schema} USING {reader}"


def _is_simple(table: TableSource) -> bool:
    """Whether the columns are known, by types that Spark's SQL writes in the same way."""
    return bool(table.columns) and all(
        SIMPLE_TYPE.fullmatch(kind) and VARIABLE not in column for column, kind in table.columns
    )


def _plain(location: str) -> str:
    path = PurePosixPath(location.removeprefix("/"))
    if ".." in path.parts or not FOLDER.fullmatch(location):
        raise HiveLocationRefused(location=location)
    return "" if str(path) == "." else str(path)


def _is_within(path: str, folder: str) -> bool:
    return folder in {"", path} or path.startswith(folder + "/")


def _join(base: str, folder: str) -> str:
    return f"{base}/{folder}" if folder else base


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
