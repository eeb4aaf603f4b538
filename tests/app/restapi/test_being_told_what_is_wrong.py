"""Problem documents: one shape for every no, and never a stack trace."""

from typing import Any

import pytest

from governance.tenancy.models import Namespace
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db

DEEP = "[" * 20_000 + "]" * 20_000
DEEP_OBJECT = '{"a":' * 20_000 + "1" + "}" * 20_000


@pytest.fixture
def script() -> Script:
    return Script(a_namespace("acme"))


@pytest.fixture
def other() -> Namespace:
    return a_namespace("other", account_id="111111111111")


def raw(script: Script, body: str | bytes, *, kind: str = "application/json") -> Any:
    return script.client.generic(
        "POST",
        f"{script.base}roles/",
        body,
        content_type=kind,
        headers={"Authorization": f"Bearer {script.token}"},
    )


def problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert body["type"] == f"urn:lakewarden:problem:{body['code']}"
    assert body["status"] == answer.status_code
    return body


JUNK: dict[str, str | bytes] = {
    "empty": "",
    "not JSON": "{",
    "a string": '"x"',
    "a number": "1",
    "null": "null",
    "a list": "[]",
    "a list of lists": "[[[]]]",
    "deep lists": DEEP,
    "deep objects": DEEP_OBJECT,
    "not UTF-8": b"\xff\xfe\x00",
    "NaN": '{"max_session_seconds": NaN}',
    "an endless number": '{"max_session_seconds": 1e999}',
    "a long integer": '{"max_session_seconds": ' + "9" * 5000 + "}",
    "an integer too big": '{"name": "x", "max_session_seconds": 99999999999999999999}',
    "NUL": '{"name": "a\\u0000b"}',
    "half a surrogate pair": '{"name": "a\\ud800b"}',
    "a half surrogate in a key": '{"\\ud800": 1}',
    "a wrong type": '{"name": {"a": 1}}',
    "a wrong type in a list": '{"name": "x", "policies": [1, null, {}]}',
    "a boolean for an object": '{"name": "x", "trust_policy": true}',
}


@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK.keys())
def test_junk_is_answered_400_with_a_problem(script: Script, body: str | bytes) -> None:
    answer = raw(script, body)

    assert answer.status_code == 400
    problem(answer)


def test_a_large_body_is_refused(script: Script) -> None:
    answer = raw(script, '{"name": "' + "x" * 3_000_000 + '"}')

    assert answer.status_code == 413
    assert problem(answer)["code"] == "too_large"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
def test_other_kinds_of_body_are_refused(script: Script, kind: str) -> None:
    answer = raw(script, "<a/>", kind=kind)

    assert answer.status_code == 415
    problem(answer)


def test_an_unknown_field_is_pointed_at(script: Script) -> None:
    body = problem(script.post("roles/", {"name": "analyst", "is_admin": True}))

    assert body["errors"] == [
        {"pointer": "/is_admin", "code": "unknown_field", "detail": "There is no such field."}
    ]


def test_fields_that_are_read_only_are_unknown_on_the_way_in(script: Script) -> None:
    for field in ("id", "namespace", "arn", "created_at"):
        body = problem(script.post("roles/", {"name": "analyst", field: "x"}))
        assert body["errors"][0]["pointer"] == f"/{field}"


def test_a_fault_inside_a_policy_is_pointed_at(script: Script) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Perhaps", "Action": "lakewarden:ReadUsage", "Resource": "*"}],
    }

    body = problem(script.post("policies/", {"name": "odd", "document": document}))

    assert body["code"] == "policy_invalid"
    assert body["errors"][0]["pointer"] == "/document/Statement/0/Effect"


def test_a_pointer_escapes_what_json_pointers_escape(script: Script) -> None:
    body = problem(script.post("roles/", {"name": "analyst", "a/b~c": 1}))

    assert body["errors"][0]["pointer"] == "/a~1b~0c"


def test_a_taken_name_is_a_conflict(script: Script) -> None:
    answer = script.post("roles/", {"name": "admin"})

    assert answer.status_code == 409
    assert problem(answer)["code"] == "role_name_taken"


def test_what_is_in_use_is_not_removed(script: Script) -> None:
    [policy] = script.get("policies/?name=lakewarden-admin").json()["results"]

    answer = script.delete(f"policies/{policy['id']}/")

    assert answer.status_code == 409
    assert problem(answer)["code"] == "policy_in_use"


def test_an_unknown_address_is_a_problem_too(script: Script) -> None:
    assert problem(script.get("nothing-like-this/"))["code"] == "not_found"


def test_an_odd_id_is_answered_like_an_absent_one(script: Script) -> None:
    absent = script.get("roles/01890a5d-ac96-774b-bcce-b302099a8057/")

    for odd in ("1", "x", "%00", "..%2f", "9" * 400):
        answer = script.get(f"roles/{odd}/")
        assert answer.status_code == 404
        assert answer.json() == absent.json()


def test_methods_that_are_not_offered_are_refused(script: Script) -> None:
    for method in ("PUT", "OPTIONS", "TRACE"):
        answer = script.client.generic(
            method,
            f"{script.base}roles/",
            headers={"Authorization": f"Bearer {script.token}"},
        )
        assert answer.status_code == 405


def test_a_method_is_not_overridden_by_a_header(script: Script) -> None:
    [role] = script.get("roles/?name=reader").json()["results"]

    answer = script.client.get(
        f"{script.base}roles/{role['id']}/",
        headers={"Authorization": f"Bearer {script.token}", "X-HTTP-Method-Override": "DELETE"},
    )

    assert answer.json()["name"] == "reader"
    assert script.get(f"roles/{role['id']}/").status_code == 200


class TestLists:
    def test_a_page_holds_at_most_200(self, script: Script) -> None:
        answer = script.get("roles/?page_size=100000").json()

        assert len(answer["results"]) == 4

    def test_the_shape_is_count_next_previous_results(self, script: Script) -> None:
        answer = script.get("roles/?page_size=3").json()

        assert set(answer) == {"count", "next", "previous", "results"}
        assert answer["count"] == 4
        assert len(script.get(answer["next"].split("/", 3)[3].join(["/", ""])).json()["results"])

    def test_links_do_not_repeat_the_host_header(self, script: Script) -> None:
        answer = script.get("roles/?page_size=1").json()

        assert "testserver" not in answer["next"]

    @pytest.mark.parametrize(
        "query",
        [
            "namespace__name=other",
            "bindings__user__password__startswith=p",
            "trust_policy__contains=x",
            "nothing=1",
        ],
    )
    def test_only_named_filters_exist(self, script: Script, query: str) -> None:
        answer = script.get(f"roles/?{query}")

        assert answer.status_code == 400
        assert problem(answer)["errors"][0]["code"] == "unknown_filter"

    @pytest.mark.parametrize(
        "term", ["password", "namespace__name", "-description", "?", "name;--"]
    )
    def test_only_named_orders_exist(self, script: Script, term: str) -> None:
        assert script.get(f"roles/?ordering={term}").status_code == 400

    def test_ordering_by_name_works_both_ways(self, script: Script) -> None:
        up = [row["name"] for row in script.get("roles/?ordering=name").json()["results"]]
        down = [row["name"] for row in script.get("roles/?ordering=-name").json()["results"]]

        assert up == sorted(up)
        assert down == up[::-1]


NESTED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "workload-rules/": (
        {
            "name": "r",
            "predicates": [{"metric": "query_queue_time", "operator": ">", "value": 5}],
        },
        {"predicates": [{"metric": "query_queue_time"}]},
        "/predicates/0/operator",
    ),
    "dashboards/": (
        {"slug": "d", "title": "D", "queries": [{"title": "q", "sql": "SELECT 1"}]},
        {"queries": [{"sql": "SELECT 1"}]},
        "/queries/0/title",
    ),
}


@pytest.mark.parametrize("path", NESTED)
def test_a_change_names_nested_things_whole(path: str, script: Script) -> None:
    """DRF's partial validation lets them lack fields: what reads them would fail."""
    made, change, pointer = NESTED[path]
    row = script.post(path, made).json()

    answer = script.patch(f"{path}{row['id']}/", change)

    assert answer.status_code == 400, answer.content
    assert pointer in [error["pointer"] for error in problem(answer)["errors"]]


def test_a_change_of_nested_things_keeps_their_defaults(script: Script) -> None:
    provider = script.post("identity-providers/", {"name": "Azure"}).json()["id"]
    step = {"function": "ExtractMailPrefix", "parameters": {"input": "user.mail"}}
    made = script.post(
        "claim-rules/",
        {
            "identity_provider": provider,
            "claim": "RoleSessionName",
            "source": "transformation",
            "transformations": [step],
        },
    ).json()

    answer = script.patch(f"claim-rules/{made['id']}/", {"transformations": [step]})

    assert answer.json()["transformations"] == made["transformations"]
