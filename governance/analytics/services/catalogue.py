"""The catalogue: tables over the lake's files, and views. Columns are read from the files."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pyarrow as pa
from django.conf import settings

from governance.analytics import selectors
from governance.analytics.domain import dialect, planning, statements
from governance.analytics.domain.engines import DATABASE_NAME, EngineKind, EngineOptions
from governance.analytics.domain.plans import Catalogue, QueryPlan, TableFormat
from governance.analytics.domain.runs import RunEnd
from governance.analytics.models import Engine, LakeTable, LakeView
from governance.analytics.services import collaborators
from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, FieldError, Invalid

FIELDS = ("database", "name", "location", "format", "description", "sql")


class CatalogueNameTaken(Conflict):
    code = "catalogue_name_taken"
    sentence = "There is already a table or view named {name}."


class CatalogueInvalid(Invalid):
    code = "catalogue_invalid"
    sentence = "The table or view is not valid."


class TableUnreadable(Invalid):
    code = "table_unreadable"
    sentence = "The files at {location} cannot be read as {format}: {why}"


def create_table(  # noqa: PLR0913 - the columns of one row, all named
    *,
    name: str,
    location: str,
    table_format: str,
    actor: Actor,
    now: datetime,
    database: str = "default",
    description: str = "",
) -> LakeTable:
    """A table over files that are there: they are opened once, for their columns.

    Raises LocationOutside, LocationEmpty, TableUnreadable, CatalogueNameTaken.
    """
    table = LakeTable(
        database=database,
        name=name,
        location=location,
        format=table_format,
        description=description,
    )
    return _saved_table(table, action="table.created", actor=actor, now=now)


def change_table(
    *, table_id: UUID, values: Mapping[str, object], actor: Actor, now: datetime
) -> LakeTable:
    table = LakeTable.objects.select_for_update().get(pk=table_id)
    _assign(table, values)
    return _saved_table(table, action="table.changed", actor=actor, now=now)


def remove(*, entry: LakeTable | LakeView, actor: Actor, now: datetime) -> None:
    """Forget a name. The files stay."""
    require(actor=actor, action=Action.MANAGE_ENGINES)
    kind = "table" if isinstance(entry, LakeTable) else "view"
    trail.record(actor=actor, action=f"{kind}.removed", target=entry, now=now)
    entry.delete()


def create_view(
    *,
    name: str,
    sql: str,
    actor: Actor,
    now: datetime,
    database: str = "default",
    description: str = "",
) -> LakeView:
    """A view that reads what exists. Raises SQLInvalid, SQLRefused, TableUnknown."""
    view = LakeView(database=database, name=name, sql=sql, description=description)
    return _saved_view(view, action="view.created", actor=actor, now=now)


def change_view(
    *, view_id: UUID, values: Mapping[str, object], actor: Actor, now: datetime
) -> LakeView:
    view = LakeView.objects.select_for_update().get(pk=view_id)
    _assign(view, values)
    return _saved_view(view, action="view.changed", actor=actor, now=now)


def _saved_table(table: LakeTable, *, action: str, actor: Actor, now: datetime) -> LakeTable:
    require(actor=actor, action=Action.MANAGE_ENGINES)
    _check_name(table)
    if table.format not in {each.value for each in TableFormat}:
        detail = "parquet, csv or ndjson."
        error = FieldError(pointer="/format", code="format_unknown", detail=detail)
        raise CatalogueInvalid(errors=[error])
    table.columns = [list(column) for column in _columns_of(table)]
    table.save()
    trail.record(actor=actor, action=action, target=table, now=now)
    return table


def _saved_view(view: LakeView, *, action: str, actor: Actor, now: datetime) -> LakeView:
    require(actor=actor, action=Action.MANAGE_ENGINES)
    _check_name(view)
    known = selectors.catalogue_of(_engine_for(view.database))
    others = tuple(each for each in known.views if each.qualified_name != str(view))
    query = dialect.read_query(sql=view.sql, database=view.database)
    planning.plan(
        statement=statements.Statement(
            kind=statements.StatementKind.SELECT, database=view.database, query=query
        ),
        catalogue=Catalogue(databases=known.databases, tables=known.tables, views=others),
        namespace_id=view.pk,
        role_id=None,
    )
    view.save()
    trail.record(actor=actor, action=action, target=view, now=now)
    return view


def _assign(entry: LakeTable | LakeView, values: Mapping[str, object]) -> None:
    for name in FIELDS:
        if name in values and hasattr(entry, name):
            setattr(entry, name, values[name])


def _check_name(entry: LakeTable | LakeView) -> None:
    detail = "Use lower-case letters, digits and underscores, not beginning with a digit."
    errors = [
        FieldError(pointer=f"/{field}", code="name_invalid", detail=detail)
        for field in ("database", "name")
        if not DATABASE_NAME.fullmatch(getattr(entry, field))
    ]
    if errors:
        raise CatalogueInvalid(errors=errors)
    same = {"database": entry.database, "name": entry.name}
    tables = LakeTable.objects.filter(**same).exclude(pk=entry.pk)
    views = LakeView.objects.filter(**same).exclude(pk=entry.pk)
    if tables.exists() or views.exists():
        raise CatalogueNameTaken(name=str(entry))


def _columns_of(table: LakeTable) -> tuple[tuple[str, str], ...]:
    """Names and types (as Hive writes them) of the files, asked of the engine."""
    engine = _engine_for(table.database)
    source = table.source()
    plan = QueryPlan(
        namespace_id=engine.namespace_id,
        role_id=None,
        sql=planning.columns_sql(source, target=EngineKind(engine.kind).target),
        tables=(source,),
    )
    backend = collaborators.engine_of(engine)
    backend.estimate(plan=plan)
    result = Path(settings.ANALYTICS_RESULTS_DIR) / "columns" / f"{new_id()}.arrow"
    outcome = backend.run(
        plan=plan,
        limits=EngineOptions.parse(engine.options).limits(),
        result=result,
        go_on=lambda _: True,
    )
    if outcome.end is not RunEnd.SUCCEEDED:
        raise TableUnreadable(location=table.location, format=table.format, why=outcome.error)
    with pa.memory_map(str(result)) as file, pa.ipc.open_file(file) as reader:
        found = tuple((field.name, hive_type(field.type)) for field in reader.schema)
    result.unlink()
    return found


def _engine_for(database: str) -> Engine:
    named = Engine.objects.filter(databases__contains=[database], enabled=True)
    found = named.order_by("created_at").first()
    if found is None:
        detail = "No enabled engine answers for this database. Add it to an engine first."
        error = FieldError(pointer="/database", code="database_unserved", detail=detail)
        raise CatalogueInvalid(errors=[error])
    return found


def hive_type(kind: pa.DataType) -> str:
    """An Arrow type by Hive's name."""
    names = {
        "bool": "boolean",
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "float": "float",
        "double": "double",
        "date32[day]": "date",
        "binary": "binary",
        "string": "string",
        "large_string": "string",
    }
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    return names.get(str(kind), str(kind))
