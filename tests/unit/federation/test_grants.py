"""What AWS claims amount to."""

from typing import Any

import pytest

from federation.domain import session_names
from federation.domain.claims import Claims
from federation.domain.saml import ResponseRefused
from federation.domain.session_names import Grant, grant

ACCOUNT = "253914981264"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/AzureActiveDirectory"


def granted(**changes: Any) -> Grant:
    values = {"Role": (f"{ROLE}/author,{PROVIDER}",), "RoleSessionName": ("joe",)}
    claims = Claims(values={**values, **changes}, outcomes=(), from_assertion=frozenset())
    return grant(claims=claims, account_id=ACCOUNT, provider_arn=PROVIDER)


def refusal_of(**changes: Any) -> str:
    with pytest.raises(ResponseRefused) as refusal:
        granted(**changes)
    return refusal.value.code


@pytest.mark.parametrize(
    "pair",
    [
        f"{ROLE}/author,{PROVIDER}",
        f"{PROVIDER},{ROLE}/author",
        f" {ROLE}/author , {PROVIDER} ".replace(" , ", ","),
    ],
)
def test_a_pair_counts_in_either_order(pair: str) -> None:
    assert granted(Role=(pair,)).role_names == ("author",)


def test_a_role_name_may_hold_a_comma() -> None:
    assert granted(Role=(f"{ROLE}/a,b,{PROVIDER}",)).role_names == ("a,b",)


def test_several_roles_keep_their_order_and_count_once() -> None:
    pairs = tuple(f"{ROLE}/{name},{PROVIDER}" for name in ("b", "a", "b"))

    assert granted(Role=pairs).role_names == ("b", "a")


def test_a_providers_arn_that_differs_in_case_is_said() -> None:
    with pytest.raises(ResponseRefused) as refusal:
        granted(Role=(f"{ROLE}/author,{PROVIDER.lower()}",))

    assert "differs only in case" in str(refusal.value)


@pytest.mark.parametrize(
    "pair",
    [
        "author",
        f"{ROLE}/author",
        f"{ROLE}/author,{ROLE}/reader",
        f"{ROLE}/author,{PROVIDER},{PROVIDER}",
        f"arn:aws:iam::1:role/author,{PROVIDER}",
        f"{ROLE}/{'x' * 65},{PROVIDER}",
        f"{ROLE}/auth\N{CYRILLIC SMALL LETTER O}r,{PROVIDER}",
    ],
)
def test_what_is_no_such_pair_is_refused(pair: str) -> None:
    assert refusal_of(Role=(pair,)) == "saml_role_pair"


def test_no_rule_gives_no_role() -> None:
    assert refusal_of(Role=()) == "saml_no_role"
    assert refusal_of(Role=("  ",)) == "saml_no_role"


@pytest.mark.parametrize("name", ["jo", "j" * 64, "a_b+c=d,e.f@g-h"])
def test_a_session_name_may_be(name: str) -> None:
    assert granted(RoleSessionName=(name,)).session_name == name


@pytest.mark.parametrize(
    "names", [(), ("j",), ("j" * 65,), ("j o",), ("j/o",), ("jö",), ("jo\n",), ("jo", "ann")]
)
def test_a_session_name_may_not_be(names: tuple[str, ...]) -> None:
    assert refusal_of(RoleSessionName=names) == "saml_role_session_name"


@pytest.mark.parametrize(("text", "seconds"), [("900", 900), ("43200", 43200), (" 3600 ", 3600)])
def test_a_duration_may_be(text: str, seconds: int) -> None:
    assert granted(SessionDuration=(text,)).session_seconds == seconds


@pytest.mark.parametrize(
    "texts",
    [
        ("899",),
        ("43201",),
        ("-900",),
        ("1h",),
        ("\N{ARABIC-INDIC DIGIT NINE}00",),
        ("9" * 99,),
        ("900", "900"),
    ],
)
def test_a_duration_may_not_be(texts: tuple[str, ...]) -> None:
    assert refusal_of(SessionDuration=texts) == "saml_session_duration"


def test_tags_are_read_with_their_limits() -> None:
    assert granted(**{"PrincipalTag:Unit": ("R and D",)}).tags == {"Unit": "R and D"}
    assert granted(**{"PrincipalTag:Unit": ("x" * 256,)}).tags == {"Unit": "x" * 256}


@pytest.mark.parametrize(
    "changes",
    [
        {"PrincipalTag:": ("x",)},
        {f"PrincipalTag:{'k' * 129}": ("x",)},
        {"PrincipalTag:a&b": ("x",)},
        {"PrincipalTag:a": ("x" * 257,)},
        {"PrincipalTag:a": ("x", "y")},
        {"PrincipalTag:a": ("x\ny",)},
        {f"PrincipalTag:k{n}": ("x",) for n in range(51)},
    ],
)
def test_tags_beyond_the_limits_are_refused(changes: dict[str, Any]) -> None:
    assert refusal_of(**changes) == "saml_principal_tag"


def test_the_limits_are_those_of_aws() -> None:
    assert (session_names.SHORTEST_SESSION, session_names.LONGEST_SESSION) == (900, 43_200)
    assert session_names.MOST_TAGS == 50
