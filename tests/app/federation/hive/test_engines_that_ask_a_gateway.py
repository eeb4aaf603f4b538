"""An engine of one Lakewarden that asks the Hive gateway of another (here: its own).

Real HiveServer2 protocol from end to end: `submit`, the engine, Thrift over a socket, a directory
sign-in, and DuckDB over files behind it.
"""

import pytest
from django.utils import timezone
from pytest_django import Settings

from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Engine, LakeTable, Query
from governance.analytics.services import catalogue, engines, queries
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace, Policy, Role, RolePolicy
from governance.tenancy.services import actors
from tests.app.federation.hive.conftest import ROWS, World
from tests.factories import analytics, tenancy
from tests.servers.hive import HiveServer

pytestmark = pytest.mark.django_db(transaction=True)

BY_CARRIER = "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY carrier"


@pytest.fixture
def cluster(world: World, server: HiveServer, settings: Settings) -> Namespace:
    """Acme, with a second engine whose database `cluster` is the gateway's `default`."""
    settings.HIVE_SERVERS = [f"127.0.0.1:{server.port}"]
    with namespace_scope(world.acme.pk):
        engines.create(
            name="cluster",
            kind="hiveserver2",
            databases=["cluster"],
            options={
                "host": "127.0.0.1",
                "port": server.port,
                "transport": "plain",
                "username": "uma@acme.example",
                "product": "hive",
                "tables": "server",
                "server_databases": {"cluster": "default"},
                "sizes": "lake",
            },
            credentials="uma-pw",
            actor=actors.system(),
            now=timezone.now(),
        )
    with namespace_scope(world.acme.pk):
        catalogue.create_table(
            database="cluster",
            name="flights",
            location="flights/",
            table_format="parquet",
            actor=actors.system(),
            now=timezone.now(),
        )
    return world.acme


def asked(namespace: Namespace, sql: str, *, role: str = "author") -> Query:
    with namespace_scope(namespace.pk):
        person = tenancy.an_actor(tenancy.a_user(roles=[role]), role=role)
        query = queries.submit(
            sql=sql, actor=person, now=timezone.now(), engine="cluster", database="cluster"
        )
        # The worker is busy with what the gateway is asked: this one is run here.
        OutboxMessage.objects.filter(payload__query_id=str(query.pk)).delete()
    return query


def ran(namespace: Namespace, sql: str) -> Query:
    query = asked(namespace, sql)
    with namespace_scope(namespace.pk):
        return analytics.ran(query)


def test_rows_come_through_the_gateway_and_the_engines_account(cluster: Namespace) -> None:
    query = ran(cluster, BY_CARRIER)

    assert (query.state, query.error) == (QueryState.SUCCEEDED, "")
    with namespace_scope(cluster.pk):
        assert queries.page(query=query, offset=0, limit=10).rows == tuple(ROWS)
    assert query.bytes_scanned == query.estimated_bytes > 0


def test_columns_of_a_table_were_found_over_the_protocol(cluster: Namespace) -> None:
    with namespace_scope(cluster.pk):
        table = LakeTable.objects.get(database="cluster")

    assert table.columns == [["carrier", "string"], ["delay", "bigint"], ["origin", "string"]]


def test_parameters_and_views_are_written_into_what_is_sent(cluster: Namespace) -> None:
    with namespace_scope(cluster.pk):
        catalogue.create_view(
            database="cluster",
            name="late",
            sql="SELECT * FROM flights WHERE delay > 10",
            actor=actors.system(),
            now=timezone.now(),
        )

    query = ran(cluster, "WITH x AS (SELECT carrier FROM late) SELECT carrier FROM x ORDER BY 1")

    assert query.state == QueryState.SUCCEEDED, query.error
    with namespace_scope(cluster.pk):
        assert queries.page(query=query, offset=0, limit=10).rows == (("AA",), ("DL",))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM default.flights",
        "SELECT * FROM system.flights",
        "SELECT * FROM cluster.other",
        "SET role=admin",
        "USE default; SELECT * FROM flights",
    ],
)
def test_what_the_account_may_read_beside_the_catalogue_is_not_reached(
    cluster: Namespace, sql: str
) -> None:
    with pytest.raises(Refusal):
        asked(cluster, sql)


def test_a_role_that_may_not_read_the_tables_folder_finds_no_table(cluster: Namespace) -> None:
    with namespace_scope(cluster.pk):
        role = Role.objects.create(name="eu", storage_prefixes=["flights/eu/"])
        RolePolicy.objects.create(role=role, policy=Policy.objects.get(name="lakewarden-author"))

    with pytest.raises((TableUnknown, Refusal)):
        asked(cluster, BY_CARRIER, role="eu")


def test_eve_of_another_namespace_finds_neither_engine_nor_table(
    cluster: Namespace, world: World
) -> None:
    with namespace_scope(world.rival.pk):
        eve = tenancy.an_actor(tenancy.a_user(roles=["author"]))
        assert not Engine.objects.filter(name="cluster").exists()
        for engine in ("cluster", "lake"):
            with pytest.raises(Refusal):
                queries.submit(
                    sql="SELECT * FROM cluster.flights",
                    actor=eve,
                    now=timezone.now(),
                    engine=engine,
                )


def test_a_changed_password_is_a_failed_query_with_a_way_out(cluster: Namespace) -> None:
    with namespace_scope(cluster.pk):
        engine = Engine.objects.get(name="cluster")
        engines.change(
            engine_id=engine.pk,
            values={"credentials": "old"},
            actor=actors.system(),
            now=timezone.now(),
        )

    query = ran(cluster, BY_CARRIER)

    assert (query.state, query.bytes_scanned) == (QueryState.FAILED, 0)
    assert "An administrator sets them at the engine" in query.error
