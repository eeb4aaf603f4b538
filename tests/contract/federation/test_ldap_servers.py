"""What is only true of real servers: failover, certificates, deadlines, lockout."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

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
from governance.kernel.personal import Personal
from tests.servers import slapd as openldap
from tests.servers.certificates import Authority
from tests.servers.slapd import Slapd

NOBODY_THERE = "ldap://127.0.0.1:1"


@pytest.fixture
def settings(slapd: Slapd) -> DirectorySettings:
    for name in openldap.PEOPLE:
        slapd.unlock(name)
    return DirectorySettings(
        urls=(slapd.url,),
        tls=TLSMode.START_TLS,
        ca_certificates=slapd.ca_certificates,
        bind_dn=openldap.READER_DN,
        bind_password=Personal(openldap.READER_PASSWORD),
        base_dn=openldap.TENANT1,
        group_base_dn=openldap.GROUPS,
        timeout_seconds=2,
    )


def sign_in(
    settings: DirectorySettings,
    user: str = "alice",
    password: str = "alice-pw",  # noqa: S107
) -> DirectoryPerson:
    name = login_names.parse(user)
    assert name is not None
    return LDAP3Directory().authenticate(settings=settings, name=name, password=Personal(password))


@contextlib.contextmanager
def a_silent_server() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"ldap://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def a_dripping_server() -> Iterator[str]:
    """Says a byte of a very long answer every 50 milliseconds."""
    stop = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)

        def drip() -> None:
            wire, _ = listener.accept()
            with wire, contextlib.suppress(OSError):
                wire.sendall(b"\x30\x84\x00\x01\x00\x00")
                while not stop.wait(0.05):
                    wire.sendall(b"\x02")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"ldap://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join(timeout=2)


@pytest.mark.parametrize("tls", list(TLSMode))
def test_each_way_of_protection_works(
    slapd: Slapd, settings: DirectorySettings, tls: TLSMode
) -> None:
    url = slapd.tls_url if tls is TLSMode.LDAPS else slapd.url

    assert sign_in(replace(settings, tls=tls, urls=(url,))).subject


@pytest.mark.parametrize("tls", [TLSMode.START_TLS, TLSMode.LDAPS])
def test_a_certificate_of_an_unknown_authority_is_refused(
    slapd: Slapd, settings: DirectorySettings, tls: TLSMode
) -> None:
    url = slapd.tls_url if tls is TLSMode.LDAPS else slapd.url
    wrong = replace(
        settings, tls=tls, urls=(url,), ca_certificates=Authority.create("Other CA").pem
    )
    before = slapd.binds()

    with pytest.raises(DirectoryUnavailable):
        sign_in(wrong)

    assert slapd.binds() == before


def test_the_systems_authorities_are_asked_where_none_is_given(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    with pytest.raises(DirectoryUnavailable):
        sign_in(replace(settings, ca_certificates=""))


def test_a_wrong_certificate_is_told_as_such(settings: DirectorySettings) -> None:
    name = login_names.parse("alice")
    assert name is not None

    told = LDAP3Directory().examine(
        settings=replace(settings, ca_certificates=""), name=name, password=Personal("alice-pw")
    )

    assert told.steps[-1].name is Stage.TLS
    assert "not trusted" in told.steps[-1].detail


def test_a_server_without_start_tls_gets_no_password(settings: DirectorySettings) -> None:
    with a_silent_server() as url:
        started = time.monotonic()
        with pytest.raises(DirectoryUnavailable):
            sign_in(replace(settings, urls=(url,)))

    assert time.monotonic() - started < 2.5


def test_the_next_server_is_asked_where_the_first_is_down(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    assert sign_in(replace(settings, urls=(NOBODY_THERE, slapd.url))).subject


def test_the_next_server_is_asked_where_the_first_is_silent(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    with a_silent_server() as silent:
        assert sign_in(replace(settings, tls=TLSMode.NONE, urls=(silent, slapd.url))).subject


def test_a_name_that_does_not_resolve_is_passed_over(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    assert sign_in(
        replace(settings, urls=("ldap://nowhere.invalid", slapd.url), timeout_seconds=5)
    ).subject


def test_a_refused_password_is_an_answer_and_no_reason_to_ask_the_next_server(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    before = slapd.binds(openldap.dn_of("bob"))

    with pytest.raises(SignInRefused):
        sign_in(replace(settings, urls=(slapd.url, slapd.url)), "bob", "wrong")

    assert slapd.binds(openldap.dn_of("bob")) == before + 1


@pytest.mark.parametrize("server", [a_silent_server, a_dripping_server])
def test_one_deadline_bounds_everything(
    settings: DirectorySettings, server: Callable[[], AbstractContextManager[str]]
) -> None:
    with server() as url:
        started = time.monotonic()
        with pytest.raises(DirectoryUnavailable):
            sign_in(replace(settings, tls=TLSMode.NONE, urls=(url, url, url), timeout_seconds=1))

    assert time.monotonic() - started < 1.5


def test_a_stopped_server_is_given_up_in_time(slapd: Slapd, settings: DirectorySettings) -> None:
    slapd.pause()
    try:
        started = time.monotonic()
        with pytest.raises(DirectoryUnavailable):
            sign_in(replace(settings, urls=(slapd.tls_url,), tls=TLSMode.LDAPS, timeout_seconds=1))
        took = time.monotonic() - started
    finally:
        slapd.resume()

    assert took < 1.5


def test_one_sign_in_is_one_bind_of_the_person(slapd: Slapd, settings: DirectorySettings) -> None:
    before = slapd.binds(openldap.dn_of("bob"))

    with pytest.raises(SignInRefused):
        sign_in(replace(settings, user_dn_patterns=("uid=%s,ou=x", "uid=%s,ou=y")), "bob", "no")

    assert slapd.binds(openldap.dn_of("bob")) == before + 1


def test_a_person_can_be_bound_by_pattern_without_a_bind_account(
    settings: DirectorySettings,
) -> None:
    patterns = (f"uid=%s,{openldap.TENANT2}", f"uid=%s,{openldap.TENANT1}")
    own = replace(settings, bind_dn="", bind_password=None, user_dn_patterns=patterns)

    assert sign_in(own).username.reveal() == "alice"
    assert sign_in(own, "o,brien", "comma-pw").username.reveal() == "o,brien"
    with pytest.raises(SignInRefused):
        sign_in(own, "alice", "wrong")


def test_who_was_bound_by_pattern_is_who_comes_in(settings: DirectorySettings) -> None:
    """The same name lives in both units; the base holds the other one."""
    patterns = (f"uid=%s,{openldap.TENANT2}",)
    own = replace(settings, bind_dn="", bind_password=None, user_dn_patterns=patterns)

    person = sign_in(own, "twin", "twin2-pw")

    assert person.dn.reveal() == f"uid=twin,{openldap.TENANT2}"
    with pytest.raises(SignInRefused):
        sign_in(own, "twin", "twin-pw")


def test_groups_can_be_read_from_the_persons_entry(settings: DirectorySettings) -> None:
    person = sign_in(replace(settings, user_membership_key="memberOf", nested_groups=True))

    assert {g.name for g in person.groups} >= {"analysts", "finance", "data-all"}


def test_a_wrong_bind_account_is_told_apart_from_a_wrong_password(
    settings: DirectorySettings,
) -> None:
    with pytest.raises(DirectoryMisconfigured):
        sign_in(replace(settings, bind_password=Personal("wrong")))


def test_a_locked_account_is_refused_even_with_its_password(settings: DirectorySettings) -> None:
    for _ in range(openldap.LOCKOUT):
        with pytest.raises(SignInRefused):
            sign_in(settings, "locked", "wrong")

    with pytest.raises(SignInRefused) as caught:
        sign_in(settings, "locked", "locked-pw")

    assert caught.value.reason is Reason.WRONG_PASSWORD


def test_an_unknown_person_takes_as_many_binds_as_a_known_one(
    slapd: Slapd, settings: DirectorySettings
) -> None:
    counts = []
    for user in ("uma", "nobody"):
        before = slapd.binds()
        with pytest.raises(SignInRefused):
            sign_in(settings, user, "wrong")
        counts.append(slapd.binds() - before)

    assert counts[0] == counts[1]


def test_a_link_local_address_is_never_dialled(settings: DirectorySettings) -> None:
    name = login_names.parse("alice")
    assert name is not None

    told = LDAP3Directory().examine(
        settings=replace(settings, urls=("ldap://169.254.169.254",)),
        name=name,
        password=Personal("alice-pw"),
    )

    assert [(step.name, step.ok) for step in told.steps] == [(Stage.RESOLVE, False)]
