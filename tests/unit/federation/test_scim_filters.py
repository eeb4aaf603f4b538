"""Filters as Entra writes them; anything else is refused, never read as everything."""

import contextlib

import pytest
from hypothesis import given, strategies

from federation.domain.scim_filters import Condition, ScimFilterInvalid, parse

KNOWN = ("userName", "externalId", "displayName", 'emails[type eq "work"].value')


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ('userName eq "joe@x"', [("userName", "joe@x")]),
        ("userName eq joe@x", [("userName", "joe@x")]),
        ("USERNAME EQ joe@x", [("userName", "joe@x")]),
        (
            'externalId eq "1" and displayName eq "A and B"',
            [("externalId", "1"), ("displayName", "A and B")],
        ),
        ('emails[type eq "work"].value eq "j@x"', [('emails[type eq "work"].value', "j@x")]),
        (r'displayName eq "a \"b\" \\ c"', [("displayName", r'a "b" \ c')]),
        (
            'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "j"',
            [("userName", "j")],
        ),
    ],
)
def test_a_filter_is_read(text: str, conditions: list[tuple[str, str]]) -> None:
    assert parse(text, known=KNOWN) == tuple(Condition(*one) for one in conditions)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "userName",
        "userName eq",
        'userName ne "x"',
        'userName sw "x"',
        'password eq "x"',
        'userName eq "x" or userName eq "y"',
        'userName eq "x" and',
        'not (userName eq "x")',
        'userName eq "x" userName eq "y"',
        'members[value eq "1"]',
        "userName eq " + "x" * 3000,
    ],
)
def test_a_filter_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ScimFilterInvalid):
        parse(text, known=KNOWN)


@given(strategies.text(max_size=60))
def test_noise_is_refused_or_read_but_never_crashes(text: str) -> None:
    with contextlib.suppress(ScimFilterInvalid):
        assert parse(text, known=KNOWN)


@given(strategies.text(max_size=40))
def test_a_quoted_value_comes_back_as_it_was(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')

    assert parse(f'userName eq "{escaped}"', known=KNOWN) == (Condition("userName", value),)
