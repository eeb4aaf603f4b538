"""SCIM with one thing of a good body replaced by junk: an error in its own shape, never a 5xx."""

import json
from typing import Any

import pytest

from tests.factories.junk import JUNK, replaced, ways
from tests.factories.scim import ENTERPRISE, GROUP, OID, PATCH_OP, USER, Entra

pytestmark = pytest.mark.django_db

A_USER: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": OID,
    "userName": "joe@acme.example",
    "active": True,
    "emails": [{"primary": True, "type": "work", "value": "joe@acme.example"}],
    "name": {"formatted": "Joe Doe", "familyName": "Doe", "givenName": "Joe"},
    "roles": [],
    ENTERPRISE: {"department": "Sales", "employeeNumber": "701984"},
}
A_GROUP: dict[str, Any] = {
    "schemas": [GROUP],
    "displayName": "Readers",
    "members": [{"value": OID}],
}
OPERATIONS: dict[str, dict[str, Any]] = {
    "one": {"op": "Replace", "path": "active", "value": "False"},
    "none": {"op": "add", "value": {"name.givenName": "Ann", "emails": [{"value": "a@b.example"}]}},
    "filter": {
        "op": "Replace",
        "path": 'emails[type eq "work"].value',
        "value": "ann@acme.example",
    },
    "member": {"op": "Remove", "path": "members", "value": [{"value": OID}]},
}


def failures(entra: Entra, method: str, path: str, body: Any) -> list[tuple[object, object, int]]:
    """Whatever is not an answer of SCIM. A 5xx would raise here."""
    odd: list[tuple[object, object, int]] = []
    for way in ways(body):
        for junk in JUNK:
            sent = json.dumps(replaced(body, way, junk)).encode()
            answer = entra.send_raw(method, path, sent)
            if answer.status_code >= 400 and answer.json().get("status") != str(answer.status_code):
                odd.append((way, junk, answer.status_code))
    return odd


@pytest.mark.parametrize(("path", "body"), [("Users", A_USER), ("Groups", A_GROUP)])
def test_what_is_made(entra: Entra, path: str, body: Any) -> None:
    assert failures(entra, "POST", path, body) == []


@pytest.mark.parametrize(("path", "body"), [("Users", A_USER), ("Groups", A_GROUP)])
def test_what_is_put(entra: Entra, path: str, body: Any) -> None:
    made = entra.user("ann@acme.example") if path == "Users" else entra.group("Authors")

    assert failures(entra, "PUT", f"{path}/{made}", body) == []


@pytest.mark.parametrize("path", ["Users", "Groups"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_patched(entra: Entra, path: str, name: str) -> None:
    made = entra.user() if path == "Users" else entra.group()
    body = {"schemas": [PATCH_OP], "Operations": [OPERATIONS[name]]}

    assert failures(entra, "PATCH", f"{path}/{made}", body) == []
