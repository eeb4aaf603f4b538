"""Policy variables take a value from who asks, never a wildcard."""

import pytest
from hypothesis import given, strategies

from governance.kernel.policies import MalformedPolicy, Policy, decide

OWN = "arn:aws:lakewarden::253914981264:dashboard/${aws:username}"
TEAM = "arn:aws:lakewarden::253914981264:dashboard/${aws:PrincipalTag/team, 'public'}-*"


def policy(resource: str, **condition: object) -> Policy:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": "lakewarden:ReadDashboards",
        "Resource": resource,
    }
    if condition:
        statement["Condition"] = condition
    return Policy.parse(name="p", document={"Version": "2012-10-17", "Statement": statement})


def allowed(parsed: Policy, name: str, **context: object) -> bool:
    keys = {key.replace("_", ":", 1).replace("__", "/"): value for key, value in context.items()}
    return decide(
        policies=[parsed],
        action="lakewarden:ReadDashboards",
        resource=f"arn:aws:lakewarden::253914981264:dashboard/{name}",
        context=keys,
    ).allowed


def test_a_person_reaches_what_bears_their_name() -> None:
    assert allowed(policy(OWN), "author/joe", aws_username="author/joe")
    assert not allowed(policy(OWN), "author/joe", aws_username="author/ann")


def test_a_missing_variable_matches_nothing_unless_it_has_a_default() -> None:
    assert not allowed(policy(OWN), "")
    assert not allowed(policy(OWN), "${aws:username}")
    assert allowed(policy(TEAM), "public-sales")
    assert allowed(policy(TEAM), "blue-sales", aws_PrincipalTag__team="blue")
    assert not allowed(policy(TEAM), "public-sales", aws_PrincipalTag__team="blue")


@pytest.mark.parametrize("name", ["*", "?", "${*}", "a:b"])
def test_what_a_variable_brings_is_never_a_wildcard(name: str) -> None:
    assert not allowed(policy(OWN), "author/joe", aws_username=name)


def test_a_variable_with_several_values_matches_nothing() -> None:
    assert not allowed(policy(OWN), "a", aws_username=["a", "b"])


def test_conditions_compare_with_variables() -> None:
    same = policy("*", StringEquals={"lakewarden:Owner": "${aws:username}"})
    any_case = policy("*", StringEqualsIgnoreCase={"lakewarden:Owner": "${aws:username}"})
    other = policy("*", StringNotEquals={"lakewarden:Owner": "${aws:username}"})

    assert allowed(same, "x", lakewarden_Owner="joe", aws_username="joe")
    assert not allowed(same, "x", lakewarden_Owner="JOE", aws_username="joe")
    assert allowed(any_case, "x", lakewarden_Owner="JOE", aws_username="jOe")
    assert allowed(other, "x", lakewarden_Owner="ann", aws_username="joe")
    assert not allowed(other, "x", lakewarden_Owner="joe", aws_username="joe")


@pytest.mark.parametrize("text", ["${}", "${aws}", "${aws:username, default}", "${aws:}"])
def test_a_malformed_variable_is_refused_when_saved(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        policy(f"arn:aws:lakewarden::253914981264:dashboard/{text}")


@given(strategies.text(min_size=1), strategies.text(min_size=1))
def test_a_variable_matches_its_own_value_alone(value: str, asked: str) -> None:
    named = policy("*", StringLike={"lakewarden:Owner": "${aws:username}"})

    assert allowed(named, "x", lakewarden_Owner=asked, aws_username=value) is (asked == value)


def test_an_allow_that_leaves_out_something_unknown_grants_nothing() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "lakewarden:ReadDashboards",
        "NotResource": "arn:aws:lakewarden::253914981264:dashboard/${aws:username}",
    }
    others = Policy.parse(name="p", document={"Version": "2012-10-17", "Statement": statement})
    not_mine = policy("*", StringNotEquals={"lakewarden:Owner": "${aws:username}"})

    assert not allowed(others, "x")
    assert allowed(others, "x", aws_username="joe")
    assert not allowed(not_mine, "x", lakewarden_Owner="ann")


def test_a_deny_that_leaves_out_something_unknown_denies() -> None:
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "NotResource": "arn:aws:lakewarden::253914981264:dashboard/${aws:username}",
    }
    denying = Policy.parse(name="d", document={"Version": "2012-10-17", "Statement": deny})

    answer = decide(
        policies=[policy("*"), denying],
        action="lakewarden:ReadDashboards",
        resource="arn:aws:lakewarden::253914981264:dashboard/x",
        context={},
    )

    assert not answer.allowed
