"""Whatever a SCIM client sends is answered in words: bad texts, bad patches, races. Never a 500."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from governance.isolation.scopes import namespace_scope
from tests.factories.federation_saml import an_identity_provider
from tests.factories.scim import Entra, an_entra, answer
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db

LONE_SURROGATE = "\ud800"


@pytest.fixture
def entra() -> Entra:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    return an_entra(provider)


@pytest.mark.parametrize(
    "body",
    [
        {"userName": f"joe{LONE_SURROGATE}"},
        {"userName": "joe", "externalId": LONE_SURROGATE},
        {"userName": "joe", "displayName": "\0"},
        {"userName": "joe", "name": {"givenName": "\0"}},
        {"userName": "joe", "name": {"familyName": LONE_SURROGATE}},
        {"userName": "joe", "emails": [{"value": "\0@acme.example"}]},
        {"userName": "joe", "emails": [{"value": "j@acme.example", "type": LONE_SURROGATE}]},
        {"userName": "joe", "emails": [{"value": "a" * 255}]},
        {"userName": "joe", "emails": [{"value": {"value": "j@acme.example"}}]},
        {"userName": "ß" * 200},
        {"userName": "joe", LONE_SURROGATE: 1},
    ],
)
def test_a_text_that_cannot_be_kept_is_refused(entra: Entra, body: object) -> None:
    refusal = answer(entra.send("POST", "Users", body), status=400)

    assert refusal["scimType"] == "invalidValue"
    assert entra.read("Users")["totalResults"] == 0


@pytest.mark.parametrize("depth", [20, 900, 5_000, 400_000])
def test_a_body_that_is_nested_deeply_is_refused(entra: Entra, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    response = entra.send_raw("POST", "Users", f'{{"userName": "joe", "x": {nested}}}'.encode())

    answer(response, status=400)


def test_a_long_name_is_shown_as_far_as_there_is_room(entra: Entra) -> None:
    name = {"givenName": "g" * 256, "familyName": "f" * 256}
    user = entra.user(name=name, displayName="")

    assert entra.read(f"Users/{user}")["name"] == name


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": 'emails[type eq "work"]', "value": []}],
        [{"op": "replace", "path": 'emails[type eq "work"]', "value": [{}, {}]}],
        [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "\0"}],
        [{"op": "replace", "value": {"name.givenName": LONE_SURROGATE}}],
        [
            {"op": "replace", "path": "name", "value": [1]},
            {"op": "replace", "path": 'name[a eq "b"]', "value": "x"},
        ],
    ],
)
def test_a_patch_that_means_nothing_is_refused(entra: Entra, operations: list[object]) -> None:
    user = entra.user()
    before = entra.read(f"Users/{user}")

    answer(entra.patch(f"Users/{user}", *operations), status=400)

    assert entra.read(f"Users/{user}") == before


@pytest.mark.parametrize(
    "second",
    [
        {"op": "replace", "path": 'nickNames[a eq "b"]', "value": "x"},
        {"op": "remove", "path": "nickNames", "value": "x"},
        {"op": "remove", "path": 'nickNames[a eq "b"].c'},
    ],
)
def test_a_patch_of_what_is_not_kept_changes_nothing(entra: Entra, second: object) -> None:
    user = entra.user()
    first = {"op": "add", "path": "nickNames", "value": [1]}

    answered = answer(entra.patch(f"Users/{user}", first, second))

    assert "nickNames" not in answered


def test_an_empty_value_for_one_member_is_refused(entra: Entra) -> None:
    operation = {"op": "replace", "path": 'members[value eq "x"]', "value": []}

    answer(entra.patch(f"Groups/{entra.group()}", operation), status=400)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("kind", "body"), [("Users", {"userName": "joe"}), ("Groups", {"displayName": "Readers"})]
)
def test_of_eight_requests_at_once_one_makes_it(entra: Entra, kind: str, body: object) -> None:
    def post(_: int) -> int:
        try:
            return int(entra.send("POST", kind, body).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        statuses = sorted(pool.map(post, range(8)))

    assert statuses == [201, *[409] * 7]


def test_a_body_in_another_encoding_is_refused(entra: Entra) -> None:
    answer(
        entra.send_raw("POST", "Users", json.dumps({"userName": "joe"}).encode("cp037")), status=400
    )
