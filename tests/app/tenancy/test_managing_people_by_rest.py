"""A script manages people, roles and policies of its namespace; Eve sees none of it."""

from typing import Any

import pytest
from django.test import Client

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User, UserSession
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace, a_token, a_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme)


def only(script: Script, path: str) -> dict[str, Any]:
    [row] = script.get(path).json()["results"]
    found: dict[str, Any] = row
    return found


def test_a_local_person_is_made_with_roles_and_a_one_time_password(script: Script) -> None:
    body = {"username": "uma", "email": "uma@customer.example", "roles": ["author"]}

    answer = script.post("users/", body)
    made = answer.json()

    assert answer.status_code == 201
    assert made["roles"] == ["author"]
    assert made["source"] == "local"
    entered = Client().post(
        "/admin/login/", {"username": "uma", "password": made["one_time_password"]}
    )
    assert entered.status_code == 302
    assert "one_time_password" not in script.get(answer["Location"]).json()


def test_deactivating_a_person_ends_everything_at_once(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["admin"])
    browser = signed_in(uma)
    assert browser.get("/api/v1/me/").status_code == 200

    answer = script.patch(f"users/{uma.pk}/", {"active": False})

    assert answer.json()["active"] is False
    assert browser.get("/api/v1/me/").status_code == 401


def test_the_roles_given_by_hand_become_exactly_what_is_sent(
    acme: Namespace, script: Script
) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["author", "reader"])

    answer = script.patch(f"users/{uma.pk}/", {"roles": ["reader", "officer"]})

    assert answer.json()["roles"] == ["officer", "reader"]


def test_taking_a_role_away_ends_the_sessions_in_it(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["author"])
    browser = signed_in(uma, role="author")

    script.patch(f"users/{uma.pk}/", {"roles": []})

    assert browser.get("/api/v1/me/").status_code == 401
    with namespace_scope(acme.pk):
        assert UserSession.objects.get(user=uma).end_reason == "role removed"


def test_what_a_person_is_cannot_be_assigned(acme: Namespace, script: Script) -> None:
    """Mass assignment (T97)."""
    with namespace_scope(acme.pk):
        uma = a_user("uma")
    fields: dict[str, Any] = {
        "id": str(uma.pk),
        "namespace": None,
        "password": "x",
        "login_name": "root",
        "source": "saml",
        "is_superuser": True,
        "identities": [],
        "last_sign_in_at": None,
        "username": "root",
    }

    for name, value in fields.items():
        answer = script.patch(f"users/{uma.pk}/", {name: value})
        assert answer.status_code == 400, name
        assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    with namespace_scope(acme.pk):
        assert User.objects.get(pk=uma.pk).login_name == "uma"


def test_a_role_is_made_changed_simulated_and_removed(script: Script) -> None:
    made = script.post("roles/", {"name": "analyst", "policies": ["lakewarden-author"]}).json()
    where = f"roles/{made['id']}/"

    assert made["arn"] == "arn:aws:iam::253914981264:role/analyst"
    question = {"action": "lakewarden:RunQuery"}
    assert script.post(f"{where}simulate/", question).json() == {
        "decision": "allow",
        "matched": "lakewarden-author/QueryAndShare",
        "reason": "explicit_allow",
    }
    changed = script.patch(where, {"policies": [], "max_session_seconds": 7200}).json()
    assert changed["policies"] == []
    assert changed["max_session_seconds"] == 7200
    assert script.post(f"{where}simulate/", question).json()["decision"] == "deny"
    assert script.delete(where).status_code == 204
    assert script.get(where).status_code == 404


def test_a_role_that_somebody_holds_is_not_removed(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        a_user("uma", roles=["author"])

    answer = script.delete(f"roles/{only(script, 'roles/?name=author')['id']}/")

    assert answer.status_code == 409
    assert answer.json()["code"] == "role_in_use"


@pytest.mark.parametrize("seconds", [3599, 43201, -1, 0])
def test_a_session_lasts_one_to_twelve_hours(script: Script, seconds: int) -> None:
    answer = script.post("roles/", {"name": "analyst", "max_session_seconds": seconds})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/max_session_seconds"


def test_changing_a_policy_holds_at_the_next_request(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["reader"])
    browser = signed_in(uma)
    assert browser.get(f"{script.base}users/").status_code == 403
    policy = only(script, "policies/?name=lakewarden-reader")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "lakewarden:ReadUsers", "Resource": "*"}],
    }

    assert script.patch(f"policies/{policy['id']}/", {"document": document}).status_code == 200

    assert browser.get(f"{script.base}users/").status_code == 200


def test_people_are_filtered_and_ordered_by_what_is_named(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        a_user("uma", roles=["reader"])
        a_user("olga", roles=["officer"])

    assert only(script, "users/?role=officer")["username"] == "olga"
    assert only(script, "users/?email=UMA@customer.example")["username"] == "uma"
    names = [row["username"] for row in script.get("users/?ordering=-username").json()["results"]]
    assert names == ["uma", "olga"]


def test_every_change_is_in_the_audit_trail_without_a_name(acme: Namespace, script: Script) -> None:
    script.post("users/", {"username": "dora", "email": "dora@customer.example"})

    events = script.get("audit-events/?action=user.created").json()

    assert events["count"] == 1
    assert "dora" not in str(events)
    assert events["results"][0]["actor"]["kind"] == "token"


def test_the_trail_is_filtered_and_exported(acme: Namespace, script: Script) -> None:
    script.post("roles/", {"name": "analyst"})

    lines = script.get("audit-events/export/").getvalue().decode().splitlines()
    table = script.get("audit-events/export/?format=csv").getvalue().decode().splitlines()

    with namespace_scope(acme.pk):
        assert len(lines) == AuditEvent.objects.count()
    assert len(table) == len(lines) + 1
    assert "role.created" in lines[-1]
    assert script.get("audit-events/export/?format=xml").status_code == 400


def test_the_trail_cannot_be_changed(script: Script) -> None:
    event = script.get("audit-events/?page_size=1").json()["results"][0]

    for method in ("PATCH", "PUT", "DELETE", "POST"):
        assert script.send(method, f"audit-events/{event['id']}/", {}).status_code == 405


def test_eve_gets_404_for_everything_of_acme(acme: Namespace, script: Script) -> None:
    eve = Script(a_namespace("eve-s", account_id="111111111111"))
    with namespace_scope(acme.pk):
        uma = a_user("uma")

    for path in ("users/", f"users/{uma.pk}/", "roles/", "audit-events/", "jobs/"):
        assert eve.get(f"{script.base}{path}").status_code == 404
    assert eve.get(f"users/{uma.pk}/").status_code == 404


def test_a_scim_token_opens_nothing_here(acme: Namespace, script: Script) -> None:
    provider = "01890a5d-ac96-774b-bcce-b302099a8057"
    body = {"name": "entra", "scopes": ["scim"], "provider": provider}
    script.token = script.post("/api/v1/api-tokens/", body).json()["token"]

    assert script.get("users/").status_code == 401
    assert script.get("/api/v1/me/").status_code == 401


def test_a_platform_token_makes_tokens_for_a_namespace(acme: Namespace) -> None:
    platform = Script(None)
    body = {"name": "ci", "scopes": ["tenancy:read"], "namespace": "acme"}

    made = platform.post("/api/v1/api-tokens/", body).json()

    assert made["namespace"] == "acme"
    script = Script(acme)
    script.token = made["token"]
    assert script.get("roles/").status_code == 200


def test_a_tenant_makes_no_token_for_another_namespace(acme: Namespace, script: Script) -> None:
    a_namespace("eve-s", account_id="111111111111")
    body = {"name": "ci", "scopes": ["tenancy:read"]}

    theirs = script.post("/api/v1/api-tokens/", {**body, "namespace": "eve-s"})
    nobody_s = script.post("/api/v1/api-tokens/", {**body, "namespace": "nobody-s"})

    assert theirs.status_code == nobody_s.status_code == 400
    assert theirs.content == nobody_s.content


def test_the_last_use_of_a_token_is_seen(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        unused = a_token("tenancy:read")

    script.get("roles/")

    rows = script.get("/api/v1/api-tokens/?ordering=created_at").json()["results"]
    by_prefix = {row["prefix"]: row["last_used_at"] for row in rows}
    assert by_prefix[script.token[:12]] is not None
    assert by_prefix[unused[:12]] is None
