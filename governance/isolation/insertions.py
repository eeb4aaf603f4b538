"""New rows, by a statement that Django writes once a process for each model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from governance.isolation import batches

Fields = Sequence[models.Field[Any, Any]]

# Values that these fields hand to psycopg as they are; a field of another class decides itself.
PLAIN: Mapping[type[models.Field[Any, Any]], type] = {
    models.BooleanField: bool,
    models.CharField: str,
    models.DateTimeField: datetime,
    models.EmailField: str,
    models.TextField: str,
    models.UUIDField: UUID,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A field, and what it need not be asked at each row."""

    field: models.Field[Any, Any]
    name: str
    plain: type | None
    sets_itself: bool

    def value(self, row: models.Model) -> object:
        """As it is on the row. What a field sets when it is saved (updated_at) it sets there."""
        if self.sets_itself:
            return self.field.pre_save(row, add=True)
        return row.__dict__[self.name]

    def is_plain(self, value: object) -> bool:
        # A moment without a time zone is the field's to warn of.
        return value is None or (
            type(value) is self.plain and getattr(value, "tzinfo", self) is not None
        )


@dataclass(frozen=True, slots=True)
class Insertion:
    sql: str
    columns: tuple[Column, ...]

    def parameters(self, row: models.Model) -> list[object]:
        database = connections[DEFAULT_DB_ALIAS]  # `connection` looks for it at every use
        return [
            value
            if column.is_plain(value)
            else column.field.get_db_prep_save(value, connection=database)
            for column, value in ((column, column.value(row)) for column in self.columns)
        ]


_insertions: dict[object, Insertion] = {}


def insert(row: models.Model, *, fields: Fields) -> None:
    """One row, as it is; where writes are gathered, with the next statement."""
    insertion = _insertion(row, fields, on_conflict=None)
    batches.write(insertion.sql, insertion.parameters(row))


def is_computed(row: models.Model, *, fields: Fields) -> bool:
    """Whether a value is an expression for the database, which is part of the statement."""
    return any(hasattr(row.__dict__.get(field.attname), "resolve_expression") for field in fields)


def insert_once(row: models.Model) -> bool:
    """Whether the row is new: False where a unique constraint knows one like it.

    Two at once: the second waits for the first's transaction, and is new if that fails.
    """
    fields = row._meta.concrete_fields  # noqa: SLF001 - Django's name
    insertion = _insertion(row, fields, on_conflict=OnConflict.IGNORE)
    with connection.cursor() as cursor:
        batches.execute(cursor, insertion.sql, insertion.parameters(row))
        return int(cursor.rowcount) == 1


def _insertion(row: models.Model, fields: Fields, *, on_conflict: OnConflict | None) -> Insertion:
    key = (type(row), on_conflict, *(field.attname for field in fields))
    insertion = _insertions.get(key)
    if insertion is None:
        query: Any = InsertQuery(type(row), on_conflict=on_conflict)
        query.insert_values(list(fields), [row])
        ((sql, _),) = query.get_compiler(connection=connection).as_sql()
        insertion = _insertions[key] = Insertion(str(sql), tuple(map(_column, fields)))
    return insertion


def _column(field: models.Field[Any, Any]) -> Column:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    sets_itself = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    own = type(field).pre_save not in (models.Field.pre_save, models.DateTimeField.pre_save)
    return Column(field, field.attname, PLAIN.get(type(target)), sets_itself or own)
