"""What PostgreSQL's catalogue says of a table: its columns, and what else a deletion touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from purge.ports import ObjectUnreachable

LIST = """
SELECT format('%%s.%%s', n.nspname, c.relname), c.relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND starts_with(format('%%s.%%s', n.nspname, c.relname), %s)
ORDER BY 1
"""
DESCRIBE = """
SELECT n.nspname, c.relname, c.relkind, row_security_active(c.oid), a.attname,
       CASE WHEN COALESCE(under.typcategory, base.typcategory) IN ('A', 'C') THEN 'nested'
       ELSE COALESCE(under.typname, base.typname) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type base ON base.oid = a.atttypid
LEFT JOIN pg_type under ON under.oid = base.typbasetype  -- of a domain
WHERE c.relkind IN ('r', 'p', 'f') AND format('%%s.%%s', n.nspname, c.relname) = %s
ORDER BY a.attnum
"""
POINTING = """
SELECT format('%%s.%%s', n.nspname, c.relname), k.confdeltype, k.conrelid = k.confrelid,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS one(number, position)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = one.number ORDER BY position),
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS one(number, position)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = one.number ORDER BY position)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN
  (SELECT %(table)s::regclass::oid UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
ORDER BY 1, k.conname
"""
COPIES = """
SELECT DISTINCT n.nspname, v.relname
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'm'
JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = %s::regclass
"""


@dataclass(frozen=True, slots=True)
class Described:
    """A table as the catalogue has it."""

    schema: str
    name: str
    kind: str
    columns: Mapping[str, str]

    @property
    def listed(self) -> str:
        """As `LIST` names it."""
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> sql.Composable:
        return sql.Identifier(self.schema, self.name)

    @property
    def source(self) -> sql.Composable:
        """A table without the tables that inherit from it: those are listed by themselves."""
        return sql.SQL("{}" if self.kind == "p" else "ONLY {}").format(self.quoted)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to a table: its own columns, each with the one that it refers to."""

    table: str
    action: str
    is_own: bool
    pairs: Sequence[tuple[str, str]]

    @property
    def takes_along(self) -> bool:
        return self.action == "c"


def keys_to(connection: psycopg.Connection[Any], table: Described) -> list[ForeignKey]:
    """What refers to the table or to a partition of it."""
    found = connection.execute(POINTING, {"table": regclass_of(connection, table)}).fetchall()
    return [
        ForeignKey(name, action, is_own, tuple(zip(own, theirs, strict=True)))
        for name, action, is_own, own, theirs in found
    ]


def described(connection: psycopg.Connection[Any], table: str) -> Described | None:
    """Raises ObjectUnreachable for a table of which this account is not shown every row."""
    rows = connection.execute(DESCRIBE, [table]).fetchall()
    if not rows:
        return None
    schema, name, kind, hidden = rows[0][:4]
    if hidden:
        raise ObjectUnreachable(reason="row_security")
    if kind == "f":
        raise ObjectUnreachable(reason="foreign_table")
    return Described(schema, name, kind, {column: type_ for *_, column, type_ in rows})


def regclass_of(connection: psycopg.Connection[Any], table: Described) -> str:
    return table.quoted.as_string(connection)


def copies_of(connection: psycopg.Connection[Any], table: Described) -> list[sql.Identifier]:
    """Materialized views that hold rows of the table until they are refreshed."""
    rows = connection.execute(COPIES, [regclass_of(connection, table)]).fetchall()
    return [sql.Identifier(*one) for one in rows]


def plan(connection: psycopg.Connection[Any], table: Described, *, rows: int) -> str:
    """What deleting the rows will do, and to which other tables."""
    parts = [f"delete {rows} rows in one transaction, then vacuum"]
    for key in keys_to(connection, table):
        match key.action:
            case "c":
                parts.append(f"rows of {key.table} that refer to them go with them")
            case "n" | "d":
                parts.append(f"references in {key.table} are emptied")
            case _ if not key.is_own:
                parts.append(f"refused while rows of {key.table} refer to them")
            case _:
                pass  # Whoever refers to themselves goes.
    if copies_of(connection, table):
        parts.append("materialized views are refreshed")
    return "; ".join(parts)
