"""Which rule wins, as the walk-through and Entra's documentation have it."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from federation.domain import claim_rows
from federation.domain.attributes import (
    GROUPS,
    MICROSOFT,
    GroupsOverage,
    Person,
    PersonKind,
    TooManyGroups,
    UserType,
    fits,
    person,
)
from federation.domain.claim_rows import ClaimRuleInvalid, TooManyRuleGroups
from federation.domain.claims import ClaimRule, RuleResult, Source, evaluated
from federation.domain.transformations import Function, Step

AWS = "https://aws.amazon.com/SAML/Attributes/"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"


def somebody(**attributes: Any) -> Person:
    values = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in attributes.items()
    }
    return person(name_id="joe@customer.example", attributes=values)


def member_of(*groups: str) -> Person:
    return person(name_id="joe", attributes={GROUPS: groups, NAME: ("joe@customer.example",)})


def rule(position: int = 1, **changes: Any) -> ClaimRule:
    plain: dict[str, Any] = {
        "claim": "Role",
        "position": position,
        "user_type": UserType.ANY,
        "groups": frozenset(),
        "source": Source.ATTRIBUTE,
        "value": f'"role {position}"',
    }
    return ClaimRule(**(plain | changes))


WALK_THROUGH = [
    rule(1, groups=frozenset({"QuickSight-Admin"}), value='"admin"'),
    rule(2, groups=frozenset({"QuickSight-Author"}), value='"author"'),
    rule(3, groups=frozenset({"QuickSight-Reader"}), value='"reader"'),
]


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["QuickSight-Admin"], "admin"),
        (["QuickSight-Author"], "author"),
        (["QuickSight-Admin", "QuickSight-Reader"], "reader"),
        (["QuickSight-Reader", "QuickSight-Admin"], "reader"),
        ([], ""),
        (["quicksight-admin"], ""),
    ],
)
def test_the_last_rule_that_matches_wins(groups: list[str], role: str) -> None:
    assert evaluated(rules=WALK_THROUGH, person=member_of(*groups)).one("Role") == role


def test_rules_run_by_position_and_not_in_the_order_given() -> None:
    claims = evaluated(rules=[rule(2), rule(3), rule(1)], person=member_of())

    assert claims.one("Role") == "role 3"
    assert [one.result for one in claims.outcomes] == [
        RuleResult.OVERRIDDEN,
        RuleResult.OVERRIDDEN,
        RuleResult.WON,
    ]


def test_every_transformation_comes_after_every_attribute() -> None:
    step = Step(function=Function.TO_UPPERCASE, parameters={"input": NAME})
    early = rule(1, source=Source.TRANSFORMATION, steps=(step,))

    claims = evaluated(rules=[early, rule(2)], person=member_of())

    assert claims.one("Role") == "JOE@CUSTOMER.EXAMPLE"


def test_a_match_without_a_value_is_passed_over() -> None:
    empty = rule(2, value="user.mail")

    claims = evaluated(rules=[rule(1), empty], person=member_of())

    assert claims.one("Role") == "role 1"
    assert claims.outcomes[1].result is RuleResult.EMPTY


def test_rules_of_different_claims_do_not_meet() -> None:
    claims = evaluated(
        rules=[rule(1), rule(2, claim="RoleSessionName", value=NAME)], person=member_of()
    )

    assert claims.one("Role") == "role 1"
    assert claims.one("RoleSessionName") == "joe@customer.example"


def test_what_the_provider_sent_beats_every_rule() -> None:
    sent = somebody(**{f"{AWS}Role": ["one", "two"]})

    claims = evaluated(rules=[rule(1)], person=sent)

    assert claims.values["Role"] == ("one", "two")
    assert claims.outcomes[0].result is RuleResult.OVERRIDDEN
    assert claims.from_assertion == {"Role"}


def test_a_group_that_differs_in_case_is_named_and_not_matched() -> None:
    (outcome,) = evaluated(rules=WALK_THROUGH[:1], person=member_of("quicksight-ADMIN")).outcomes

    assert outcome.result is RuleResult.NOT_IN_GROUP
    assert outcome.near_misses == ("QuickSight-Admin",)
    assert "differs only in case: QuickSight-Admin" in outcome.sentence


def test_a_constant_may_be_quoted_as_a_word_processor_does() -> None:
    quoted = (
        "\N{LEFT DOUBLE QUOTATION MARK}" * 2 + "Azure AD" + "\N{RIGHT DOUBLE QUOTATION MARK}" * 2
    )

    claims = evaluated(rules=[rule(claim="SAML_SUBJECT", value=quoted)], person=member_of())

    assert claims.one("SAML_SUBJECT") == "Azure AD"


def test_a_pair_of_arns_is_a_constant_without_quotes() -> None:
    pair = "arn:aws:iam::253914981264:role/a,arn:aws:iam::253914981264:saml-provider/b"

    assert evaluated(rules=[rule(value=pair)], person=member_of()).one("Role") == pair


# --- user types


@pytest.mark.parametrize(
    ("user_type", "home", "kind"),
    [
        ("Member", "", PersonKind.MEMBER),
        ("Guest", "https://sts.windows.net/tid/", PersonKind.ENTRA_GUEST),
        ("Guest", "live.com", PersonKind.EXTERNAL_GUEST),
        ("Guest", "", PersonKind.EXTERNAL_GUEST),
        ("", "", PersonKind.UNKNOWN),
        ("Robot", "", PersonKind.UNKNOWN),
    ],
)
def test_a_persons_kind_is_read_from_the_assertion(
    user_type: str, home: str, kind: PersonKind
) -> None:
    read = somebody(**{f"{MICROSOFT}/usertype": user_type, f"{MICROSOFT}/identityprovider": home})

    assert read.kind is kind


FITTING = {
    UserType.ANY: set(PersonKind),
    UserType.MEMBERS: {PersonKind.MEMBER},
    UserType.ALL_GUESTS: {PersonKind.ENTRA_GUEST, PersonKind.EXTERNAL_GUEST},
    UserType.ENTRA_GUESTS: {PersonKind.ENTRA_GUEST},
    UserType.EXTERNAL_GUESTS: {PersonKind.EXTERNAL_GUEST},
}


@pytest.mark.parametrize("wanted", list(UserType))
@pytest.mark.parametrize("kind", list(PersonKind))
def test_an_unknown_kind_fits_only_any(wanted: UserType, kind: PersonKind) -> None:
    assert fits(wanted=wanted, kind=kind) is (kind in FITTING[wanted])


def test_a_rule_for_guests_passes_members_by() -> None:
    guests = rule(user_type=UserType.ALL_GUESTS)

    (outcome,) = evaluated(rules=[guests], person=member_of()).outcomes

    assert outcome.result is RuleResult.WRONG_USER_TYPE


# --- groups


def test_left_out_groups_are_never_no_groups() -> None:
    with pytest.raises(GroupsOverage):
        somebody(**{"http://schemas.microsoft.com/claims/groups.link": "https://graph/x"})


def test_more_groups_than_anybody_needs_are_refused() -> None:
    with pytest.raises(TooManyGroups):
        member_of(*(f"g{number}" for number in range(1001)))


def test_a_chosen_groups_attribute_is_the_only_one_read() -> None:
    attributes = {GROUPS: ("a",), "teams": ("b",)}

    chosen = person(name_id="joe", attributes=attributes, groups_attribute="teams")

    assert chosen.groups == {"b"}


# --- saving


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"claim": "role"}, "/claim"),
        ({"claim": "PrincipalTag:"}, "/claim"),
        ({"value": ""}, "/value"),
        ({"value": "user.favouritecolour"}, "/value"),
        ({"value": '""'}, "/value"),
        ({"source": Source.TRANSFORMATION}, "/transformations"),
    ],
)
def test_a_rule_that_could_never_work_is_refused(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ClaimRuleInvalid) as refusal:
        claim_rows.check_rule(rule(**changes))

    assert [error.pointer for error in refusal.value.errors] == [pointer]


@pytest.mark.parametrize("claim", ["Role", "SAML_SUBJECT", "PrincipalTag:Department"])
def test_a_rule_for_a_known_claim_is_taken(claim: str) -> None:
    claim_rows.check_rule(rule(claim=claim, value="user.mail"))


def test_fifty_groups_in_all_are_enough() -> None:
    rules = [rule(n, groups=frozenset({f"g{n}", "shared"})) for n in range(49)]
    claim_rows.check_groups(rules)

    with pytest.raises(TooManyRuleGroups):
        claim_rows.check_groups([*rules, rule(99, groups=frozenset({"g99"}))])


@given(st.lists(st.sets(st.sampled_from("abcdef")), max_size=8), st.sets(st.sampled_from("abcdef")))
def test_the_winner_is_the_last_rule_that_everybody_or_a_group_matches(
    wanted: list[set[str]], groups: set[str]
) -> None:
    rules = [rule(n, groups=frozenset(names)) for n, names in enumerate(wanted)]

    role = evaluated(rules=rules, person=member_of(*groups)).one("Role")

    matching = [n for n, names in enumerate(wanted) if not names or names & groups]
    assert role == (f"role {matching[-1]}" if matching else "")
