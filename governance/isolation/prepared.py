"""Statements that Django builds once a process, for the paths that are walked very often.

Django writes the SQL of a queryset anew at every use, which costs a sign-in several times what
PostgreSQL's answer does. A function marked `selecting` or `updating` builds its queryset once for
each shape of its arguments, with stand-ins for their values; afterwards only the values are put in
their places. The scope is one of them: whose rows are meant is asked at every use, as ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

from governance.isolation import batches
from governance.isolation.scopes import current_namespace_id, offline_scope

Row = TypeVar("Row", bound=models.Model)
Arguments = ParamSpec("Arguments")
Values = Mapping[str, object]
Slot = tuple[str, int]
Change = tuple[models.QuerySet[Any], Values]

# What the offline scope, in which a statement is built, calls its namespace.
NAMESPACE: Slot = ("", 0)
FIRST_MOMENT = datetime(9000, 1, 1, tzinfo=UTC)


class StandInLostError(RuntimeError):
    """An argument does not arrive in the statement as it is, so it cannot be put there later."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL whose parameters are taken from slots (an argument's name and place) or are fixed."""

    sql: str
    parameters: tuple[object, ...]

    def filled(self, values: Values) -> tuple[str, list[object]]:
        known = {slot: value for slot, value, _ in _slots(values)}
        known[NAMESPACE] = current_namespace_id()
        parts = [known[part.slot] if isinstance(part, Place) else part for part in self.parameters]
        return self.sql, parts


@dataclass(frozen=True, slots=True)
class Place:
    """Where the value of a slot goes."""

    slot: Slot


class Selection(Generic[Row]):
    """A statement, and how its answer becomes rows of the model with those related."""

    def __init__(self, rows: models.QuerySet[Row], standing_in: Mapping[object, Slot]) -> None:
        compiler: SQLCompiler = rows.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        self.statement = _statement(sql, parameters, standing_in)
        kinds: Any = compiler.klass_info
        own = kinds["select_fields"]
        self._model = rows.model
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column[0].target.attname for column in compiler.select[self._own]]
        populators: Any = get_related_populators  # its types are those of a later Django
        self._related = populators(kinds, compiler.select, connection.alias)
        self._compiler = compiler
        columns = [column[0] for column in compiler.select[: compiler.col_count]]
        self._converters = compiler.get_converters(columns)

    def rows(self, values: Values) -> list[Row]:
        with connection.cursor() as cursor:
            batches.execute(cursor, *self.statement.filled(values))
            answer: Any = cursor.fetchall()
        if self._converters:
            answer = self._compiler.apply_converters(answer, self._converters)
        return [self._row(columns) for columns in answer]

    def _row(self, columns: Any) -> Row:  # noqa: ANN401 - a column is anything
        row = self._model.from_db(connection.alias, self._names, columns[self._own])
        for related in self._related:
            related.populate(columns, row)
        return row


def selecting(
    build: Callable[Arguments, models.QuerySet[Row]],
) -> Callable[Arguments, list[Row]]:
    """The rows of the queryset that the function writes. Arguments are given by name.

    Texts, ids, moments and tuples of them are values; anything else is part of the statement.
    """
    kept: dict[object, Selection[Row]] = {}

    @wraps(build)
    def rows(*_: Arguments.args, **values: Arguments.kwargs) -> list[Row]:
        shape = _shape(values)
        selection = kept.get(shape)
        if selection is None:
            given, standing_in = _stand_ins(values)
            with offline_scope():
                selection = kept[shape] = Selection(build(**given), standing_in)  # type: ignore[call-arg]
        return selection.rows(values)

    return rows


def updating(build: Callable[Arguments, Change]) -> Callable[Arguments, None]:
    """Gives the rows of the queryset that the function writes its values; nobody counts them.

    Where writes are gathered, it is sent with the next statement.
    """
    kept: dict[object, Statement] = {}

    @wraps(build)
    def update(*_: Arguments.args, **values: Arguments.kwargs) -> None:
        shape = _shape(values)
        statement = kept.get(shape)
        if statement is None:
            given, standing_in = _stand_ins(values)
            with offline_scope():
                rows, columns = build(**given)  # type: ignore[call-arg]
                statement = kept[shape] = _update(rows, columns, standing_in)
        batches.write(*statement.filled(values))

    return update


def _update(
    rows: models.QuerySet[Any], columns: Values, standing_in: Mapping[object, Slot]
) -> Statement:
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(dict(columns))
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return _statement(sql, parameters, standing_in)


def _statement(
    sql: str, parameters: tuple[object, ...], standing_in: Mapping[object, Slot]
) -> Statement:
    parts = tuple(
        Place(standing_in[one]) if _is_value(one) and one in standing_in else one
        for one in parameters
    )
    placed = {part.slot for part in parts if isinstance(part, Place)}
    if missing := set(standing_in.values()) - placed - {NAMESPACE}:
        raise StandInLostError(sorted(missing))
    return Statement(sql, parts)


def _is_value(value: object) -> bool:
    return isinstance(value, str | UUID | datetime)


def _shape(values: Values) -> object:
    """Two calls of one shape have the same SQL."""
    return tuple((name, _part_of_shape(value)) for name, value in values.items())


def _part_of_shape(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(type, value))
    return type(value) if _is_value(value) else value


def _slots(values: Values) -> list[tuple[Slot, object, bool]]:
    """Every value with its slot, and whether it is one of a tuple."""
    found: list[tuple[Slot, object, bool]] = []
    for name, value in values.items():
        if isinstance(value, tuple):
            found.extend(((name, number), one, True) for number, one in enumerate(value))
        elif _is_value(value):
            found.append(((name, 0), value, False))
    return found


def _stand_ins(values: Values) -> tuple[dict[str, Any], dict[object, Slot]]:
    """Arguments to build with, each unlike any other, and the slot that each stands for."""
    given: dict[str, Any] = dict(values)
    standing_in: dict[object, Slot] = {UUID(int=0): NAMESPACE}
    for number, (slot, value, in_tuple) in enumerate(_slots(values), start=1):
        stand_in = _stand_in(value, number)
        standing_in[stand_in] = slot
        name, place = slot
        if not in_tuple:
            given[name] = stand_in
        else:
            given[name] = (*given[name][:place], stand_in, *given[name][place + 1 :])
    return given, standing_in


def _stand_in(value: object, number: int) -> object:
    match value:
        case UUID():
            return UUID(int=number)
        case datetime():
            return FIRST_MOMENT + timedelta(microseconds=number)
        case _:
            return f"stand-in {number}"
