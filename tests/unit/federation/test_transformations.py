"""Entra's transformations, each as its documentation describes it."""

import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from federation.domain.attributes import person
from federation.domain.claim_rows import ClaimRuleInvalid, steps
from federation.domain.regular_expressions import compiled, filled, rewritten
from federation.domain.transformations import PARAMETERS, Function, transformed

ATTRIBUTES = {
    "mail": ("joe_smith@contoso.example",),
    "id": ("BSimon_US_4223",),
    "empty": (),
    "country": ("US",),
    "many": ("Alpha", "Beta"),
    "text": ("finance-eu-42",),
}
SOMEBODY = person(name_id="joe@contoso.example", attributes=ATTRIBUTES)


def made(*rows: dict[str, Any]) -> tuple[str, ...]:
    return transformed(steps=steps(rows), person=SOMEBODY)


def step(function: str, *parameters: str, **extras: Any) -> dict[str, Any]:
    return {"function": function, "parameters": list(parameters), **extras}


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (step("ExtractMailPrefix", "mail"), ["joe_smith"]),
        (step("ExtractMailPrefix()", "mail"), ["joe_smith"]),
        (step("ExtractMailPrefix", "country"), ["US"]),
        (step("ExtractMailPrefix", "empty"), []),
        (step("ExtractMailPrefix", "nameid"), ["joe"]),
        (step("Join", "id", "@", "country"), ["BSimon_US_4223@US"]),
        (step("Join", "id", "@", '"fixed.example"'), ["BSimon_US_4223@fixed.example"]),
        (step("Join", "id", "@", "empty"), []),
        (step("ToLowercase", "id"), ["bsimon_us_4223"]),
        (step("ToUppercase", "mail"), ["JOE_SMITH@CONTOSO.EXAMPLE"]),
        (step("ToUppercase", '"constant"'), ["CONSTANT"]),
        (step("Contains", "mail", "@contoso", "inside", "outside"), ["inside"]),
        (step("Contains", "mail", "@other", "inside", "outside"), ["outside"]),
        (step("Contains", "mail", "@other", "inside"), []),
        (step("Contains", "empty", "x", "inside"), []),
        (step("StartWith", "country", "U", "yes"), ["yes"]),
        (step("StartWith", "country", "S", "yes"), []),
        (step("EndWith", "id", "4223", "user.mail"), ["joe_smith@contoso.example"]),
        (step("EndWith", "id", "0000", "yes", '"no"'), ["no"]),
        (step("ExtractAfter", "text", "finance-"), ["eu-42"]),
        (step("ExtractAfter", "text", "none"), []),
        (step("ExtractBefore", "id", "_US"), ["BSimon"]),
        (step("ExtractBefore", "id", "none"), []),
        (step("ExtractBetween", "text", "finance-", "-42"), ["eu"]),
        (step("ExtractBetween", "text", "finance-", "!"), []),
        (step("ExtractAlphaPrefix", "id"), ["BSimon"]),
        (step("ExtractAlphaSuffix", "country"), ["US"]),
        (step("ExtractNumericSuffix", "id"), ["4223"]),
        (step("ExtractNumericPrefix", "id"), []),
        (step("IfEmpty", "empty", "fallback"), ["fallback"]),
        (step("IfEmpty", "country", "fallback", "user.mail"), ["joe_smith@contoso.example"]),
        (step("IfEmpty", "country", "fallback"), []),
        (step("IfNotEmpty", "country", "there"), ["there"]),
        (step("IfNotEmpty", "empty", "there", '"gone"'), ["gone"]),
        (step("Substring", "id", "0", "6"), ["BSimon"]),
        (step("Substring", "id", "10"), ["4223"]),
        (step("Substring", "id", "99"), []),
        (step("ToLowercase", "many"), ["alpha"]),
        (step("ToLowercase", "many", multivalued=True), ["alpha", "beta"]),
        (step("RegexReplace", "id", r"(?'n'[A-Za-z]+)_(?<c>[A-Z]+)_.*", "{n}.{c}"), ["BSimon.US"]),
        (step("RegexReplace", "id", r"^x", "{0}"), []),
        (step("RegexReplace", "id", r"^x", "{0}", "none"), ["none"]),
        (step("RegexReplace", "id", r"(?i)bsimon", "found"), ["found"]),
        (step("RegexReplace", "id", r"BS(?i)IMON", "found"), ["found"]),
        (step("RegexReplace", "id", r"(\d+)$", "{1}{1}"), ["42234223"]),
    ],
)
def test_a_transformation_gives(row: dict[str, Any], values: list[str]) -> None:
    assert list(made(row)) == values


def test_the_second_works_on_what_the_first_gave() -> None:
    assert made(step("ExtractMailPrefix", "mail"), {"function": "ToUppercase"}) == ("JOE_SMITH",)


def test_the_second_may_add_another_attribute() -> None:
    joined = {"function": "Join", "parameters": {"separator": ".", "second": "country"}}

    assert made(step("ExtractMailPrefix", "mail"), joined) == ("joe_smith.US",)


def test_on_the_name_id_join_drops_the_first_inputs_domain() -> None:
    joined = steps([step("Join", "mail", "@", '"fabrikam.example"')])

    elsewhere = transformed(steps=joined, person=SOMEBODY)
    on_name_id = transformed(steps=joined, person=SOMEBODY, on_name_id=True)

    assert elsewhere == ("joe_smith@contoso.example@fabrikam.example",)
    assert on_name_id == ("joe_smith@fabrikam.example",)


def test_on_the_name_id_nothing_else_loses_its_domain() -> None:
    lower = steps([step("ToLowercase", "mail")])

    assert transformed(steps=lower, person=SOMEBODY, on_name_id=True) == transformed(
        steps=lower, person=SOMEBODY
    )


def test_parameters_of_its_own_are_filled_into_the_replacement() -> None:
    row = {
        "function": "RegexReplace",
        "parameters": {
            "input": "id",
            "pattern": r"^([A-Za-z]+)_",
            "replacement": "{1}@{home}",
            "home": "country",
        },
    }

    assert made(row) == ("BSimon@US",)


def test_an_expression_that_explodes_elsewhere_is_linear_here() -> None:
    began = time.perf_counter()

    filled(pattern=r"^(a+)+$", template="{0}", text="a" * 2_000 + "!", extras={})

    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"(?'n'x)", r"(?P<n>x)"),
        (r"(?<n>x)", r"(?P<n>x)"),
        (r"\(?'n'x", r"\(?'n'x"),
        (r"[(?'n'x)]", r"[(?'n'x)]"),
        (r"[]a(?'n']", r"[]a(?'n']"),
    ],
)
def test_named_groups_of_dotnet_are_rewritten(written: str, read: str) -> None:
    assert rewritten(written) == read


@pytest.mark.parametrize(
    "rows",
    [
        [{"function": "Explode", "parameters": {}}],
        [{"function": "ExtractMailPrefix", "parameters": {}}],
        [{"function": "ExtractMailPrefix", "parameters": {"input": "mail", "other": "x"}}],
        [{"function": "ExtractMailPrefix", "parameters": ["a", "b"]}],
        [{"function": "ExtractMailPrefix", "parameters": 7}],
        [{"function": "ToLowercase", "parameters": {"input": "x" * 3_000}}],
        [{"function": "Substring", "parameters": ["id", "-1"]}],
        [{"function": "Substring", "parameters": ["id", ""]}],
        [{"function": "ExtractAfter", "parameters": ["id", ""]}],
        [{"function": "Substring", "parameters": ["id", "1", "two"]}],
        [{"function": "RegexReplace", "parameters": ["id", "(", "x"]}],
        [{"function": "RegexReplace", "parameters": ["id", r"(a)\1", "x"]}],
        [{"function": "RegexReplace", "parameters": ["id", "a(?=b)", "x"]}],
        [{"function": "RegexReplace", "parameters": ["id", "a", "{nobody}"]}],
        [{"function": "RegexReplace", "parameters": ["id", "(a)", "{2}"]}],
        [
            {
                "function": "RegexReplace",
                "parameters": {"input": "id", "pattern": "a", "replacement": "b", "c": "mail"},
            }
        ],
        [step("ToLowercase", "mail")] * 3,
        ["ToLowercase"],
    ],
)
def test_what_could_not_run_is_refused_when_it_is_saved(rows: list[Any]) -> None:
    with pytest.raises(ClaimRuleInvalid):
        steps(rows)


def test_every_function_is_described() -> None:
    assert set(PARAMETERS) == set(Function)


@given(st.sampled_from(list(Function)), st.lists(st.text(max_size=12), min_size=4, max_size=4))
def test_whatever_is_saved_runs_without_failing(function: Function, texts: list[str]) -> None:
    names = PARAMETERS[function][1]
    try:
        written = steps([{"function": function.value, "parameters": texts[: len(names)]}])
    except ClaimRuleInvalid:
        return

    assert all(isinstance(value, str) for value in transformed(steps=written, person=SOMEBODY))


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_pattern_either_compiles_or_is_refused(pattern: str, text: str) -> None:
    try:
        compiled(pattern)
    except ValueError:
        return

    filled(pattern=pattern, template="{0}", text=text, extras={})
