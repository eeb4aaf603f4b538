"""What Spark is left with when a query is stopped or its worker dies; its other ways of serving.

In `make test-full`.
"""

import os
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pyhive import hive
from pytest_django import Settings

from governance.analytics.adapters.hive import accounts, sessions
from governance.analytics.adapters.hive.engine import HiveEngine
from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.engines import EngineOptions
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Engine
from governance.analytics.services import catalogue, collaborators, queries
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.app.analytics.spark.conftest import a_spark_engine, asked, rows
from tests.factories import analytics, tenancy
from tests.servers import spark_thrift
from tests.servers.spark_thrift import SparkServer

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not os.environ.get("LAKEWARDEN_FULL"), reason="Apache Spark: only in make test-full"
    ),
]
SLOW = "SELECT count(*) FROM range(4000000) a JOIN range(4000000) b ON a.id * 7 > b.id + a.id"


@pytest.mark.usefixtures("cluster")
def test_a_cancelled_query_ends_on_the_cluster_too() -> None:
    person = tenancy.an_actor(tenancy.a_user(roles=["author"]))
    query = queries.submit(
        sql=SLOW, actor=person, now=timezone.now(), engine="spark", database="cluster"
    )
    engine = Engine.objects.get(name="spark")
    started = time.monotonic()
    stopping = threading.Event()
    threading.Timer(4, stopping.set).start()

    from_engine = collaborators.engine_of(engine)
    outcome = from_engine.run(
        plan=queries.plan_of(query),
        limits=EngineOptions.parse(engine.options).limits(),
        result=Path(django_settings.ANALYTICS_RESULTS_DIR) / "slow.arrow",
        go_on=lambda _: not stopping.is_set(),
    )

    assert outcome.end == "stopped"
    assert time.monotonic() - started < 12
    # Both cores are free again: another query is not kept waiting.
    again = time.monotonic()
    assert rows(asked("SELECT 1 AS one")) == ((1,),)
    assert time.monotonic() - again < 15


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_dies_leaves_nothing_running_on_the_cluster() -> None:
    engine = collaborators.engine_of(Engine.objects.get(name="spark"))
    assert isinstance(engine, HiveEngine)
    connection = accounts.connected(engine.account)
    session = sessions.begun(connection, again=lambda: connection)
    session.start(SLOW, seconds=600)
    time.sleep(4)

    connection.close()

    started = time.monotonic()
    assert rows(asked("SELECT 1 AS one")) == ((1,),)
    assert time.monotonic() - started < 15


def test_tables_of_the_server_are_read_by_the_mapping(
    acme: Namespace, spark: SparkServer, settings: Settings
) -> None:
    settings.HIVE_SERVERS = [f"127.0.0.1:{spark.port}"]
    folder = analytics.lake_of(acme) / "flights"
    told = hive.connect(host="127.0.0.1", port=spark.port, username="operator")
    with told, told.cursor() as cursor:
        cursor.execute("CREATE DATABASE acme_prod")
        cursor.execute(f"CREATE TABLE acme_prod.flights USING parquet LOCATION 'file://{folder}'")
        cursor.execute("CREATE DATABASE cluster")
        cursor.execute("CREATE TABLE cluster.flights AS SELECT 'canary' AS carrier")
    with namespace_scope(acme.pk):
        a_spark_engine(
            spark,
            password="canary-7",
            authentication="plain",
            username="acme",
            tables="server",
            server_databases={"cluster": "acme_prod"},
        )
        catalogue.create_table(
            database="cluster",
            name="flights",
            location="flights/",
            table_format="parquet",
            actor=actors.system(),
            now=timezone.now(),
        )

        query = asked("SELECT DISTINCT carrier FROM flights ORDER BY carrier")

        assert rows(query) == (("AA",), ("DL",), ("UA",))
        assert query.bytes_scanned == (folder / "2015.parquet").stat().st_size
        with pytest.raises(TableUnknown):
            asked("SELECT * FROM acme_prod.flights")


def test_a_server_of_bare_thrift_is_asked_too(
    acme: Namespace, settings: Settings, tmp_path: Path
) -> None:
    with spark_thrift.running(tmp_path, authentication="NOSASL") as bare:
        settings.HIVE_SERVERS = [f"127.0.0.1:{bare.port}=file://{django_settings.LAKE_ROOTS[0]}"]
        with namespace_scope(acme.pk):
            a_spark_engine(bare, authentication="nosasl")

            query = asked("SELECT id, cast(id AS string) AS text FROM range(12000) ORDER BY id")

            assert (query.state, query.error) == (QueryState.SUCCEEDED, "")
            assert queries.page(query=query, offset=11_999, limit=1).rows == ((11_999, "11999"),)


@pytest.mark.usefixtures("cluster")
def test_tables_that_have_grown_since_are_not_read(cluster: Namespace) -> None:
    person = tenancy.an_actor(tenancy.a_user(roles=["author"]))
    query = queries.submit(
        sql="SELECT * FROM sales",
        actor=person,
        now=timezone.now(),
        engine="spark",
        database="cluster",
    )
    analytics.write_csv(
        analytics.lake_of(cluster) / "sales" / "region=eu" / "b.csv", [{"n": n} for n in range(50)]
    )

    analytics.ran(query)

    assert (query.state, query.bytes_scanned) == (QueryState.FAILED, 0)
    assert "larger than when the query was admitted" in query.error
