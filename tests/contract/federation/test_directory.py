"""What every directory must do, asked of the fake and of a real OpenLDAP server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from federation.adapters.ldap3_directory import LDAP3Directory
from federation.domain import login_names
from federation.domain.directories import (
    DirectoryMisconfigured,
    DirectoryPerson,
    DirectorySettings,
    DirectoryUnavailable,
    Reason,
    SignInRefused,
    Stage,
    TLSMode,
)
from federation.ports import Directory
from governance.kernel.personal import Personal
from tests.fakes.directory import FakeDirectory, FakePerson
from tests.servers import slapd as openldap
from tests.servers.slapd import Slapd

SETTINGS = DirectorySettings(
    urls=("ldap://127.0.0.1:1",),
    tls=TLSMode.LDAPS,
    bind_dn=openldap.READER_DN,
    bind_password=Personal(openldap.READER_PASSWORD),
    base_dn=openldap.TENANT1,
    group_base_dn=openldap.GROUPS,
    timeout_seconds=3,
)


@dataclass
class Candidate:
    """One implementation under test, how to reach it, and how to count its binds."""

    directory: Directory
    settings: DirectorySettings
    binds: Callable[[], int]
    make_unreachable: Callable[[], DirectorySettings]

    def sign_in(self, user: str, password: str, **changes: object) -> DirectoryPerson:
        name = login_names.parse(user)
        assert name is not None
        return self.directory.authenticate(
            settings=replace(self.settings, **changes),  # type: ignore[arg-type]
            name=name,
            password=Personal(password),
        )

    def refused(self, user: str, password: str, **changes: object) -> Reason:
        with pytest.raises(SignInRefused) as caught:
            self.sign_in(user, password, **changes)
        return caught.value.reason


@pytest.fixture(params=["fake", "slapd"])
def candidate(request: pytest.FixtureRequest) -> Iterator[Candidate]:
    if request.param == "fake":
        yield a_fake()
        return
    server: Slapd = request.getfixturevalue("slapd")
    for name in openldap.PEOPLE:
        server.unlock(name)
    settings = replace(SETTINGS, urls=(server.tls_url,), ca_certificates=server.ca_certificates)
    yield Candidate(
        directory=LDAP3Directory(),
        settings=settings,
        binds=server.binds,
        make_unreachable=lambda: replace(settings, urls=("ldaps://127.0.0.1:1",)),
    )


def a_fake() -> Candidate:
    groups = {
        name: [g for g, members in openldap.MEMBERS.items() if openldap.dn_of(name) in members]
        for name in openldap.PEOPLE
    }
    parents = {
        name: [g for g, members in openldap.MEMBERS.items() if openldap.group_dn(name) in members]
        for name in openldap.MEMBERS
    }
    people = [
        FakePerson(name=name, dn=openldap.dn_of(name), password=password, groups=groups[name])
        for name, (_, _, password) in openldap.PEOPLE.items()
    ]
    twin = FakePerson(name="twin", dn=f"uid=twin,{openldap.TENANT2}", password="twin2-pw")
    fake = FakeDirectory(people=[*people, twin], parents=parents)

    def take_down() -> DirectorySettings:
        fake.is_up = False
        return SETTINGS

    return Candidate(fake, SETTINGS, lambda: fake.binds, take_down)


def names(person: DirectoryPerson) -> set[str]:
    return {group.name for group in person.groups}


def test_the_right_password_gives_the_person_and_their_groups(candidate: Candidate) -> None:
    person = candidate.sign_in("alice", "alice-pw")

    assert person.username.reveal() == "alice"
    assert person.dn.reveal() == openldap.dn_of("alice")
    assert person.subject
    assert names(person) == {"analysts", "finance"}


def test_the_spelling_of_the_name_is_the_directorys(candidate: Candidate) -> None:
    assert candidate.sign_in("ALICE", "alice-pw").username.reveal() == "alice"


@pytest.mark.parametrize("name", ["o,brien", "star*", "josé", "ünï"])
def test_names_with_special_characters_are_people(candidate: Candidate, name: str) -> None:
    password = openldap.PEOPLE[name][2]

    assert candidate.sign_in(name, password).username.reveal() == name


@pytest.mark.parametrize("name", ["*", "a*", "alice)(uid=*", "*)(|(uid=*", "\\2a", "alice\x7f"])
def test_a_name_is_never_a_pattern(candidate: Candidate, name: str) -> None:
    parsed = login_names.parse(name)

    assert parsed is None or candidate.refused(name, "alice-pw") is Reason.UNKNOWN_USER


@pytest.mark.parametrize("password", ["", " ", "\t", "\0", "x\0y", "x" * 2000])
def test_a_password_that_is_none_is_never_sent(candidate: Candidate, password: str) -> None:
    before = candidate.binds()

    reason = candidate.refused("alice", password)

    assert reason is Reason.BLANK
    assert candidate.binds() == before


def test_a_wrong_password_is_refused(candidate: Candidate) -> None:
    assert candidate.refused("bob", "alice-pw") is Reason.WRONG_PASSWORD


def test_an_unknown_person_is_refused(candidate: Candidate) -> None:
    assert candidate.refused("nobody", "alice-pw") is Reason.UNKNOWN_USER


def test_somebody_outside_the_base_is_refused(candidate: Candidate) -> None:
    assert candidate.refused("eve", "eve-pw") is Reason.UNKNOWN_USER


def test_two_people_of_one_name_are_nobody(candidate: Candidate) -> None:
    assert candidate.sign_in("twin", "twin-pw").subject
    assert candidate.refused("twin", "twin-pw", base_dn=openldap.BASE) is Reason.AMBIGUOUS_USER


def test_nested_groups_count_where_asked_for(candidate: Candidate) -> None:
    flat = candidate.sign_in("alice", "alice-pw")
    nested = candidate.sign_in("alice", "alice-pw", nested_groups=True)

    assert names(nested) - names(flat) == {"data-all", "everyone"}


def test_groups_in_a_circle_end(candidate: Candidate) -> None:
    person = candidate.sign_in("bob", "bob-pw", nested_groups=True)

    assert names(person) == {"analysts", "data-all", "everyone", "circle-a", "circle-b"}


def test_only_allowed_groups_enter(candidate: Candidate) -> None:
    assert candidate.sign_in("alice", "alice-pw", allowed_groups=("FINANCE",)).subject
    reason = candidate.refused("bob", "bob-pw", allowed_groups=("FINANCE",))
    assert reason is Reason.NOT_ALLOWED


def test_only_allowed_users_enter(candidate: Candidate) -> None:
    assert candidate.sign_in("alice", "alice-pw", allowed_users=("Alice",)).subject
    assert candidate.refused("bob", "bob-pw", allowed_users=("Alice",)) is Reason.NOT_ALLOWED


def test_a_directory_that_is_down_lets_nobody_in(candidate: Candidate) -> None:
    candidate.settings = candidate.make_unreachable()

    with pytest.raises(DirectoryUnavailable):
        candidate.sign_in("alice", "alice-pw")


def test_an_examination_tells_every_stage_of_a_success(candidate: Candidate) -> None:
    name = login_names.parse("alice")
    assert name is not None

    told = candidate.directory.examine(
        settings=candidate.settings, name=name, password=Personal("alice-pw")
    )

    assert [step.name for step in told.steps] == list(Stage)[:-1]
    assert all(step.ok for step in told.steps)
    assert told.person is not None


def test_an_examination_names_nobody(candidate: Candidate) -> None:
    name = login_names.parse("alice")
    assert name is not None

    told = candidate.directory.examine(
        settings=candidate.settings, name=name, password=Personal("wrong")
    )

    text = " ".join(step.detail for step in told.steps)
    assert told.person is None
    assert [step.name for step in told.steps if not step.ok] == [Stage.BIND]
    assert not any(word in text for word in ("alice", "dc=", "127.0.0.1", "reader"))


def looked_again(candidate: Candidate, user: str, **changes: object) -> DirectoryPerson:
    name = login_names.parse(user)
    assert name is not None
    settings = replace(candidate.settings, **changes)  # type: ignore[arg-type]
    return candidate.directory.look_again(settings=settings, name=name)


def test_looking_again_finds_the_same_person_without_a_password(candidate: Candidate) -> None:
    signed_in = candidate.sign_in("alice", "alice-pw")
    before = candidate.binds()

    again = looked_again(candidate, "alice")

    assert (again.subject, names(again)) == (signed_in.subject, {"analysts", "finance"})
    assert candidate.binds() - before <= 1  # the bind account's own


@pytest.mark.parametrize(
    ("user", "changes", "reason"),
    [
        ("nobody", {}, Reason.UNKNOWN_USER),
        ("*", {}, Reason.UNKNOWN_USER),
        ("alice", {"allowed_users": ("bob",)}, Reason.NOT_ALLOWED),
        ("twin", {"base_dn": openldap.BASE}, Reason.AMBIGUOUS_USER),
    ],
)
def test_looking_again_refuses_whom_a_sign_in_would(
    candidate: Candidate, user: str, changes: dict[str, object], reason: Reason
) -> None:
    with pytest.raises(SignInRefused) as refused:
        looked_again(candidate, user, **changes)

    assert refused.value.reason is reason


def test_looking_again_says_when_it_cannot_be_said(candidate: Candidate) -> None:
    with pytest.raises(DirectoryMisconfigured):
        looked_again(candidate, "alice", bind_dn="")
    candidate.settings = candidate.make_unreachable()
    with pytest.raises(DirectoryUnavailable):
        looked_again(candidate, "alice")
