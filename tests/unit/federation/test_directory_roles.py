"""Who of a directory gets which role."""

from uuid import UUID

import pytest

from federation.domain import attempts, directories
from federation.domain.directories import (
    DirectoryPerson,
    DirectorySettings,
    Group,
    Mapping,
    MappingKind,
    Reason,
)
from governance.kernel.personal import Personal

ANALYST, READER, OWNER = UUID(int=1), UUID(int=2), UUID(int=3)


def a_person(*groups: str, username: str = "uma") -> DirectoryPerson:
    return DirectoryPerson(
        dn=Personal(f"uid={username},dc=acme,dc=test"),
        subject="1",
        username=Personal(username),
        display_name=Personal("Uma"),
        email=Personal(""),
        groups=tuple(Group(f"cn={name},ou=groups,dc=acme,dc=test", name) for name in groups),
    )


def a_mapping(kind: MappingKind, *identifiers: str, role: UUID, position: int = 1) -> Mapping:
    return Mapping(kind=kind, identifiers=identifiers, role_id=role, position=position)


def test_nobody_unmapped_gets_a_role() -> None:
    mappings = [a_mapping(MappingKind.GROUP, "finance", role=ANALYST)]

    assert directories.granted_roles(person=a_person("analysts"), mappings=mappings) == ()
    assert directories.granted_roles(person=a_person("analysts"), mappings=[]) == ()


def test_the_first_position_comes_first_and_a_role_once() -> None:
    mappings = [
        a_mapping(MappingKind.GROUP, "finance", role=READER, position=3),
        a_mapping(MappingKind.GROUP, "Analysts", role=ANALYST, position=2),
        a_mapping(MappingKind.USER, "UMA", role=READER, position=1),
    ]

    granted = directories.granted_roles(person=a_person("analysts", "finance"), mappings=mappings)

    assert granted == (READER, ANALYST)


def test_a_group_may_be_named_by_its_distinguished_name() -> None:
    dn = "CN=analysts,ou=groups,dc=acme,dc=test"
    mapping = a_mapping(MappingKind.GROUP, dn, role=ANALYST)

    assert directories.matches(mapping=mapping, person=a_person("analysts"))


def test_a_user_name_is_no_group_name() -> None:
    mapping = a_mapping(MappingKind.GROUP, "uma", role=OWNER)

    assert not directories.matches(mapping=mapping, person=a_person("analysts"))


@pytest.mark.parametrize(
    ("prefix", "inside"),
    [
        ("s3://lake/sales/2026", True),
        ("s3://lake/sales/", True),
        ("s3://lake/sales-secret", False),
        ("s3://lake/sales/../hr", False),
        ("", False),
    ],
)
def test_a_prefix_grants_only_for_storage_under_it(prefix: str, inside: bool) -> None:  # noqa: FBT001
    mapping = a_mapping(MappingKind.PREFIX, "s3://lake/sales/", role=ANALYST)

    granted = directories.granted_roles(person=a_person(), mappings=[mapping], prefix=prefix)

    assert bool(granted) is inside


def test_both_lists_must_allow_where_both_are_set() -> None:
    settings = DirectorySettings(
        urls=(), base_dn="", allowed_users=("uma",), allowed_groups=("analysts",)
    )

    assert directories.may_enter(person=a_person("analysts"), settings=settings)
    assert not directories.may_enter(person=a_person("finance"), settings=settings)
    assert not directories.may_enter(person=a_person("analysts", username="bob"), settings=settings)


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        ("80090308: LdapErr: DSID-0C09, comment: x, data 52e, v4f7c", Reason.WRONG_PASSWORD),
        ("80090308: LdapErr: DSID-0C09, comment: x, data 533, v4f7c", Reason.ACCOUNT_DISABLED),
        ("80090308: LdapErr: DSID-0C09, comment: x, data 701, v4f7c", Reason.ACCOUNT_EXPIRED),
        ("80090308: LdapErr: DSID-0C09, comment: x, data 773, v4f7c", Reason.PASSWORD_MUST_CHANGE),
        ("80090308: LdapErr: DSID-0C09, comment: x, data 775, v4f7c", Reason.ACCOUNT_LOCKED),
        ("", Reason.WRONG_PASSWORD),
    ],
)
def test_active_directorys_diagnostics_are_understood(diagnostic: str, reason: Reason) -> None:
    assert directories.reason_of_diagnostic(diagnostic) is reason


@pytest.mark.parametrize(
    ("control", "disabled"), [("512", False), ("514", True), ("66050", True), ("", False)]
)
def test_a_disabled_account_is_seen(control: str, disabled: bool) -> None:  # noqa: FBT001
    assert directories.is_disabled(control) is disabled


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "unknown"),
    ],
)
def test_addresses_are_counted_by_what_one_household_has(address: str, network: str) -> None:
    assert attempts.network_of(address) == network
