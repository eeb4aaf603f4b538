"""PATCH as Entra sends it."""

import pytest

from federation.domain.scim_patches import ScimPatchInvalid, apply
from federation.domain.scim_resources import person_of

JOE: dict[str, object] = {
    "userName": "joe@x",
    "active": True,
    "name": {"givenName": "Joe"},
    "emails": [{"value": "joe@x.example", "type": "work", "primary": True}],
}
TEAM: dict[str, object] = {
    "displayName": "Readers",
    "members": [{"value": "1"}, {"value": "2"}, {"value": "3"}],
}
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


def members(resource: dict[str, object]) -> list[str]:
    rows = resource.get("members", [])
    assert isinstance(rows, list)
    return [row["value"] for row in rows]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": False},
        {"op": "replace", "path": "active", "value": "False"},
        {"op": "Replace", "value": {"active": "False"}},
        {"op": "Add", "path": "active", "value": "false"},
        {"op": "replace", "value": {f"{CORE}:active": False}},
    ],
)
def test_every_way_of_deactivating_is_understood(operation: dict[str, object]) -> None:
    assert person_of(apply(JOE, [operation])).active is False


def test_a_pathless_replace_takes_dotted_and_urn_keys() -> None:
    value = {"name.familyName": "Doe", f"{CORE}:name.givenName": "Joseph", "displayName": "J"}

    person = person_of(apply(JOE, [{"op": "replace", "value": value}]))

    assert person.name == {"familyName": "Doe", "givenName": "Joseph"}
    assert person.display_name == "J"


def test_a_work_address_is_replaced_and_one_that_is_missing_is_added() -> None:
    path = 'emails[type eq "work"].value'
    operation = {"op": "Replace", "path": path, "value": "new@x.example"}

    replaced = person_of(apply(JOE, [operation]))
    added = person_of(apply({"userName": "joe@x"}, [operation]))

    assert [email.value for email in replaced.emails] == ["new@x.example"]
    assert [(email.value, email.type) for email in added.emails] == [("new@x.example", "work")]


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "Remove", "path": "members", "value": [{"value": "2"}]}, ["1", "3"]),
        ({"op": "remove", "path": 'members[value eq "2"]'}, ["1", "3"]),
        ({"op": "remove", "path": "members[value eq 2]"}, ["1", "3"]),
        ({"op": "Remove", "path": "members", "value": [{"value": "9"}]}, ["1", "2", "3"]),
        ({"op": "remove", "path": 'members[value eq "9"]'}, ["1", "2", "3"]),
        ({"op": "Add", "path": "members", "value": [{"value": "4"}]}, ["1", "2", "3", "4"]),
        ({"op": "Add", "path": "members", "value": [{"value": "2"}]}, ["1", "3", "2"]),
        ({"op": "replace", "path": "members", "value": [{"value": "7"}]}, ["7"]),
    ],
)
def test_members_come_and_go(operation: dict[str, object], left: list[str]) -> None:
    assert members(apply(TEAM, [operation])) == left


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "members[]"},
        {"op": "remove", "path": 'members[display eq "a" or value eq "b"]'},
        {"op": "remove", "path": "members[value pr]"},
        {"op": "remove"},
        {"op": "copy", "path": "members"},
        {"op": "replace", "value": "x"},
        {"op": "add", "path": "members", "value": [1]},
        {"op": "replace", "path": "a b", "value": 1},
        "remove",
    ],
)
def test_what_is_not_understood_never_clears_a_group(operation: object) -> None:
    with pytest.raises(ScimPatchInvalid):
        apply(TEAM, [operation])


def test_no_operations_are_refused() -> None:
    with pytest.raises(ScimPatchInvalid):
        apply(TEAM, [])


def test_the_given_resource_is_left_as_it_was() -> None:
    apply(TEAM, [{"op": "replace", "path": "members", "value": []}])

    assert members(TEAM) == ["1", "2", "3"]


def test_extensions_and_read_only_attributes_are_accepted_and_not_kept() -> None:
    extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

    patched = apply(
        JOE,
        [
            {"op": "replace", "path": extension, "value": "R&D"},
            {"op": "replace", "path": "id", "value": "x"},
        ],
    )

    assert patched == JOE
