"""Engines, tables, views and dashboards by hand in the admin, as an IT admin does."""

import pytest
from django.test import Client
from pytest_django import Settings

from governance.analytics.models import Dashboard, Engine, LakeTable, LakeView
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, Role
from tests.factories import analytics, tenancy

pytestmark = pytest.mark.django_db

OPTIONS = {
    "memory_megabytes": "256",
    "threads": "1",
    "timeout_seconds": "30",
    "slots": "3",
    "max_result_rows": "1000",
    "max_result_megabytes": "16",
}
ENGINE = {"name": "second", "kind": "duckdb", "pool": "main", "databases": "default", **OPTIONS}


@pytest.fixture
def ivan(acme: Namespace) -> Client:
    return tenancy.signed_in(tenancy.ivan(acme))


def test_an_engine_is_made_with_its_options_and_tested(acme: Namespace, ivan: Client) -> None:
    answer = ivan.post("/admin/analytics/engine/add/", {**ENGINE, "enabled": "on"})
    with namespace_scope(acme.pk):
        engine = Engine.objects.get(name="second")
    tested = ivan.post(f"/admin/analytics/engine/{engine.pk}/do/test-now/", follow=True)

    assert answer.status_code == 302
    assert engine.options == {name: int(value) for name, value in OPTIONS.items()}
    assert "A process of its own answered" in tested.content.decode()


def test_a_kind_without_an_adapter_is_not_offered(ivan: Client, settings: Settings) -> None:
    settings.ANALYTICS_ENGINES = {"duckdb": settings.ANALYTICS_ENGINES["duckdb"]}

    page = ivan.get("/admin/analytics/engine/add/").content.decode()

    assert 'value="duckdb"' in page
    assert 'value="hiveserver2"' not in page


HIVE = {
    **ENGINE,
    "name": "cluster",
    "kind": "hiveserver2",
    "host": "spark.acme.example",
    "port": "10001",
    "username": "lakewarden",
    "credentials": "canary-3",
    "lake_url": "s3a://acme/lake",
    "transport": "tls",
    "authentication": "plain",
    "product": "spark",
    "tables": "files",
    "sizes": "server",
}


def test_an_engine_on_a_cluster_is_made_with_its_own_fields(acme: Namespace, ivan: Client) -> None:
    made = ivan.post("/admin/analytics/engine/add/", {**HIVE, "enabled": "on"})

    assert made.status_code == 302
    with namespace_scope(acme.pk):
        engine = Engine.objects.get(name="cluster")
    assert engine.options["host"] == "spark.acme.example"
    assert engine.options["port"] == 10_001
    assert "memory_megabytes" not in engine.options
    page = ivan.get(f"/admin/analytics/engine/{engine.pk}/change/").content.decode()
    assert "s3a://acme/lake" in page
    assert "canary" not in page


def test_the_databases_of_a_server_are_written_as_pairs(acme: Namespace, ivan: Client) -> None:
    pairs = {"tables": "server", "lake_url": "", "server_databases": "default=acme_prod"}

    ivan.post("/admin/analytics/engine/add/", {**HIVE, **pairs, "enabled": "on"})

    with namespace_scope(acme.pk):
        engine = Engine.objects.get(name="cluster")
    assert engine.options["server_databases"] == {"default": "acme_prod"}
    page = ivan.get(f"/admin/analytics/engine/{engine.pk}/change/").content.decode()
    assert 'value="default=acme_prod"' in page


def test_what_is_wrong_with_a_server_is_said_at_its_field(acme: Namespace, ivan: Client) -> None:
    for wrong, words in (
        ({"host": "a b"}, "host name or address"),
        ({"transport": "plain"}, "HIVE_SERVERS"),
        ({"server_databases": "default"}, "server&#x27;s name for it"),
    ):
        page = ivan.post("/admin/analytics/engine/add/", {**HIVE, **wrong}).content.decode()

        assert words in page
    with namespace_scope(acme.pk):
        assert not Engine.objects.filter(name="cluster").exists()


def test_an_option_out_of_its_range_is_shown_at_its_field(acme: Namespace, ivan: Client) -> None:
    answer = ivan.post("/admin/analytics/engine/add/", {**ENGINE, "threads": "0"})

    assert "greater than or equal to 1" in answer.content.decode()
    with namespace_scope(acme.pk):
        assert not Engine.objects.filter(name="second").exists()


def test_an_engine_is_changed_and_keeps_what_was_not_named(acme: Namespace, ivan: Client) -> None:
    with namespace_scope(acme.pk):
        engine = Engine.objects.get(name="lake")

    ivan.post(f"/admin/analytics/engine/{engine.pk}/change/", {**ENGINE, "name": "lake"})

    with namespace_scope(acme.pk):
        engine.refresh_from_db()
    assert engine.options["slots"] == 3
    assert engine.enabled is False


def test_a_table_is_named_and_a_location_outside_is_refused(acme: Namespace, ivan: Client) -> None:
    table = {"database": "default", "name": "late", "format": "parquet", "location": "flights/"}

    made = ivan.post("/admin/analytics/laketable/add/", table)
    refused = ivan.post(
        "/admin/analytics/laketable/add/", {**table, "name": "x", "location": "../globex"}
    )

    assert made.status_code == 302
    assert "leads out of the folders" in refused.content.decode()
    with namespace_scope(acme.pk):
        assert LakeTable.objects.get(name="late").columns[0] == ["carrier", "string"]
        assert not LakeTable.objects.filter(name="x").exists()


def test_a_view_is_saved_only_if_it_can_be_read(acme: Namespace, ivan: Client) -> None:
    view = {"database": "default", "name": "late", "sql": "SELECT * FROM flights WHERE delay > 0"}

    made = ivan.post("/admin/analytics/lakeview/add/", view)
    refused = ivan.post(
        "/admin/analytics/lakeview/add/", {**view, "name": "x", "sql": "SELECT * FROM nothing"}
    )

    assert made.status_code == 302
    assert "There is no table default.nothing" in refused.content.decode()
    with namespace_scope(acme.pk):
        assert [row.name for row in LakeView.objects.all()] == ["late"]


def dashboard_form(role: Role, sql: str) -> dict[str, str]:
    return {
        "title": "Delays",
        "slug": "delays",
        "refresh_minutes": "60",
        "panels-TOTAL_FORMS": "1",
        "panels-INITIAL_FORMS": "0",
        "panels-0-position": "0",
        "panels-0-title": "All",
        "panels-0-chart": "table",
        "panels-0-sql": sql,
        "shares-TOTAL_FORMS": "1",
        "shares-INITIAL_FORMS": "0",
        "shares-0-role": str(role.pk),
    }


def test_a_dashboard_is_made_of_saved_queries(acme: Namespace, ivan: Client) -> None:
    with namespace_scope(acme.pk):
        role = tenancy.the_role("reader")

    made = ivan.post(
        "/admin/analytics/dashboard/add/", dashboard_form(role, "SELECT * FROM flights")
    )

    assert made.status_code == 302
    with namespace_scope(acme.pk):
        row = Dashboard.objects.get(slug="delays")
        assert [panel.title for panel in row.panels.all()] == ["All"]
        assert [share.role.name for share in row.shares.all()] == ["reader"]


def test_a_dashboards_sql_that_writes_is_refused_at_its_field(
    acme: Namespace, ivan: Client
) -> None:
    with namespace_scope(acme.pk):
        role = tenancy.the_role("reader")

    answer = ivan.post("/admin/analytics/dashboard/add/", dashboard_form(role, "DROP TABLE x"))

    assert "only one SELECT is run here" in answer.content.decode()
    with namespace_scope(acme.pk):
        assert not Dashboard.objects.exists()


def test_queries_are_read_only(ivan: Client) -> None:
    assert ivan.get("/admin/analytics/query/").status_code == 200
    assert ivan.get("/admin/analytics/query/add/").status_code == 403


def test_a_querys_page_says_its_state_in_one_word(acme: Namespace, ivan: Client) -> None:
    with namespace_scope(acme.pk):
        uma = tenancy.an_actor(tenancy.a_user(roles=["author"]), role="author")
        asked = analytics.asked("SELECT carrier FROM flights", uma)

    page = ivan.get(f"/admin/analytics/query/{asked.pk}/change/").content.decode()

    assert ">Succeeded<" in page
    assert "(&#x27;succeeded" not in page


def test_a_reader_sees_no_engine_in_the_admin(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        reader = tenancy.a_user(roles=["reader"])

    assert tenancy.signed_in(reader).get("/admin/analytics/engine/").status_code in {302, 403}
