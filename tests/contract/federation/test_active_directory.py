"""What is particular to Active Directory, at a Samba domain controller (`make test-full`)."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from federation.adapters.ldap3_directory import LDAP3Directory
from federation.domain import login_names
from federation.domain.directories import (
    DirectoryPerson,
    DirectorySettings,
    Reason,
    SignInRefused,
)
from governance.kernel.personal import Personal
from tests.servers import samba
from tests.servers.requirements import miss_service
from tests.servers.samba import SambaDirectory

pytestmark = pytest.mark.skipif(
    not os.environ.get("LAKEWARDEN_FULL"), reason="a domain controller: only in make test-full"
)


@pytest.fixture(scope="module")
def controller() -> Iterator[SambaDirectory]:
    if not samba.is_possible():
        miss_service("Samba", reason="install samba-ad-dc and run as root")
    with samba.running() as directory:
        yield directory


@pytest.fixture(params=["search", "principal", "member_of"])
def settings(request: pytest.FixtureRequest, controller: SambaDirectory) -> DirectorySettings:
    """By a bind account, by binding as user@domain, and by the groups in the person's entry."""
    common = DirectorySettings(
        urls=(controller.url,),
        ca_certificates=controller.ca_certificates,
        base_dn=samba.BASE,
        bind_dn=f"reader@{samba.DOMAIN}",
        bind_password=Personal("reader-pw1"),
        username_attribute="sAMAccountName",
        group_class_key="group",
        nested_groups=True,
        domain=samba.DOMAIN,
        timeout_seconds=10,
    )
    ways = {
        "search": common,
        "principal": replace(common, bind_dn="", bind_password=None),
        "member_of": replace(common, user_membership_key="memberOf"),
    }
    return ways[str(request.param)]


def sign_in(settings: DirectorySettings, user: str, password: str) -> DirectoryPerson:
    name = login_names.parse(user)
    assert name is not None
    return LDAP3Directory().authenticate(settings=settings, name=name, password=Personal(password))


@pytest.mark.parametrize("user", ["alice", "ALICE", "alice@ad.acme.test", "ACME\\alice"])
def test_every_spelling_of_a_person_comes_in(settings: DirectorySettings, user: str) -> None:
    person = sign_in(settings, user, "alice-pw1")

    assert person.username.reveal() == "alice"
    assert len(person.subject) == 32


def test_names_with_accents_are_people(settings: DirectorySettings) -> None:
    assert sign_in(settings, "josé", "josé-pw1").username.reveal() == "josé"


def test_groups_are_direct_nested_and_primary(settings: DirectorySettings) -> None:
    alice = sign_in(settings, "alice", "alice-pw1")
    bob = sign_in(settings, "bob", "bob-pw1")

    assert {g.name for g in alice.groups} >= {"analysts", "data-all", "Domain Users"}
    assert "analysts" not in {g.name for g in bob.groups}


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        ("bob", "wrong", Reason.WRONG_PASSWORD),
        ("disabled", "disabled-pw1", Reason.ACCOUNT_DISABLED),
        ("expired", "expired-pw1", Reason.ACCOUNT_EXPIRED),
        ("mustchange", "mustchange-pw1", Reason.PASSWORD_MUST_CHANGE),
        ("bob", " ", Reason.BLANK),
    ],
)
def test_whom_the_directory_refuses_does_not_come_in(
    settings: DirectorySettings, user: str, password: str, reason: Reason
) -> None:
    with pytest.raises(SignInRefused) as caught:
        sign_in(settings, user, password)

    assert caught.value.reason is reason
