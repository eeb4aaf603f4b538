"""Engines, tables, queries and dashboards by REST, as scripts and Eve see them."""

import io

import pyarrow as pa
import pytest

from governance.analytics.models import Engine, Query
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import analytics, tenancy
from tests.factories.rest import Script

pytestmark = pytest.mark.django_db

SQL = "SELECT carrier, delay, origin FROM flights ORDER BY carrier, delay"


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme, "analytics:write")


@pytest.fixture
def eve() -> Script:
    return Script(tenancy.a_namespace("globex", account_id="123456789012"), "analytics:write")


def run_everything(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        for query in Query.objects.filter(state="queued"):
            analytics.ran(query)


def test_a_query_is_accepted_run_and_read_in_three_formats(acme: Namespace, script: Script) -> None:
    accepted = script.post("queries/", {"sql": SQL})
    run_everything(acme)
    path = f"queries/{accepted.json()['id']}/"
    state = script.get(path).json()
    as_json = script.get(f"{path}results/?limit=2&offset=1").json()
    as_csv = b"".join(script.get(f"{path}results/?format=csv"))
    as_arrow = b"".join(script.get(f"{path}results/?format=arrow"))

    assert (accepted.status_code, accepted.json()["state"]) == (202, "queued")
    assert accepted["Location"].endswith(path)
    assert state["state"] == "succeeded"
    assert state["bytes_scanned"] > 0
    assert as_json["columns"][0] == {"name": "carrier", "type": "string"}
    assert as_json["rows"] == [["AA", 12, "JFK"], ["DL", 5, "JFK"]]
    assert (as_json["offset"], as_json["total"]) == (1, 5)
    assert as_csv.splitlines()[1] == b"AA,-3,LAX"
    assert pa.ipc.open_file(io.BytesIO(as_arrow)).read_all().num_rows == 5


def test_results_of_an_unfinished_query_are_a_404_with_the_reason(script: Script) -> None:
    path = f"queries/{script.post('queries/', {'sql': SQL}).json()['id']}/results/"

    for suffix in ("", "?format=csv", "?format=arrow"):
        answer = script.get(f"{path}{suffix}")
        assert (answer.status_code, answer.json()["code"]) == (404, "result_missing")


def test_parameters_are_bound_and_never_become_sql(acme: Namespace, script: Script) -> None:
    sql = "SELECT count(*) AS n FROM flights WHERE origin = :origin"
    made = [
        script.post("queries/", {"sql": sql, "parameters": {"origin": origin}}).json()["id"]
        for origin in ("JFK", "x' OR '1'='1")
    ]
    run_everything(acme)

    rows = [script.get(f"queries/{each}/results/").json()["rows"] for each in made]
    assert rows == [[[2]], [[0]]]


def test_parameters_must_agree_with_the_sql(script: Script) -> None:
    answer = script.post("queries/", {"sql": "SELECT :a", "parameters": {"b": 1}})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/parameters"


def test_an_estimate_runs_nothing(acme: Namespace, script: Script) -> None:
    answer = script.post("queries/estimate/", {"sql": SQL})

    assert answer.status_code == 200
    assert answer.json()["tables"] == ["default.flights"]
    assert (answer.json()["files"], answer.json()["rows"]) == (1, 5)
    with namespace_scope(acme.pk):
        assert not Query.objects.exists()


def test_a_cancelled_query_cannot_be_cancelled_again(script: Script) -> None:
    path = f"queries/{script.post('queries/', {'sql': SQL}).json()['id']}/cancel/"

    first, second = script.post(path), script.post(path)

    assert (first.status_code, first.json()["state"]) == (202, "cancelled")
    assert (second.status_code, second.json()["code"]) == (409, "query_state_conflict")


def test_an_engine_is_made_tested_and_keeps_its_secret(acme: Namespace, script: Script) -> None:
    made = script.post("engines/", {"name": "second", "kind": "duckdb", "credentials": "canary-1"})
    tested = script.post(f"engines/{made.json()['id']}/test/").json()

    assert made.status_code == 201
    assert made.json()["credentials"] == "••••"
    assert tested["ok"]
    assert [step["name"] for step in tested["steps"]] == [
        "Folder",
        "Query",
        "Table default.flights",
    ]
    with namespace_scope(acme.pk):
        assert "canary" not in Engine.objects.get(name="second").credentials


def test_wrong_engine_options_are_named_by_pointer(script: Script) -> None:
    options = {"threads": 0, "sudo": True}
    answer = script.post("engines/", {"name": "x", "kind": "duckdb", "options": options})

    assert answer.status_code == 400
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/options/threads", "/options/sudo"}


OPTIONS = {"host": "spark.acme.example", "username": "lw", "lake_url": "s3a://acme/lake"}
HIVE = {
    "name": "cluster",
    "kind": "hiveserver2",
    "options": OPTIONS,
    "credentials": "canary-2",
}


def test_an_engine_on_a_cluster_is_made_and_keeps_its_password(
    acme: Namespace, script: Script
) -> None:
    made = script.post("engines/", HIVE)

    assert made.status_code == 201, made.json()
    assert made.json()["credentials"] == "••••"
    assert made.json()["options"] == HIVE["options"]
    with namespace_scope(acme.pk):
        assert "canary" not in Engine.objects.get(name="cluster").credentials


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"transport": "plain"}, "hive_server_not_allowed", "/options/host"),
        ({"authentication": "none"}, "hive_server_not_allowed", "/options/host"),
        ({"lake_url": ""}, "hive_server_not_allowed", "/options/lake_url"),
        ({"host": "a b"}, "engine_options_invalid", "/options/host"),
        ({"threads": 2}, "engine_options_invalid", "/options/threads"),
        ({"product": "hive"}, "engine_options_invalid", "/options/tables"),
    ],
)
def test_an_engine_on_a_cluster_that_could_not_be_kept_apart_is_refused(
    script: Script, change: dict[str, object], code: str, pointer: str
) -> None:
    options = {"host": "spark.acme.example", "username": "lw", "lake_url": "s3a://a", **change}

    answer = script.post("engines/", {**HIVE, "options": options})

    assert answer.status_code in {400, 403}
    assert answer.json()["code"] == code
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("change", [{"host": "spark.mallory.example"}, {"port": 10_001}])
def test_a_password_is_not_sent_to_another_place_than_it_is_for(
    acme: Namespace, script: Script, change: dict[str, object]
) -> None:
    made = script.post("engines/", HIVE).json()
    options = {**OPTIONS, **change}

    refused = script.patch(f"engines/{made['id']}/", {"options": options})
    kept = script.patch(f"engines/{made['id']}/", {"options": {**OPTIONS, "slots": 3}})
    moved = script.patch(f"engines/{made['id']}/", {"options": options, "credentials": "canary-4"})

    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/credentials"]
    assert kept.status_code == 200
    assert moved.status_code == 200


def test_a_server_inside_is_not_even_asked_for(script: Script) -> None:
    options = {"host": "127.0.0.1", "username": "lw", "lake_url": "s3a://acme/lake"}
    made = script.post("engines/", {**HIVE, "options": options}).json()

    tested = script.post(f"engines/{made['id']}/test/").json()

    assert [(step["name"], step["ok"]) for step in tested["steps"]] == [("Address", False)]


def test_another_port_of_a_host_outside_is_not_tried(script: Script) -> None:
    options = {"host": "192.0.2.1", "port": 22, "username": "lw", "lake_url": "s3a://acme/lake"}
    made = script.post("engines/", {**HIVE, "options": options}).json()

    [step] = script.post(f"engines/{made['id']}/test/").json()["steps"]

    assert (step["name"], step["ok"]) == ("Address", False)
    assert "HIVE_SERVERS" in step["detail"]
    assert "port" in step["detail"]


def test_a_table_is_named_by_script_and_its_columns_are_found(
    acme: Namespace, script: Script
) -> None:
    analytics.write_ndjson(
        analytics.lake_of(acme) / "visits" / "a.ndjson", [{"page": "/", "seconds": 3}]
    )

    answer = script.post(
        "lake-tables/", {"name": "visits", "location": "visits/", "format": "ndjson"}
    )

    assert answer.status_code == 201
    assert answer.json()["columns"] == [["page", "string"], ["seconds", "bigint"]]


def test_a_dashboard_is_made_changed_and_removed(script: Script) -> None:
    made = script.post(
        "dashboards/",
        {
            "slug": "delays",
            "title": "Delays",
            "refresh_minutes": 5,
            "queries": [{"title": "All", "sql": SQL, "chart": "bar"}],
            "shared_with": ["reader"],
        },
    )
    path = f"dashboards/{made.json()['id']}/"
    changed = script.patch(path, {"title": "Late", "shared_with": ["reader", "author"]})

    assert made.status_code == 201
    assert made.json()["url"] == "/n/acme/dashboards/delays/"
    assert made.json()["queries"][0]["chart"] == "bar"
    assert made.json()["refresh_minutes"] == 5
    assert changed.json()["shared_with"] == ["author", "reader"]
    assert changed.json()["queries"][0]["sql"] == SQL
    assert script.delete(path).status_code == 204


def test_a_dashboard_with_sql_that_writes_is_refused(script: Script) -> None:
    panel = {"title": "x", "sql": "DROP TABLE flights"}
    answer = script.post("dashboards/", {"slug": "x", "title": "x", "queries": [panel]})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/queries/0/sql"


def test_a_reading_token_cannot_run_sql(acme: Namespace) -> None:
    answer = Script(acme, "analytics:read").post("queries/", {"sql": SQL})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_eve_finds_nothing_of_acme(acme: Namespace, script: Script, eve: Script) -> None:
    query = script.post("queries/", {"sql": SQL}).json()["id"]
    engine = script.get("engines/").json()["results"][0]["id"]
    table = script.get("lake-tables/").json()["results"][0]["id"]
    dashboard = script.post(
        "dashboards/",
        {"slug": "d", "title": "D", "queries": [{"title": "All", "sql": SQL}]},
    ).json()["id"]
    run_everything(acme)

    below = [f"queries/{query}/", f"queries/{query}/results/", f"engines/{engine}/"]
    below += [f"lake-tables/{table}/", f"dashboards/{dashboard}/"]
    assert [eve.get(path).status_code for path in below] == [404] * len(below)
    assert eve.post(f"queries/{query}/cancel/").status_code == 404
    assert eve.post(f"engines/{engine}/test/").status_code == 404
    assert eve.delete(f"dashboards/{dashboard}/").status_code == 404
    lists = ("queries/", "engines/", "lake-tables/", "lake-views/", "dashboards/")
    assert [eve.get(path).json()["count"] for path in lists] == [0] * len(lists)
    eve.base = script.base
    assert [eve.get(path).status_code for path in (*lists, *below)] == [404] * 10
