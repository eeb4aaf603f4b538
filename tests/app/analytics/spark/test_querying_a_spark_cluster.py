"""Queries on a real Spark Thrift Server, from `submit` to the rows: in `make test-full`."""

import json
import os

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Engine
from governance.analytics.services import catalogue, engines
from governance.kernel.refusals import Refusal
from governance.tenancy.models import Policy, Role, RolePolicy
from governance.tenancy.services import actors
from tests.app.analytics.spark.conftest import asked, rows

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not os.environ.get("LAKEWARDEN_FULL"), reason="Apache Spark: only in make test-full"
    ),
]


@pytest.mark.usefixtures("cluster")
def test_rows_come_back_and_bytes_are_counted_as_they_were_admitted() -> None:
    query = asked("SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY carrier")

    assert rows(query) == (("AA", 2), ("DL", 2), ("UA", 1))
    assert query.bytes_scanned == query.estimated_bytes > 0


@pytest.mark.usefixtures("cluster")
def test_types_are_those_of_the_lake() -> None:
    query = asked(
        "SELECT cast(1.5 AS decimal(10,2)) AS d, date '2026-01-02' AS day, "
        "timestamp '2026-01-02 03:04:05.678' AS at, CAST('ab' AS binary) AS b, array(1, 2) AS l, "
        "cast(NULL AS int) AS nothing, cast(1.5 AS float) AS f, true AS yes"
    )

    assert [kind for _, kind in query.columns] == [
        *("decimal128(10, 2)", "date32[day]", "timestamp[us]", "binary", "string", "int32"),
        *("float", "bool"),
    ]
    [row] = rows(query)
    assert row[:3] == ("1.50", "2026-01-02", "2026-01-02T03:04:05.678000")
    assert row[4:] == ("[1,2]", None, 1.5, True)


@pytest.mark.usefixtures("cluster")
def test_nested_values_of_files_are_text() -> None:
    [row] = rows(asked("SELECT page, by FROM visits"))

    assert row[0] == "/"
    assert json.loads(str(row[1])) == {"id": 3}


@pytest.mark.usefixtures("cluster")
def test_each_role_sums_its_own_folders() -> None:
    for region in ("eu", "us"):
        role = Role.objects.create(name=region, storage_prefixes=[f"sales/region={region}/"])
        RolePolicy.objects.create(role=role, policy=Policy.objects.get(name="lakewarden-author"))
    both = Role.objects.create(
        name="both", storage_prefixes=["sales/region=eu/", "sales/region=us/"]
    )
    RolePolicy.objects.create(role=both, policy=Policy.objects.get(name="lakewarden-author"))
    total = "SELECT sum(n) AS n, min(region) AS first FROM sales"

    assert rows(asked(total, role="eu")) == ((1, "eu"),)
    assert rows(asked(total, role="us")) == ((10, "us"),)
    assert rows(asked(total, role="both")) == ((11, "eu"),)
    assert rows(asked(total)) == ((11, "eu"),)
    with pytest.raises(TableUnknown):
        asked("SELECT * FROM flights", role="eu")


ELSEWHERE = [
    "SELECT * FROM csv.`file://{root}/globex/secret.csv`",
    "SELECT * FROM text.`/etc/passwd`",
    "SELECT * FROM default.flights",
    "SELECT * FROM IDENTIFIER('csv.`/etc/passwd`')",
    "SELECT reflect('java.lang.System', 'getenv', 'PATH')",
    "SET spark.sql.variable.substitute=true",
]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("sql", ELSEWHERE)
def test_nothing_else_of_the_cluster_is_reached(sql: str) -> None:
    with pytest.raises(Refusal):
        asked(sql.format(root=django_settings.LAKE_ROOTS[0]))


@pytest.mark.usefixtures("cluster")
def test_a_location_with_a_way_out_makes_no_table() -> None:
    for location in ("../globex/secret.csv", "*", "{acme,globex}"):
        with pytest.raises(Refusal):
            catalogue.create_table(
                database="cluster",
                name="theirs",
                location=location,
                table_format="csv",
                actor=actors.system(),
                now=timezone.now(),
            )


@pytest.mark.usefixtures("cluster")
def test_variables_of_the_server_are_no_part_of_sql() -> None:
    query = asked("SELECT '${env:PATH}' AS a, '${system:java.version}' AS b")

    assert rows(query) == (("${env:PATH}", "${system:java.version}"),)


@pytest.mark.usefixtures("cluster")
def test_a_name_of_a_with_that_spark_does_not_see_is_no_table() -> None:
    query = asked("WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a")

    assert query.state == QueryState.FAILED
    assert "lakewarden_" not in query.error


@pytest.mark.usefixtures("cluster")
def test_an_error_does_not_say_where_the_lake_is() -> None:
    query = asked("SELECT nothing FROM flights")

    assert query.state == QueryState.FAILED
    assert "UNRESOLVED_COLUMN" in query.error
    for inner in (str(django_settings.LAKE_ROOTS[0]), "lakewarden_", "org.apache"):
        assert inner not in query.error


@pytest.mark.usefixtures("cluster")
def test_every_step_of_the_test_button_is_taken() -> None:
    engine = Engine.objects.get(name="spark")

    steps = engines.test(engine_id=engine.pk, actor=actors.system(), now=timezone.now())

    assert [(step.name, step.ok) for step in steps] == [
        *(("Address", True), ("Connection", True), ("Sign-in", True), ("Query", True)),
        *((f"Table cluster.{name}", True) for name in ("flights", "sales", "visits")),
    ]
