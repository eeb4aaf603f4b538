"""Microsoft Entra's provisioning requests, in the shapes and the order in which it sends them.

The shapes are those of Microsoft's page "Tutorial: Develop and plan provisioning for a SCIM
endpoint" (requests, and the differences of the older behaviour without `aadOptscim062020`), with
the quirks that peers report. None of it carries a User-Agent: Django's test client sends none.
"""

from typing import Any

import pytest
from django.utils import timezone

from federation.models import ScimGroup
from federation.services import scim_groups
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, RoleBinding, User
from governance.tenancy.services import actors
from tests.factories import tenancy
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.scim import ENTERPRISE, OID, USER, Entra, answer

pytestmark = pytest.mark.django_db


def gives_reader(namespace: Namespace, group: str) -> None:
    with namespace_scope(namespace.pk):
        scim_groups.give_role(
            group=ScimGroup.objects.get(pk=group),
            role=tenancy.the_role("reader"),
            actor=actors.system(),
            now=timezone.now(),
        )


def scim_roles(namespace: Namespace) -> list[str]:
    with namespace_scope(namespace.pk):
        rows = RoleBinding.objects.filter(source="scim")
        return list(rows.values_list("role__name", flat=True))


# --- the connection test, and looking before making


def test_the_connection_test_finds_nobody_and_is_content(entra: Entra) -> None:
    found = entra.read('Users?filter=userName+eq+"b9d3b2a2-2c5a-4ae1-8b0b-0b9f3f6f5a11"')

    assert (found["totalResults"], found["Resources"], found["startIndex"]) == (0, [], 1)


@pytest.mark.parametrize(
    "question",
    [
        'userName eq "joe@acme.example"',
        'userName eq "JOE@ACME.EXAMPLE"',
        "userName eq joe@acme.example",
        f'externalId eq "{OID}"',
        f"externalId eq {OID}",
        'emails[type eq "work"].value eq "joe@acme.example"',
        f'externalId eq "{OID}" and userName eq "joe@acme.example"',
        f"{USER}:userName eq joe@acme.example",
    ],
)
def test_a_person_is_found_before_a_second_one_is_made(entra: Entra, question: str) -> None:
    made = entra.user()

    [found] = answer(entra.send("GET", f"Users?filter={question.replace(' ', '+')}"))["Resources"]

    assert found["id"] == made


def test_what_is_supported_is_told(entra: Entra) -> None:
    assert entra.read("ServiceProviderConfig")["patch"]["supported"] is True
    assert entra.read("Schemas")["totalResults"] == len(entra.read("Schemas")["Resources"])
    assert entra.read("ResourceTypes")["totalResults"] == 2


def test_a_second_one_is_a_conflict(entra: Entra) -> None:
    entra.user()

    again = {"schemas": [USER], "userName": "Joe@acme.example", "active": True}

    assert answer(entra.send("POST", "Users", again), status=409)["scimType"] == "uniqueness"


# --- changing a person


def test_multi_valued_properties_are_updated(entra: Entra) -> None:
    made = entra.user()

    response = entra.patch(
        f"Users/{made}",
        {
            "op": "Replace",
            "path": 'emails[type eq "work"].value',
            "value": "updated@acme.example",
        },
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
    )

    body = answer(response)
    assert body["emails"] == [{"value": "updated@acme.example", "type": "work", "primary": True}]
    assert body["name"]["familyName"] == "updatedFamilyName"
    assert body["name"]["givenName"] == "Joe"


def test_single_valued_properties_are_updated(entra: Entra) -> None:
    made = entra.user()

    response = entra.patch(
        f"Users/{made}", {"op": "Replace", "path": "userName", "value": "jd@acme.example"}
    )

    assert answer(response)["userName"] == "jd@acme.example"
    assert entra.read('Users?filter=userName+eq+"joe@acme.example"')["totalResults"] == 0
    assert entra.read('Users?filter=userName+eq+"jd@acme.example"')["totalResults"] == 1


@pytest.mark.parametrize("verb", ["replace", "Replace", "REPLACE", "add", "Add"])
def test_a_pathless_change_takes_dotted_and_urn_keys(entra: Entra, verb: str) -> None:
    made = entra.user()

    response = entra.patch(
        f"Users/{made}",
        {
            "op": verb,
            "value": {
                "displayName": "Joe D.",
                "name.givenName": "Joseph",
                f"{USER}:active": "True",
                f"{ENTERPRISE}:department": "Marketing",
                'emails[type eq "work"].value': "jd@acme.example",
            },
        },
    )

    body = answer(response)
    assert (body["displayName"], body["name"]["givenName"]) == ("Joe D.", "Joseph")
    assert body["name"]["familyName"] == "Doe"
    assert body["active"] is True
    assert [row["value"] for row in body["emails"]] == ["jd@acme.example"]


def test_attributes_that_are_not_kept_here_are_accepted(entra: Entra) -> None:
    made = entra.user()

    response = entra.patch(
        f"Users/{made}",
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 555"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "US"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "abc"},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Author"},
        {"op": "Replace", "path": "preferredLanguage", "value": "en"},
    )

    assert response.status_code == 200
    assert "phoneNumbers" not in answer(response)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Replace", "value": {"active": "False"}},
        {"op": "Replace", "path": f"{USER}:active", "value": "False"},
    ],
)
def test_a_soft_delete_ends_everything_and_a_hard_one_follows(
    acme: Namespace, entra: Entra, operation: dict[str, Any]
) -> None:
    made = entra.user()
    person = SAMLBrowser(acme)
    person.signed_in(name_id="joe@acme.example")
    assert person.client.get("/api/v1/me/").status_code == 200

    assert answer(entra.patch(f"Users/{made}", operation))["active"] is False
    shut_out = person.client.get("/api/v1/me/").status_code
    again = SAMLBrowser(acme).signed_in(name_id="joe@acme.example")
    readable = entra.read(f"Users/{made}")
    gone = entra.send("DELETE", f"Users/{made}")

    assert shut_out == 401
    assert again.json()["code"] == "user_inactive"
    assert readable["active"] is False
    assert (gone.status_code, gone.content) == (204, b"")
    assert entra.read(f"Users/{made}", status=404)["status"] == "404"
    assert entra.read('Users?filter=userName+eq+"joe@acme.example"')["totalResults"] == 0


def test_a_restored_person_comes_in_again(acme: Namespace, entra: Entra) -> None:
    made = entra.user()
    entra.patch(f"Users/{made}", {"op": "Replace", "path": "active", "value": "False"})

    entra.patch(f"Users/{made}", {"op": "Replace", "path": "active", "value": "True"})

    assert SAMLBrowser(acme).signed_in(name_id="joe@acme.example").status_code == 302


def test_a_person_deleted_and_made_again_is_another(acme: Namespace, entra: Entra) -> None:
    first = entra.user()
    entra.send("DELETE", f"Users/{first}")

    second = entra.user()

    assert second != first
    with namespace_scope(acme.pk):
        assert User.objects.filter(source="scim").count() == 2
        assert User.objects.filter(source="scim", is_active=True).count() == 1


# --- groups


def test_a_group_is_looked_for_without_its_members(entra: Entra) -> None:
    made = entra.group("Readers")

    [found] = entra.read('Groups?excludedAttributes=members&filter=displayName+eq+"Readers"')[
        "Resources"
    ]
    one = entra.read(f"Groups/{made}?excludedAttributes=members")

    assert found["id"] == one["id"] == made
    assert "members" not in found
    assert "members" not in one


@pytest.mark.parametrize("verb", ["add", "Add", "ADD"])
def test_members_are_added_and_the_answer_is_empty(
    acme: Namespace, entra: Entra, verb: str
) -> None:
    joe, group = entra.user(), entra.group()
    gives_reader(acme, group)

    response = entra.patch(
        f"Groups/{group}",
        {"op": verb, "path": "members", "value": [{"$ref": None, "value": joe}]},
    )

    assert (response.status_code, response.content) == (204, b"")
    assert entra.members(group) == [joe]
    assert scim_roles(acme) == ["reader"]


@pytest.mark.parametrize("way", ["list", "filter"])
def test_members_are_removed_both_ways(acme: Namespace, entra: Entra, way: str) -> None:
    joe, group = entra.user(), entra.group()
    ann = entra.user("ann@acme.example", externalId="other")
    gives_reader(acme, group)
    for member in (joe, ann):
        entra.patch(
            f"Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": member}]}
        )
    operation = (
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": joe}]}
        if way == "list"
        else {"op": "Remove", "path": f'members[value eq "{joe}"]'}
    )

    response = entra.patch(f"Groups/{group}", operation)

    assert response.status_code == 204
    assert entra.members(group) == [ann]
    assert scim_roles(acme) == ["reader"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members[]"},
        {"op": "Remove", "path": 'members[value eq ""]'},
        {"op": "Remove", "path": 'members[value ne "x"]'},
        {"op": "Remove", "path": 'members[value eq "nobody"]'},
        {"op": "Remove", "path": "members[value pr]"},
        {"op": "Remove", "path": "members", "value": []},
        {"op": "Remove", "path": "members", "value": [{"value": "nobody"}]},
        {"op": "Remove"},
    ],
)
def test_a_filter_that_names_nobody_clears_no_group(
    entra: Entra, operation: dict[str, Any]
) -> None:
    joe, group = entra.user(), entra.group()
    entra.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": joe}]})

    entra.patch(f"Groups/{group}", operation)

    assert entra.members(group) == [joe]


def test_entra_asks_whether_somebody_is_a_member(entra: Entra) -> None:
    joe, group = entra.user(), entra.group()
    entra.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": joe}]})

    is_in = entra.read(f'Groups?filter=id+eq+"{group}"+and+members+eq+"{joe}"&attributes=id')
    is_not = entra.read(f'Groups?filter=id+eq+"{group}"+and+members+eq+"{group}"&attributes=id')

    assert (is_in["totalResults"], is_not["totalResults"]) == (1, 0)


def test_a_group_is_renamed_and_removed(acme: Namespace, entra: Entra) -> None:
    joe, group = entra.user(), entra.group()
    gives_reader(acme, group)
    entra.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": joe}]})

    renamed = entra.patch(
        f"Groups/{group}", {"op": "Replace", "path": "displayName", "value": "Readers of Acme"}
    )
    after = entra.read(f"Groups/{group}")
    removed = entra.send("DELETE", f"Groups/{group}")

    assert (renamed.status_code, removed.status_code) == (204, 204)
    assert (after["displayName"], entra.send("GET", f"Groups/{group}").status_code) == (
        "Readers of Acme",
        404,
    )
    assert scim_roles(acme) == []


def test_inactive_people_keep_their_memberships(entra: Entra) -> None:
    joe, group = entra.user(), entra.group()
    entra.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": joe}]})

    entra.patch(f"Users/{joe}", {"op": "Replace", "path": "active", "value": "False"})

    assert entra.members(group) == [joe]


# --- pages


def test_pages_are_counted_from_one(entra: Entra) -> None:
    ids = [entra.user(f"p{n}@acme.example", externalId=f"e{n}") for n in range(5)]

    pages = [entra.read(f"Users?startIndex={start}&count=2") for start in (1, 3, 5, 7)]

    assert [page["totalResults"] for page in pages] == [5, 5, 5, 5]
    assert [page["itemsPerPage"] for page in pages] == [2, 2, 1, 0]
    assert [row["id"] for page in pages for row in page["Resources"]] == ids
