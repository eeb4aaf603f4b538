"""New rows, by a statement that Django writes once a process for each model."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from governance.isolation import batches

Fields = Sequence[models.Field[Any, Any]]

_statements: dict[object, str] = {}


def insert(row: models.Model, *, fields: Fields) -> None:
    """One row, as it is; where writes are gathered, with the next statement."""
    batches.write(*_statement(row, fields, on_conflict=None))


def is_computed(row: models.Model, *, fields: Fields) -> bool:
    """Whether a value is an expression for the database, which is part of the statement."""
    return any(hasattr(getattr(row, field.attname), "resolve_expression") for field in fields)


def insert_once(row: models.Model) -> bool:
    """Whether the row is new: False where a unique constraint knows one like it.

    Two at once: the second waits for the first's transaction, and is new if that fails.
    """
    fields = row._meta.concrete_fields  # noqa: SLF001 - Django's name
    with connection.cursor() as cursor:
        batches.execute(cursor, *_statement(row, fields, on_conflict=OnConflict.IGNORE))
        return int(cursor.rowcount) == 1


def _statement(
    row: models.Model, fields: Fields, *, on_conflict: OnConflict | None
) -> tuple[str, list[object]]:
    key = (type(row), on_conflict, *(field.attname for field in fields))
    sql = _statements.get(key)
    if sql is None:
        sql = _statements[key] = _written(row, fields, on_conflict)
    database = connections[DEFAULT_DB_ALIAS]  # `connection` looks for it at every use
    # What a field sets when it is saved (updated_at) it sets on the row, so the last time counts.
    return sql, [
        field.get_db_prep_save(field.pre_save(row, add=True), connection=database)
        for field in fields
    ]


def _written(row: models.Model, fields: Fields, on_conflict: OnConflict | None) -> str:
    query: Any = InsertQuery(type(row), on_conflict=on_conflict)
    query.insert_values(list(fields), [row])
    ((sql, _),) = query.get_compiler(connection=connection).as_sql()
    return str(sql)
