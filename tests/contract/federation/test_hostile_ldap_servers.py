"""Servers that lie: referrals, doubled entries, refusals in disguise. None gets a password on."""

import time
from dataclasses import replace

import pytest

from federation.adapters.ldap3_directory import LDAP3Directory
from federation.domain import login_names
from federation.domain.directories import (
    DirectoryPerson,
    DirectorySettings,
    DirectoryUnavailable,
    Reason,
    SignInRefused,
    TLSMode,
)
from governance.kernel.personal import Personal
from tests.servers import hostile_ldap as hostile
from tests.servers.hostile_ldap import BIND, BIND_ANSWER, SEARCH_END, SUCCESS

SETTINGS = DirectorySettings(
    urls=(),
    tls=TLSMode.NONE,
    bind_dn="cn=reader,dc=acme,dc=test",
    bind_password=Personal("readerpw"),
    base_dn="dc=acme,dc=test",
    timeout_seconds=5,
)
UMA = hostile.entry("uid=uma,dc=acme,dc=test", uid="uma", userAccountControl="512")
WELCOME = [hostile.result(BIND_ANSWER, SUCCESS)]
END = hostile.result(SEARCH_END, SUCCESS)


def sign_in(settings: DirectorySettings) -> DirectoryPerson:
    name = login_names.parse("uma")
    assert name is not None
    return LDAP3Directory().authenticate(settings=settings, name=name, password=Personal("uma-pw"))


def answers(*searches: list[bytes], binds: list[list[bytes]] | None = None) -> hostile.Answer:
    """What to say to each search, and to each bind (the last one again and again)."""
    said = binds or [WELCOME]

    def answer(operation: int, number: int) -> list[bytes]:
        if operation == BIND:
            return said[min(number, len(said) - 1)]
        return searches[number] if number < len(searches) else [END]

    return answer


def test_an_honest_answer_is_understood() -> None:
    with hostile.running(answers([UMA, END])) as server:
        assert sign_in(replace(SETTINGS, urls=(server.url,))).username.reveal() == "uma"


@pytest.mark.parametrize("where", ["bind", "search", "reference"])
def test_a_referral_is_never_followed(where: str) -> None:
    with hostile.running(answers()) as trap:
        end = hostile.result(SEARCH_END, hostile.REFERRAL, referrals=(trap.url,))
        searches = {
            "bind": [[UMA, END]],
            "search": [[end]],
            "reference": [[hostile.reference(f"{trap.url}/dc=acme,dc=test"), END]],
        }[where]
        away = hostile.result(BIND_ANSWER, hostile.REFERRAL, referrals=(trap.url,))
        binds = [[away]] if where == "bind" else None
        with hostile.running(answers(*searches, binds=binds)) as server:
            started = time.monotonic()
            with pytest.raises((SignInRefused, DirectoryUnavailable)):
                sign_in(replace(SETTINGS, urls=(server.url,)))

    assert trap.connections == 0
    assert time.monotonic() - started < 4


def test_two_entries_are_nobody() -> None:
    with (
        hostile.running(answers([UMA, UMA, END])) as server,
        pytest.raises(SignInRefused) as caught,
    ):
        sign_in(replace(SETTINGS, urls=(server.url,)))

    assert caught.value.reason is Reason.AMBIGUOUS_USER


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("52e", Reason.WRONG_PASSWORD),
        ("532", Reason.PASSWORD_EXPIRED),
        ("533", Reason.ACCOUNT_DISABLED),
        ("701", Reason.ACCOUNT_EXPIRED),
        ("773", Reason.PASSWORD_MUST_CHANGE),
        ("775", Reason.ACCOUNT_LOCKED),
    ],
)
def test_active_directorys_reasons_are_kept_for_the_trail(code: str, reason: Reason) -> None:
    diagnostic = f"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext, data {code}, v"
    refused = [hostile.result(BIND_ANSWER, hostile.INVALID_CREDENTIALS, diagnostic=diagnostic)]
    with (
        hostile.running(answers([UMA, END], binds=[WELCOME, refused])) as server,
        pytest.raises(SignInRefused) as caught,
    ):
        sign_in(replace(SETTINGS, urls=(server.url,)))

    assert caught.value.reason is reason
    assert str(caught.value) == SignInRefused.sentence


def test_a_disabled_account_is_refused_though_its_password_binds() -> None:
    disabled = hostile.entry("uid=uma,dc=acme,dc=test", uid="uma", userAccountControl="514")
    with (
        hostile.running(answers([disabled, END])) as server,
        pytest.raises(SignInRefused) as caught,
    ):
        sign_in(replace(SETTINGS, urls=(server.url,)))

    assert caught.value.reason is Reason.ACCOUNT_DISABLED


def test_nonsense_is_no_answer() -> None:
    with (
        hostile.running(answers(binds=[[b"\xff" * 40]])) as server,
        pytest.raises(DirectoryUnavailable),
    ):
        sign_in(replace(SETTINGS, urls=(server.url,)))


def test_a_flood_ends() -> None:
    flood = [hostile.entry("uid=uma,dc=acme,dc=test", cn="x" * 20_000)] * 2_000
    with hostile.running(answers(flood)) as server, pytest.raises(DirectoryUnavailable):
        sign_in(replace(SETTINGS, urls=(server.url,), timeout_seconds=20))
