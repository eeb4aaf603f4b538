"""Idempotency-Key: the same POST twice has its effects once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from governance.isolation.scopes import namespace_scope
from governance.restapi.models import IdempotentAnswer
from governance.tenancy.models import Namespace, Role
from tests.factories.rest import Script, a_key
from tests.factories.tenancy import a_namespace


@pytest.fixture
def acme(db: None) -> Namespace:
    return a_namespace("acme")


def roles_named(namespace: Namespace, name: str) -> int:
    with namespace_scope(namespace.pk):
        return Role.objects.filter(name=name).count()


def test_the_same_key_and_body_is_done_once_and_answered_the_same(acme: Namespace) -> None:
    script, key = Script(acme), a_key()

    first = script.post("roles/", {"name": "analyst"}, key=key)
    second = script.post("roles/", {"name": "analyst"}, key=key)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert second["Location"] == first["Location"]
    assert roles_named(acme, "analyst") == 1


def test_the_same_key_with_another_body_is_refused(acme: Namespace) -> None:
    script, key = Script(acme), a_key()
    script.post("roles/", {"name": "analyst"}, key=key)

    answer = script.post("roles/", {"name": "scientist"}, key=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_reused"
    assert roles_named(acme, "scientist") == 0


def test_a_refused_request_leaves_its_key_free(acme: Namespace) -> None:
    script, key = Script(acme), a_key()
    assert script.post("roles/", {"name": "no spaces allowed"}, key=key).status_code == 400

    assert script.post("roles/", {"name": "analyst"}, key=key).status_code == 201


def test_a_key_belongs_to_one_principal(acme: Namespace) -> None:
    key = a_key()
    Script(acme).post("roles/", {"name": "analyst"}, key=key)

    answer = Script(acme).post("roles/", {"name": "scientist"}, key=key)

    assert answer.status_code == 201


def test_a_token_that_was_shown_once_is_not_repeated(acme: Namespace) -> None:
    script, key = Script(acme), a_key()
    body = {"name": "ci", "scopes": ["tenancy:read"]}

    first = script.post("/api/v1/api-tokens/", body, key=key).json()
    second = script.post("/api/v1/api-tokens/", body, key=key).json()

    assert second["token"] == "••••"
    assert second["id"] == first["id"]
    with namespace_scope(acme.pk):
        assert first["token"] not in str(IdempotentAnswer.objects.get().body)


@pytest.mark.parametrize("key", ["", "x" * 201, "käse"])
def test_an_odd_key_is_refused(acme: Namespace, key: str) -> None:
    answer = Script(acme).post("roles/", {"name": "analyst"}, key=key)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_invalid"


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_have_one_effect() -> None:
    acme = a_namespace("acme")
    script, key = Script(acme), a_key()

    def send(_: int) -> tuple[int, str]:
        try:
            answer = script.post("roles/", {"name": "analyst"}, key=key)
            return answer.status_code, answer.content.decode()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert roles_named(acme, "analyst") == 1
