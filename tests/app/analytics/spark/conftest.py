"""A real Spark Thrift Server, a lake that it sees, and a neighbour whose files it sees too."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Engine, Query
from governance.analytics.services import catalogue, engines, queries
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import analytics, tenancy
from tests.servers import spark_thrift
from tests.servers.spark_thrift import SparkServer


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    with spark_thrift.running(tmp_path_factory.mktemp("spark")) as server:
        yield server


@pytest.fixture
def cluster(acme: Namespace, spark: SparkServer, settings: Settings) -> Iterator[Namespace]:
    """Acme's lake as a cluster sees it, and a secret of its neighbour's beside it."""
    root = Path(django_settings.LAKE_ROOTS[0])
    settings.HIVE_SERVERS = [f"127.0.0.1:{spark.port}=file://{root}"]
    # A test may have written more: folders outlive a test's rows.
    shutil.rmtree(analytics.lake_of(acme) / "sales", ignore_errors=True)
    globex = tenancy.a_namespace("globex", account_id="123456789012")
    analytics.write_csv(analytics.lake_of(globex) / "secret.csv", [{"secret": "canary"}])
    analytics.write_csv(analytics.lake_of(acme) / "sales" / "region=eu" / "a.csv", [{"n": 1}])
    analytics.write_csv(analytics.lake_of(acme) / "sales" / "region=us" / "a.csv", [{"n": 10}])
    analytics.write_ndjson(
        analytics.lake_of(acme) / "visits" / "a.ndjson", [{"page": "/", "by": {"id": 3}}]
    )
    with namespace_scope(acme.pk):
        a_spark_engine(spark)
        for name, location, kind in (
            ("flights", "flights/", "parquet"),
            ("sales", "sales/", "csv"),
            ("visits", "visits/", "ndjson"),
        ):
            catalogue.create_table(
                database="cluster",
                name=name,
                location=location,
                table_format=kind,
                actor=actors.system(),
                now=timezone.now(),
            )
        yield acme


def a_spark_engine(spark: SparkServer, password: str = "", **options: object) -> Engine:
    return engines.create(
        name="spark",
        kind="hiveserver2",
        databases=["cluster"],
        options={
            "host": "127.0.0.1",
            "port": spark.port,
            "transport": "plain",
            "authentication": "none",
            "timeout_seconds": 60,
            **options,
        },
        credentials=password or None,
        actor=actors.system(),
        now=timezone.now(),
    )


def asked(sql: str, *, role: str = "author") -> Query:
    person = tenancy.an_actor(tenancy.a_user(roles=[role]), role=role)
    return analytics.ran(
        queries.submit(
            sql=sql, actor=person, now=timezone.now(), engine="spark", database="cluster"
        )
    )


def rows(query: Query) -> tuple[tuple[object, ...], ...]:
    assert query.state == QueryState.SUCCEEDED, query.error
    return queries.page(query=query, offset=0, limit=100).rows
