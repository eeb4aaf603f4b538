"""Who comes in by a directory, as whom, and what everybody else is told."""

from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from pytest_django import Settings

from federation.domain.attempts import Budget
from federation.domain.directories import (
    DirectoryUnavailable,
    MappingKind,
    Reason,
    SignInRefused,
    SignInsExhausted,
)
from federation.models import Directory
from federation.services import directories, directory_sign_ins
from federation.services.directory_sign_ins import Claim, Entered, Wish
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from governance.kernel.refusals import Unavailable
from governance.tenancy.models import Namespace, NamespaceStatus, RoleBinding, User
from governance.tenancy.services import actors, users
from tests.factories.directories import a_directory, a_mapping
from tests.factories.tenancy import a_namespace, the_role
from tests.fakes.directory import FakeDirectory, FakePerson, FakeThrottle
from tests.servers import slapd as openldap

pytestmark = pytest.mark.django_db

UMA = FakePerson(
    name="uma", dn=f"uid=uma,{openldap.TENANT1}", password="uma-pw", groups=("analysts",)
)
EVE = FakePerson(
    name="eve", dn=f"uid=eve,{openldap.TENANT2}", password="eve-pw", groups=("t2-analysts",)
)
BUDGET = Budget(
    per_account=3, per_network=30, window_seconds=60, remember_seconds=60, wait_seconds=0
)


@dataclass
class Door:
    """The two steps of a sign-in, one after the other, at a fake directory."""

    ldap: FakeDirectory
    throttle: FakeThrottle
    now: datetime

    def sign_in(
        self,
        username: str = "uma@acme.example",
        password: str = "uma-pw",  # noqa: S107
        *,
        namespace: str = "",
        role: str = "",
        prefix: str = "",
    ) -> Entered:
        claim = Claim(
            username=Personal(username),
            password=Personal(password),
            network="192.0.2.7/32",
            namespace=namespace,
        )
        admitted = directory_sign_ins.authenticate(
            claim=claim, directory=self.ldap, throttle=self.throttle, now=self.now
        )
        return directory_sign_ins.enter(
            admitted=admitted, wish=Wish(role=role, prefix=prefix), now=self.now
        )

    def refused(self, *arguments: str, **named: str) -> Reason:
        with pytest.raises(SignInRefused) as caught:
            self.sign_in(*arguments, **named)
        assert str(caught.value) == SignInRefused.sentence
        return caught.value.reason


@pytest.fixture
def door(now: datetime) -> Door:
    return Door(FakeDirectory(people=[UMA, EVE]), FakeThrottle(budget=BUDGET), now)


@pytest.fixture
def rival() -> Namespace:
    return a_namespace("rival", account_id="999988887777")


@pytest.fixture
def directory(acme: Namespace) -> Directory:
    with namespace_scope(acme.pk):
        found = a_directory()
        a_mapping(found, "analysts", role="author")
    return found


def change(directory: Directory, **values: object) -> None:
    with namespace_scope(directory.namespace_id):
        directories.change(
            directory=directory,
            values=values,  # type: ignore[arg-type]
            actor=actors.system(),
            now=datetime.fromisoformat("2026-03-18T10:30:00Z"),
        )


def events(namespace: Namespace, action: str) -> list[dict[str, str]]:
    with namespace_scope(namespace.pk):
        return [row.detail for row in AuditEvent.objects.filter(action=action)]


def test_a_group_gives_its_role(acme: Namespace, directory: Directory, door: Door) -> None:
    entered = door.sign_in()

    assert entered.role.name == "author"
    assert (entered.user.username, entered.user.source) == ("uma@acme.example", "ldap")
    with namespace_scope(acme.pk):
        assert RoleBinding.objects.get(user=entered.user).source == "ldap"


@pytest.mark.parametrize(
    "username", ["uma@acme.example", "UMA@Acme.Example", "ACME\\uma", "acme.example\\uma", "uma"]
)
def test_every_spelling_is_the_same_person(directory: Directory, door: Door, username: str) -> None:
    first = door.sign_in()

    assert door.sign_in(username).user.pk == first.user.pk


def test_the_first_mapping_that_matches_is_the_default_role(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    with namespace_scope(acme.pk):
        a_mapping(directory, "uma", role="reader", kind=MappingKind.USER)

    assert door.sign_in().role.name == "author"
    assert door.sign_in(role="reader").role.name == "reader"
    assert door.sign_in(role="arn:aws:iam::253914981264:role/reader").role.name == "reader"


def test_a_role_that_no_mapping_gives_is_refused(directory: Directory, door: Door) -> None:
    assert door.refused(role="admin") is Reason.ROLE_NOT_GRANTED


def test_whom_no_mapping_names_is_refused_and_not_provisioned(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    door.ldap.people = [replace(UMA, groups=("finance",))]

    assert door.refused() is Reason.NO_ROLE
    with namespace_scope(acme.pk):
        assert not User.objects.filter(source="ldap").exists()


def test_a_prefix_gives_its_role_for_that_storage_alone(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    with namespace_scope(acme.pk):
        a_mapping(directory, "flights/", role="reader", kind=MappingKind.PREFIX)

    assert door.sign_in(prefix="flights/2015", role="reader").role.name == "reader"
    assert door.refused(prefix="purchases/", role="reader") is Reason.ROLE_NOT_GRANTED


def test_a_lost_group_takes_the_role_away(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    user = door.sign_in().user
    with namespace_scope(acme.pk):
        a_mapping(directory, "finance", role="reader")
    door.ldap.people = [replace(UMA, groups=("finance",))]

    assert door.sign_in().role.name == "reader"
    with namespace_scope(acme.pk):
        names = RoleBinding.objects.filter(user=user).values_list("role__name", flat=True)
        assert list(names) == ["reader"]


@pytest.mark.parametrize(
    ("username", "password", "reason"),
    [
        ("uma@acme.example", "wrong", Reason.WRONG_PASSWORD),
        ("nobody@acme.example", "uma-pw", Reason.UNKNOWN_USER),
        ("uma@nowhere.example", "uma-pw", Reason.UNKNOWN_DIRECTORY),
        ("uma@acme.example", "", Reason.BLANK),
        ("", "uma-pw", Reason.BLANK),
    ],
)
def test_every_refusal_says_the_same(
    directory: Directory, door: Door, username: str, password: str, reason: Reason
) -> None:
    assert door.refused(username, password) is reason


def test_eve_does_not_come_in(
    acme: Namespace, rival: Namespace, directory: Directory, door: Door
) -> None:
    with namespace_scope(rival.pk):
        theirs = a_directory(domain="rival.example", base_dn=openldap.TENANT2)
        a_mapping(theirs, "t2-analysts", role="admin")

    assert door.sign_in("eve@rival.example", "eve-pw").user.namespace_id == rival.pk
    assert door.refused("eve@acme.example", "eve-pw") is Reason.UNKNOWN_USER
    assert door.refused("eve@rival.example", "eve-pw", namespace="acme") is Reason.UNKNOWN_DIRECTORY


def test_a_plain_name_needs_a_namespace_where_there_are_two_directories(
    rival: Namespace, directory: Directory, door: Door
) -> None:
    assert door.sign_in("uma").role.name == "author"
    with namespace_scope(rival.pk):
        a_directory(domain="rival.example", base_dn=openldap.TENANT2)

    assert door.refused("uma") is Reason.UNKNOWN_DIRECTORY
    assert door.sign_in("uma", namespace="acme").role.name == "author"
    assert door.refused("uma", namespace="rival") is Reason.UNKNOWN_USER
    assert door.refused("uma", namespace="nowhere") is Reason.UNKNOWN_DIRECTORY


def test_a_disabled_directory_lets_nobody_in(directory: Directory, door: Door) -> None:
    change(directory, enabled=False)

    assert door.refused() is Reason.UNKNOWN_DIRECTORY


def test_a_closed_namespace_lets_nobody_in(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    closed = next(status for status in NamespaceStatus if status is not NamespaceStatus.CREATED)
    with namespace_scope(acme.pk):
        Namespace.objects.filter(pk=acme.pk).update(status=closed)

    assert door.refused() is Reason.UNKNOWN_DIRECTORY


def test_a_deactivated_person_is_refused(acme: Namespace, directory: Directory, door: Door) -> None:
    user = door.sign_in().user
    with namespace_scope(acme.pk):
        users.set_active(user=user, active=False, actor=actors.system(), now=door.now)

    assert door.refused() is Reason.USER_INACTIVE


def test_a_role_that_trusts_identity_providers_alone_is_not_given(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    with namespace_scope(acme.pk):
        role = the_role("author")
        role.trust_policy = {"Version": "2012-10-17", "Statement": []}
        role.save()

    assert door.refused() is Reason.NO_ROLE


def test_a_hundred_wrong_tries_reach_the_directory_three_times(
    directory: Directory, door: Door
) -> None:
    for number in range(100):
        with pytest.raises((SignInRefused, SignInsExhausted)):
            door.sign_in(password=f"guess {number}")

    assert door.ldap.binds == 3


def test_the_same_wrong_password_reaches_the_directory_once(
    directory: Directory, door: Door
) -> None:
    for _ in range(100):
        door.refused(password="old")

    assert door.ldap.binds == 1
    assert door.sign_in().role.name == "author"


def test_all_spellings_share_one_budget(directory: Directory, door: Door) -> None:
    for number, username in enumerate(("Uma@acme.example", " uma", "ACME\\UMA")):
        door.refused(username, f"guess {number}")

    with pytest.raises(SignInsExhausted):
        door.sign_in("uma@acme.example", "guess 4")


def test_a_directory_that_is_down_lets_nobody_in_and_counts_nothing(
    directory: Directory, door: Door
) -> None:
    door.ldap.is_up = False
    for _ in range(5):
        with pytest.raises(DirectoryUnavailable):
            door.sign_in()
    door.ldap.is_up = True

    assert door.sign_in().role.name == "author"


def test_counters_that_are_down_let_nobody_in(directory: Directory, door: Door) -> None:
    door.throttle.is_up = False

    with pytest.raises(Unavailable):
        door.sign_in()

    assert door.ldap.binds == 0


def test_the_trail_names_reasons_and_no_people(
    acme: Namespace, directory: Directory, door: Door
) -> None:
    door.refused(password="wrong")
    door.refused("nobody@acme.example")
    door.sign_in()

    refused = events(acme, "directory_sign_in.refused")
    accepted = events(acme, "directory_sign_in.accepted")

    assert sorted(event["reason"] for event in refused) == ["unknown_user", "wrong_password"]
    assert len(accepted) == 1
    assert not any(word in str(refused + accepted) for word in ("uma", "nobody", "wrong-"))


# --- whose domain it is


def test_a_domain_granted_to_another_namespace_cannot_be_claimed(settings: Settings) -> None:
    settings.FEDERATION_DIRECTORY_DOMAINS = {"acme.example": "acme"}
    rival = a_namespace("rival", account_id="999988887777")

    with namespace_scope(rival.pk), pytest.raises(directories.DirectoryDomainNotGranted):
        a_directory(domain="acme.example")
    with namespace_scope(rival.pk), pytest.raises(directories.DirectoryDomainNotGranted):
        a_directory(domain="unlisted.example")
    with namespace_scope(rival.pk):
        assert a_directory(domain="").domain == ""


def test_the_namespace_that_has_the_grant_claims_it(settings: Settings, acme: Namespace) -> None:
    settings.FEDERATION_DIRECTORY_DOMAINS = {"acme.example": "acme"}

    with namespace_scope(acme.pk):
        assert a_directory(domain="ACME.example").domain == "acme.example"


def test_no_password_goes_to_who_claimed_a_domain_before_it_was_granted(
    settings: Settings, door: Door
) -> None:
    squatter = a_namespace("squatter", account_id="999988887777")
    with namespace_scope(squatter.pk):
        a_mapping(a_directory(), "analysts")
    settings.FEDERATION_DIRECTORY_DOMAINS = {"acme.example": "acme"}

    assert door.refused() is Reason.UNKNOWN_DIRECTORY
    assert door.ldap.binds == 0


def test_without_grants_a_domain_is_claimed_once(acme: Namespace) -> None:
    rival = a_namespace("rival", account_id="999988887777")
    with namespace_scope(acme.pk):
        a_directory()

    with namespace_scope(rival.pk), pytest.raises(directories.DirectoryDomainTaken):
        a_directory()
