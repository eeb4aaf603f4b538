"""The evaluator against a slow, obvious model; and that no pattern makes it slow."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from governance.kernel.policies import Policy, decide
from governance.kernel.policies.patterns import compile_names, compile_texts

LETTERS = st.text(alphabet="ab:*?", max_size=8)
VALUES = st.text(alphabet="ab:\n", max_size=10)
WORD = st.text(alphabet="ab", max_size=3)
GLOB = st.text(alphabet="ab*?", min_size=1, max_size=4)


def obvious_match(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return obvious_match(pattern[1:], value) or (
            bool(value) and obvious_match(pattern, value[1:])
        )
    return bool(value) and pattern[0] in {"?", value[0]} and obvious_match(pattern[1:], value[1:])


def obvious_name_match(pattern: str, name: str) -> bool:
    if pattern == "*":
        return True
    wanted, given_parts = pattern.split(":", 5), name.split(":", 5)
    return len(given_parts) == len(wanted) and all(map(obvious_match, wanted, given_parts))


@given(pattern=LETTERS, value=VALUES)
def test_a_pattern_matches_what_the_obvious_model_matches(pattern: str, value: str) -> None:
    assert compile_texts([pattern]).match(value, {}) is obvious_match(pattern, value)


@given(patterns=st.lists(LETTERS, max_size=4), value=VALUES)
def test_several_patterns_match_where_one_of_them_does(patterns: list[str], value: str) -> None:
    expected = any(obvious_match(pattern, value) for pattern in patterns)

    assert compile_texts(patterns).match(value, {}) is expected


NAME_PARTS = st.lists(WORD, min_size=5, max_size=8).map(":".join)
NAME_PATTERNS = st.lists(st.text(alphabet="ab*?", max_size=3), min_size=6, max_size=7).map(":".join)


@given(pattern=NAME_PATTERNS, name=NAME_PARTS)
def test_a_name_matches_part_by_part_as_in_the_obvious_model(pattern: str, name: str) -> None:
    assert compile_names([pattern]).match(name, {}) is obvious_name_match(pattern, name)


KEYS = st.sampled_from(["aws:a", "aws:b"])
CONDITIONS = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringLikeIfExists"]
    ),
    st.dictionaries(KEYS, st.lists(GLOB, min_size=1, max_size=2), min_size=1, max_size=2),
    max_size=2,
)
RESOURCES = st.one_of(st.just("*"), NAME_PATTERNS)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(
            st.lists(GLOB.map("a:".__add__), min_size=1, max_size=2)
        ),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(
            st.lists(RESOURCES, min_size=1, max_size=2)
        ),
        "Condition": draw(CONDITIONS),
    }


def obvious_condition(operator: str, patterns: list[str], value: str | None) -> bool:
    negated = "Not" in operator
    if value is None:
        return negated or operator.endswith("IfExists")
    if "Equals" in operator:
        return (value in patterns) is not negated
    return any(obvious_match(pattern, value) for pattern in patterns) is not negated


def obvious_applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]
) -> bool:
    actions = statement.get("Action") or statement["NotAction"]
    resources = statement.get("Resource") or statement["NotResource"]
    return (
        any(obvious_match(each, action) for each in actions) is ("Action" in statement)
        and any(obvious_name_match(each, resource) for each in resources)
        is ("Resource" in statement)
        and all(
            obvious_condition(operator, patterns, context.get(key))
            for operator, keys in statement["Condition"].items()
            for key, patterns in keys.items()
        )
    )


def obvious_answer(
    documents: list[list[dict[str, Any]]], action: str, resource: str, context: Mapping[str, str]
) -> tuple[bool, str | None]:
    applying = [
        (statement["Effect"], f"p{number}/{index}")
        for number, document in enumerate(documents)
        for index, statement in enumerate(document)
        if obvious_applies(statement, action, resource, context)
    ]
    denying = [label for effect, label in applying if effect == "Deny"]
    allowing = [label for effect, label in applying if effect == "Allow"]
    return bool(allowing and not denying), next(iter([*denying, *allowing]), None)


@settings(max_examples=300)
@given(
    documents=st.lists(st.lists(statements(), min_size=1, max_size=3), max_size=3),
    action=WORD.map("a:".__add__),
    resource=st.one_of(st.just("*"), NAME_PARTS),
    context=st.dictionaries(KEYS, WORD),
)
def test_a_decision_is_that_of_the_obvious_model(
    documents: list[list[dict[str, Any]]], action: str, resource: str, context: dict[str, str]
) -> None:
    policies = [
        Policy.parse(name=f"p{number}", document={"Version": "2012-10-17", "Statement": document})
        for number, document in enumerate(documents)
    ]

    decision = decide(policies=policies, action=action, resource=resource, context=context)

    expected = obvious_answer(documents, action, resource, context)
    assert (decision.allowed, decision.statement) == expected


@pytest.mark.parametrize("pattern", ["*a" * 40 + "c", "?*" * 60 + "c", "*" * 200 + "c", "a*" * 60])
def test_no_pattern_makes_matching_slow(pattern: str) -> None:
    value = "a" * 4000 + "b"
    name = f"arn:aws:s3:{value}:{value}:"
    started = time.process_time()

    compile_texts([pattern]).match(value, {})
    compile_names([f"arn:aws:{pattern}:{pattern}:{pattern}:{pattern}"]).match(name + value, {})

    assert time.process_time() - started < 0.5
