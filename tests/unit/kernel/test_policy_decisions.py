"""Who wins, what matches, and what a condition says."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from governance.kernel.actions import Action
from governance.kernel.policies import Decision, Policy, Reason, decide
from governance.tenancy.domain import presets

SALES = "arn:aws:lakewarden::123456789012:dashboard/sales"


def a_policy(*statements: dict[str, Any], name: str = "p") -> Policy:
    full = [{"Effect": "Allow", **each} for each in statements]
    for each in full:
        if "NotAction" not in each:
            each.setdefault("Action", "*")
        if "NotResource" not in each:
            each.setdefault("Resource", "*")
    return Policy.parse(name=name, document={"Version": "2012-10-17", "Statement": full})


def decided(
    *policies: Policy,
    action: str = "lakewarden:RunQuery",
    resource: str = SALES,
    context: dict[str, object] | None = None,
) -> Decision:
    return decide(policies=policies, action=action, resource=resource, context=context or {})


def holds(condition: dict[str, Any], **context: object) -> bool:
    """Whether the condition holds where the request says these things of `aws:<name>`."""
    keys = {f"aws:{name}": value for name, value in context.items()}
    return decided(a_policy({"Condition": condition}), context=keys).allowed


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert decided() == Decision(allowed=False, reason=Reason.DEFAULT_DENY)
    assert decided(a_policy({"Action": "s3:*"})) == Decision(
        allowed=False, reason=Reason.DEFAULT_DENY
    )


def test_the_first_statement_that_allows_is_named() -> None:
    first = a_policy({"Action": "s3:*"}, {"Sid": "Queries"}, {"Sid": "Again"}, name="first")

    decision = decided(first, a_policy({}, name="second"))

    assert decision == Decision(
        allowed=True, reason=Reason.EXPLICIT_ALLOW, statement="first/Queries"
    )


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    denying = a_policy({}, {"Effect": "Deny", "Sid": "Never"}, name="denying")

    for policies in ((a_policy({}), denying), (denying, a_policy({}))):
        assert decided(*policies) == Decision(
            allowed=False, reason=Reason.EXPLICIT_DENY, statement="denying/Never"
        )


def test_a_deny_that_does_not_apply_denies_nothing() -> None:
    assert decided(a_policy({}, {"Effect": "Deny", "Action": "s3:*"})).allowed


@pytest.mark.parametrize(
    "action", ["lakewarden:runquery", "LAKEWARDEN:RUN*", "lakewarden:RunQuer?"]
)
def test_actions_match_in_any_case_and_by_wildcards(action: str) -> None:
    assert decided(a_policy({"Action": action})).allowed


def test_not_action_matches_every_other_action() -> None:
    policy = a_policy({"NotAction": ["lakewarden:Run*", "s3:*"]})

    assert not decided(policy).allowed
    assert decided(policy, action=Action.READ_AUDIT).allowed


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (SALES, True),
        ("*", True),
        ("arn:aws:lakewarden::*:dashboard/*", True),
        ("arn:aws:lakewarden::123456789012:*", True),
        ("arn:aws:lakewarden::??????????12:dashboard/s*es", True),
        ("arn:aws:*:*:*:*", True),
        ("arn:aws:lakewarden::123456789012:Dashboard/sales", False),
        ("arn:aws:lakewarden:*:dashboard/sales:x:y", False),
        ("arn:aws:lakewarden::123456789012:dashboard/sale", False),
        ("arn:aws:lakewarden::1*3:dashboard/sales", False),
    ],
)
def test_resources_match_part_by_part(pattern: str, *, matches: bool) -> None:
    assert decided(a_policy({"Resource": pattern})).allowed is matches
    assert decided(a_policy({"NotResource": pattern})).allowed is not matches


def test_a_wildcard_stays_within_its_part_of_a_name() -> None:
    policy = a_policy({"Resource": "arn:aws:s3:*:1:x"})

    assert decided(policy, resource="arn:aws:s3:eu:1:x").allowed
    assert not decided(policy, resource="arn:aws:s3:eu:2:1:x").allowed


def test_a_wildcard_in_the_last_part_crosses_colons() -> None:
    policy = a_policy({"Resource": "arn:aws:logs:::group:*:x"})

    assert decided(policy, resource="arn:aws:logs:::group:a:b:x").allowed


def test_only_everything_covers_a_question_about_nothing_in_particular() -> None:
    assert decided(a_policy({}), resource="*").allowed
    assert not decided(a_policy({"Resource": SALES}), resource="*").allowed


def test_escapes_stand_for_the_characters_themselves() -> None:
    assert holds({"StringLike": {"aws:k": "a${*}b"}}, k="a*b")
    assert not holds({"StringLike": {"aws:k": "a${*}b"}}, k="axb")
    assert holds({"StringEquals": {"aws:k": "${$}${?}*"}}, k="$?*")


@pytest.mark.parametrize(
    ("operator", "value", "asked", "expected"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIgnoreCase", "Ab", "aB", True),
        ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
        ("StringLike", "a*c?", "abbcd", True),
        ("StringLike", "a?c", "ac", False),
        ("StringLike", "A*", "ab", False),
        ("StringNotLike", ["a*", "b*"], "ba", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", "10", 10, True),
        ("NumericNotEquals", ["1", "2"], 2, False),
        ("NumericNotEquals", ["1", "2"], 3, True),
        ("NumericLessThan", "9007199254740993", 9007199254740992, True),
        ("NumericLessThan", "1", 1, False),
        ("NumericLessThanEquals", "1", 1, True),
        ("NumericGreaterThan", "-1", "-0.5", True),
        ("NumericGreaterThan", "1", 1, False),
        ("NumericGreaterThanEquals", "1", 1, True),
        ("NumericEquals", "1", "one", False),
        ("NumericNotEquals", "1", "one", True),
        ("NumericEquals", "1", True, False),
        ("DateEquals", "2026-01-31T09:00:00Z", "2026-01-31T10:00:00+01:00", True),
        ("DateEquals", "1769850000", "2026-01-31T09:00:00Z", True),
        ("DateNotEquals", "2026-01-31", "2026-01-31T00:00:00", False),
        ("DateLessThan", "2026-01-31", datetime(2026, 1, 30, 23, 59, tzinfo=UTC), True),
        ("DateLessThan", "2026-01-31", "2026-01-31", False),
        ("DateLessThanEquals", "2026-01-31", "2026-01-31", True),
        ("DateGreaterThan", "2026-01-31", "2026-02-01", True),
        ("DateGreaterThanEquals", "2026-01-31", "2026-01-30", False),
        ("DateEquals", "2026-01-31", "never", False),
        ("DateNotEquals", "2026-01-31", "never", True),
        ("Bool", "true", True, True),
        ("Bool", "false", False, True),
        ("Bool", ["true", "false"], "TRUE", True),
        ("Bool", "true", "yes", False),
        ("ArnEquals", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", True),
        ("ArnLike", "arn:aws:iam::1:role/?", "arn:aws:iam::1:role/ab", False),
        ("ArnLike", "arn:aws:iam::1:role/a", "no name", False),
        ("ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a", False),
        ("ArnNotLike", "arn:aws:iam::1:role/a*", "arn:aws:iam::2:role/a", True),
    ],
)
def test_an_operator_compares(
    operator: str, value: object, asked: object, *, expected: bool
) -> None:
    assert holds({operator: {"aws:k": value}}, k=asked) is expected


@pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIgnoreCase", "StringLike"])
@pytest.mark.parametrize("missing", [{}, {"k": None}, {"k": []}])
def test_a_missing_key_matches_only_what_is_negated(
    operator: str, missing: dict[str, object]
) -> None:
    negated = operator.replace("String", "StringNot")

    assert not holds({operator: {"aws:k": "v"}}, **missing)
    assert holds({negated: {"aws:k": "v"}}, **missing)


@pytest.mark.parametrize(
    ("operator", "value"),
    [("NumericEquals", "1"), ("DateEquals", "1"), ("Bool", "true"), ("ArnEquals", "*")],
)
def test_if_exists_holds_where_the_key_is_missing_and_compares_where_it_is_not(
    operator: str, value: str
) -> None:
    assert not holds({operator: {"aws:k": value}})
    assert holds({f"{operator}IfExists": {"aws:k": value}})
    assert holds({f"{operator}IfExists": {"aws:k": value}}, k=value)


def test_if_exists_compares_a_key_that_is_there() -> None:
    assert not holds({"StringEqualsIfExists": {"aws:k": "v"}}, k="other")


@pytest.mark.parametrize("empty", [{}, {"k": None}, {"k": []}, {"k": ()}])
def test_null_asks_whether_the_key_is_missing(empty: dict[str, object]) -> None:
    assert holds({"Null": {"aws:k": "true"}}, **empty)
    assert not holds({"Null": {"aws:k": False}}, **empty)
    assert holds({"Null": {"aws:k": ["true", "false"]}}, **empty)


def test_null_false_asks_for_the_key() -> None:
    assert holds({"Null": {"aws:k": "false"}}, k="")
    assert not holds({"Null": {"aws:k": "true"}}, k="x")


def test_all_operators_and_all_keys_must_hold() -> None:
    condition = {"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}}

    assert holds(condition, a="1", b="2", c=True)
    assert not holds(condition, a="1", b="2", c=False)
    assert not holds(condition, a="1", c=True)


def test_keys_match_in_any_case() -> None:
    assert holds({"StringEquals": {"AWS:PrincipalTag/Team": "x"}}, **{"principaltag/TEAM": "x"})


@pytest.mark.parametrize("several", [["a", "b"], ("a", "b"), {"a", "b"}, frozenset({"a", "b"})])
def test_of_several_values_one_must_match_and_none_for_a_negation(several: object) -> None:
    assert holds({"StringEquals": {"aws:k": "a"}}, k=several)
    assert not holds({"StringNotEquals": {"aws:k": "a"}}, k=several)
    assert holds({"StringNotEquals": {"aws:k": "c"}}, k=several)


def test_for_any_value_asks_for_one() -> None:
    one = {"ForAnyValue:StringEquals": {"aws:k": ["a", "z"]}}

    assert holds(one, k=["a", "b"])
    assert not holds(one, k=["b", "c"])
    assert not holds(one)
    assert holds({"ForAnyValue:StringNotEquals": {"aws:k": "a"}}, k=["a", "b"])
    assert not holds({"ForAnyValue:StringNotEquals": {"aws:k": "a"}}, k=["a"])
    assert not holds({"ForAnyValue:StringNotEquals": {"aws:k": "a"}})
    assert holds({"ForAnyValue:StringEqualsIfExists": {"aws:k": "a"}})


def test_for_all_values_asks_for_every_one_and_holds_for_none() -> None:
    every = {"ForAllValues:StringLike": {"aws:k": ["a*", "b*"]}}

    assert holds(every, k=["ax", "bx"])
    assert not holds(every, k=["ax", "cx"])
    assert holds(every)
    assert holds({"ForAllValues:StringNotEquals": {"aws:k": "a"}}, k=["b", "c"])
    assert not holds({"ForAllValues:StringNotEquals": {"aws:k": "a"}}, k=["a", "c"])


def test_a_time_in_the_request_keeps_its_offset() -> None:
    asked = datetime(2026, 1, 31, 0, 30, tzinfo=timezone(timedelta(hours=1)))

    assert holds({"DateLessThan": {"aws:CurrentTime": "2026-01-31T00:00:00Z"}}, currenttime=asked)


ADMIN_MAY_NOT = {Action.APPROVE_ERASURE, Action.MANAGE_NAMESPACES}
OFFICER_MAY = {
    Action.OPEN_ADMIN,
    Action.READ_ERASURE,
    Action.APPROVE_ERASURE,
    Action.MANAGE_LEGAL_HOLDS,
    Action.READ_AUDIT,
}
READER_MAY = {Action.READ_DASHBOARDS, Action.READ_USAGE}
AUTHOR_MAY = READER_MAY | {Action.RUN_QUERY, Action.MANAGE_DASHBOARDS, Action.READ_ENGINES}


@pytest.mark.parametrize(
    ("preset", "allowed"),
    [
        (presets.Preset.ADMIN, set(Action) - ADMIN_MAY_NOT),
        (presets.Preset.OFFICER, OFFICER_MAY),
        (presets.Preset.AUTHOR, AUTHOR_MAY),
        (presets.Preset.READER, READER_MAY),
    ],
)
def test_a_preset_allows_exactly_what_its_people_do(
    preset: presets.Preset, allowed: set[Action]
) -> None:
    policy = Policy.parse(name=preset, document=presets.DOCUMENTS[preset])

    assert {action for action in Action if decided(policy, action=action).allowed} == allowed
