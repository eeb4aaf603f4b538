"""How a typed user name is read."""

import pytest

from federation.domain import login_names


@pytest.mark.parametrize(
    ("text", "user", "domain"),
    [
        ("alice", "alice", ""),
        (" alice ", "alice", ""),
        ("alice@Acme.Example", "alice", "acme.example"),
        ("ACME\\alice", "alice", "acme"),
        ("a@b@acme.example", "a@b", "acme.example"),
        ("o,brien", "o,brien", ""),
        ("star*", "star*", ""),
        ("jose\u0301", "josé", ""),
    ],
)
def test_a_name_is_split_into_user_and_domain(text: str, user: str, domain: str) -> None:
    name = login_names.parse(text)

    assert name is not None
    assert (name.user.reveal(), name.domain) == (user, domain)


@pytest.mark.parametrize(
    "text", ["", "  ", "\0", "a\0b", "a\nb", "@acme.example", "ACME\\", "x" * 257, None, [], {}, 7]
)
def test_what_is_no_name_is_none(text: object) -> None:
    assert login_names.parse(text) is None


def test_all_spellings_of_a_person_are_one_account() -> None:
    names = [login_names.parse(text) for text in ("Alice", " alice", "alice@ex", "EX\\ALICE")]

    assert {name.account.reveal() for name in names if name} == {"alice"}


def test_accents_make_no_other_account() -> None:
    """Active Directory compares without them, so a guesser must not gain by them."""
    names = [login_names.parse(text) for text in ("josé", "JOSE", "jose\u0301", "jòsé")]

    assert {name.account.reveal() for name in names if name} == {"jose"}


def test_a_login_name_does_not_print_itself() -> None:
    assert "alice" not in repr(login_names.parse("alice@acme.example"))


@pytest.mark.parametrize("password", ["", " ", "\t\n", "a\0", None, 7, b"x", "x" * 1025])
def test_what_is_no_password_is_refused(password: object) -> None:
    assert not login_names.is_password(password)


def test_a_password_may_be_any_text() -> None:
    assert login_names.is_password("pässwörd ① with spaces")
