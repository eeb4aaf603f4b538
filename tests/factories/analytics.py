"""Builders of a small lake, engines, tables and queries. Each works in the scope that is open."""

import json
from pathlib import Path

import pyarrow as pa
from django.conf import settings
from django.utils import timezone
from pyarrow import parquet

from governance.analytics.domain.engines import EngineKind
from governance.analytics.domain.plans import TableFormat
from governance.analytics.models import Engine, LakeTable, Query
from governance.analytics.services import catalogue, engines, queries, runs
from governance.isolation.scopes import current_namespace_id, namespace_scope
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors

FLIGHTS = [
    {"carrier": carrier, "delay": delay, "origin": origin}
    for carrier, delay, origin in (
        ("AA", 12, "JFK"),
        ("AA", -3, "LAX"),
        ("DL", 40, "ATL"),
        ("DL", 5, "JFK"),
        ("UA", 0, "ORD"),
    )
]


def lake_of(namespace: Namespace) -> Path:
    folder = Path(settings.LAKE_ROOTS[0]) / namespace.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_parquet(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def write_ndjson(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def an_engine(name: str = "lake", **options: int) -> Engine:
    return engines.create(
        name=name,
        kind=EngineKind.DUCKDB.value,
        options={"memory_megabytes": 128, "threads": 1, "timeout_seconds": 10} | options,
        actor=actors.system(),
        now=timezone.now(),
    )


def a_table(name: str, location: str, *, table_format: str = "parquet") -> LakeTable:
    return catalogue.create_table(
        name=name,
        location=location,
        table_format=TableFormat(table_format).value,
        actor=actors.system(),
        now=timezone.now(),
    )


def flights(namespace: Namespace) -> LakeTable:
    """A table `flights` of five rows, in a folder of the namespace's part of the lake."""
    write_parquet(lake_of(namespace) / "flights" / "2015.parquet", list(FLIGHTS))
    return a_table("flights", "flights/")


def ran(query: Query) -> Query:
    """The query after the worker has run it, here and now."""
    namespace_id = current_namespace_id()
    runs.run(query_id=query.pk, scope=lambda: namespace_scope(namespace_id), clock=timezone.now)
    query.refresh_from_db()
    return query


def asked(sql: str, actor: Actor, *, role: str | None = None) -> Query:
    return ran(queries.submit(sql=sql, actor=actor, now=timezone.now(), role=role))
