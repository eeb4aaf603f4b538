"""Who may call the REST API, and what a stranger is told."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import ApiToken, Namespace
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace, a_platform_administrator, ivan, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


def test_a_token_reads_its_namespace(acme: Namespace) -> None:
    answer = Script(acme, "tenancy:read").get("roles/")

    assert answer.status_code == 200
    assert answer.json()["count"] == 4


def test_without_a_credential_the_answer_is_a_401_problem(acme: Namespace) -> None:
    answer = Client().get(f"/api/v1/namespaces/{acme.name}/roles/")

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


def test_a_token_that_is_not_ours_is_refused(acme: Namespace) -> None:
    script = Script(acme)
    script.token = script.token[:-1] + ("x" if script.token[-1] != "x" else "y")

    answer = script.get("roles/")

    assert answer.status_code == 401
    assert answer.json()["code"] == "token_refused"


def test_a_revoked_token_is_refused_at_once(acme: Namespace) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        ApiToken.objects.update(revoked_at=timezone.now())

    assert script.get("roles/").status_code == 401


def test_an_expired_token_is_refused(acme: Namespace) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert script.get("roles/").status_code == 401


def test_a_reading_token_may_not_write(acme: Namespace) -> None:
    answer = Script(acme, "tenancy:read").post("roles/", {"name": "analyst"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_another_namespace_is_answered_as_if_it_did_not_exist(acme: Namespace) -> None:
    other = a_namespace("other", account_id="111111111111")
    script = Script(acme)

    theirs = script.get(f"/api/v1/namespaces/{other.name}/roles/")
    nobody_s = script.get("/api/v1/namespaces/nowhere/roles/")

    assert theirs.status_code == nobody_s.status_code == 404
    assert theirs.content == nobody_s.content


def test_a_platform_token_reads_any_namespace(acme: Namespace) -> None:
    script = Script(None, "tenancy:read")

    assert script.get(f"/api/v1/namespaces/{acme.name}/roles/").json()["count"] == 4


def test_a_session_reads_with_its_role_and_writes_with_csrf_alone(acme: Namespace) -> None:
    browser = signed_in(ivan(acme), client=Client(enforce_csrf_checks=True))
    address = f"/api/v1/namespaces/{acme.name}/roles/"

    assert browser.get(address).status_code == 200
    refused = browser.post(address, {"name": "analyst"}, content_type="application/json")

    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf_failed"


def test_me_tells_a_session_who_it_is(acme: Namespace) -> None:
    user = ivan(acme)

    me = signed_in(user, role="admin").get("/api/v1/me/").json()

    assert me["namespace"] == "acme"
    assert me["username"] == user.username
    assert me["role"] == "admin"
    assert me["roles"] == ["admin"]
    assert me["tags"] == {}
    assert me["expires_at"].endswith("Z")


def test_me_tells_a_token_who_it_is(acme: Namespace) -> None:
    me = Script(acme, "usage:read").get("/api/v1/me/").json()

    assert me["namespace"] == "acme"
    assert me["username"] == "token/script"


def test_a_token_is_shown_once_and_kept_as_a_digest(acme: Namespace) -> None:
    script = Script(acme)

    made = script.post("/api/v1/api-tokens/", {"name": "ci", "scopes": ["tenancy:read"]}).json()

    assert made["token"].startswith("lwt_")
    shown = json.dumps(script.get("/api/v1/api-tokens/").json())
    assert made["token"] not in shown
    assert made["prefix"] in shown


def test_a_token_cannot_make_one_that_may_more(acme: Namespace) -> None:
    script = Script(acme, "tenancy:write")

    answer = script.post("/api/v1/api-tokens/", {"name": "ci", "scopes": ["purge:write"]})

    assert answer.status_code == 403
    assert answer.json()["code"] == "token_exceeds_maker"


def test_deleting_a_token_revokes_it(acme: Namespace) -> None:
    script = Script(acme)
    made = script.post("/api/v1/api-tokens/", {"name": "ci", "scopes": ["tenancy:read"]}).json()

    assert script.delete(f"/api/v1/api-tokens/{made['id']}/").status_code == 204

    script.token = made["token"]
    assert script.get("roles/").status_code == 401


def test_a_platform_administrator_s_session_sees_all_namespaces(acme: Namespace) -> None:
    a_namespace("other", account_id="111111111111")
    browser = signed_in(a_platform_administrator())

    names = {row["name"] for row in browser.get("/api/v1/namespaces/").json()["results"]}

    assert {"acme", "other"} <= names


def test_a_tenant_sees_its_own_namespace_alone(acme: Namespace) -> None:
    a_namespace("other", account_id="111111111111")

    answer = Script(acme).get("/api/v1/namespaces/").json()

    assert [row["name"] for row in answer["results"]] == ["acme"]
    assert answer["count"] == 1


def test_a_tenant_makes_no_namespace(acme: Namespace) -> None:
    answer = Script(acme).post("/api/v1/namespaces/", {"name": "x", "account_id": "222222222222"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "platform_only"
