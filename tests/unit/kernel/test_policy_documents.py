"""What a policy document may say, and how a fault is named."""

import copy
from typing import Any

import pytest

from governance.kernel.policies import MalformedPolicy, Policy
from governance.kernel.policies.documents import MAX_LENGTH, MAX_STATEMENTS, MAX_VALUES
from governance.tenancy.domain import presets

STATEMENT: dict[str, Any] = {
    "Sid": "Read",
    "Effect": "Allow",
    "Action": "lakewarden:ReadDashboards",
    "Resource": "*",
}
DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def a_document(**elements: object) -> dict[str, Any]:
    """A valid document whose one statement has these elements; None leaves one out."""
    statement = {**copy.deepcopy(STATEMENT), **elements}
    return {
        "Version": "2012-10-17",
        "Statement": [{name: value for name, value in statement.items() if value is not None}],
    }


def faults(document: object) -> dict[str, str]:
    with pytest.raises(MalformedPolicy) as caught:
        Policy.parse(name="p", document=document)
    return {error.pointer: error.detail for error in caught.value.errors}


def test_a_policy_keeps_its_document_as_written() -> None:
    assert Policy.parse(name="p", document=DOCUMENT).document == DOCUMENT


def test_one_statement_may_stand_without_a_list() -> None:
    policy = Policy.parse(name="p", document={"Version": "2012-10-17", "Statement": STATEMENT})

    assert [statement.label for statement in policy.statements] == ["p/Read"]


def test_a_statement_without_sid_is_labelled_by_its_index() -> None:
    statements = [STATEMENT, {**STATEMENT, "Sid": ""}]

    policy = Policy.parse(name="p", document={"Version": "2012-10-17", "Statement": statements})

    assert [statement.label for statement in policy.statements] == ["p/Read", "p/1"]


@pytest.mark.parametrize("document", [None, "{}", [], 7, {1: 2}])
def test_what_is_not_an_object_is_refused(document: object) -> None:
    assert faults(document) == {"": "Write a JSON object here."}


@pytest.mark.parametrize("version", [None, "2008-10-17", "2012-10-18", 2012])
def test_another_version_is_refused(version: object) -> None:
    assert "/Version" in faults({**DOCUMENT, "Version": version})


@pytest.mark.parametrize("statement", [None, [], "x", [STATEMENT] * (MAX_STATEMENTS + 1)])
def test_statements_are_one_or_a_bounded_list(statement: object) -> None:
    assert "/Statement" in faults({**DOCUMENT, "Statement": statement})


def test_every_fault_is_named_at_once() -> None:
    found = faults({"Statement": [STATEMENT, {"Effect": "allow", "Foo": 1}, 3]})

    assert set(found) == {
        "/Version",
        "/Statement/1/Foo",
        "/Statement/1/Action",
        "/Statement/1/Resource",
        "/Statement/1/Effect",
        "/Statement/2",
        "/Statement/2/Action",
        "/Statement/2/Resource",
        "/Statement/2/Effect",
    }


def test_the_refusal_says_its_first_fault() -> None:
    with pytest.raises(MalformedPolicy, match=r"The policy p is not valid\. /Version: Write"):
        Policy.parse(name="p", document={"Statement": STATEMENT})


def test_a_misspelt_element_is_refused_with_its_neighbour() -> None:
    found = faults(a_document(Resources="*"))

    assert found["/Statement/0/Resources"].endswith("Did you mean Resource?")


@pytest.mark.parametrize("name", ["Principal", "NotPrincipal"])
def test_a_principal_is_refused_because_the_policy_belongs_to_a_role(name: str) -> None:
    assert "belongs to a role" in faults(a_document(**{name: "*"}))[f"/Statement/0/{name}"]


@pytest.mark.parametrize("sid", ["no space", "-", 5, "x" * 101])
def test_a_sid_is_letters_and_digits(sid: object) -> None:
    assert "/Statement/0/Sid" in faults(a_document(Sid=sid))


def test_a_sid_is_used_once() -> None:
    assert "/Statement/1/Sid" in faults({**DOCUMENT, "Statement": [STATEMENT, STATEMENT]})


@pytest.mark.parametrize("effect", [None, "allow", "ALLOW", True, ["Allow"]])
def test_an_effect_is_written_as_iam_writes_it(effect: object) -> None:
    assert "/Statement/0/Effect" in faults(a_document(Effect=effect))


@pytest.mark.parametrize("name", ["Action", "Resource"])
def test_an_element_and_its_negation_exclude_each_other(name: str) -> None:
    assert f"/Statement/0/{name}" in faults(a_document(**{f"Not{name}": "*"}))
    assert f"/Statement/0/{name}" in faults(a_document(**{name: None}))


@pytest.mark.parametrize("action", ["", "RunQuery", "lakewarden*", "s3:", "s3:Get Object", "a:b:c"])
def test_an_action_is_a_service_and_a_name(action: str) -> None:
    assert "is no action" in faults(a_document(Action=action))["/Statement/0/Action"]


def test_an_action_of_ours_must_exist() -> None:
    found = faults(a_document(Action=["lakewarden:RunQuerry"]))

    assert found["/Statement/0/Action"].endswith("Did you mean lakewarden:RunQuery?")


@pytest.mark.parametrize(
    "action", ["lakewarden:*", "LAKEWARDEN:runquery", "lakewarden:Read*", "*", "s3:Any"]
)
def test_wildcards_other_cases_and_other_services_name_actions(action: str) -> None:
    assert Policy.parse(name="p", document=a_document(Action=action)).statements


@pytest.mark.parametrize("resource", ["", "dashboard/x", "arn:aws:iam", "arn:*", "${aws:username}"])
def test_a_resource_is_everything_or_a_whole_arn(resource: str) -> None:
    assert "/Statement/0/Resource" in faults(a_document(Resource=resource))


@pytest.mark.parametrize("resource", [[], ["*"] * (MAX_VALUES + 1)])
def test_values_are_bounded_in_number(resource: object) -> None:
    assert "/Statement/0/Resource" in faults(a_document(Resource=resource))


def test_a_value_is_a_string_of_bounded_length() -> None:
    found = faults(
        a_document(Resource=["*", {}, "x" * (MAX_LENGTH + 1)], Action=None, NotAction={})
    )

    assert {"/Statement/0/Resource/1", "/Statement/0/Resource/2"} <= set(found)
    assert "/Statement/0/NotAction" in found


@pytest.mark.parametrize(
    ("condition", "pointer"),
    [
        ("x", "/Statement/0/Condition"),
        ({"StringEquals": "x"}, "/Statement/0/Condition/StringEquals"),
        ({"StringEquals": {}}, "/Statement/0/Condition/StringEquals"),
        ({"StringEquals": {"key": "v"}}, "/Statement/0/Condition/StringEquals/key"),
        ({"StringEquals": {"a:k": []}}, "/Statement/0/Condition/StringEquals/a:k"),
        ({"StringEquals": {"a:k": "1", "A:K": "2"}}, "/Statement/0/Condition/StringEquals/A:K"),
        ({"StringEquals": {"a:k/l": "${ab}"}}, "/Statement/0/Condition/StringEquals/a:k~1l"),
        ({"stringequals": {"a:k": "v"}}, "/Statement/0/Condition/stringequals/a:k"),
        (
            {"ForSomeValues:StringLike": {"a:k": "v"}},
            "/Statement/0/Condition/ForSomeValues:StringLike/a:k",
        ),
        ({"NumericEquals": {"a:k": "ten"}}, "/Statement/0/Condition/NumericEquals/a:k"),
        ({"NumericEquals": {"a:k": "NaN"}}, "/Statement/0/Condition/NumericEquals/a:k"),
        ({"NumericEquals": {"a:k": "\uff11"}}, "/Statement/0/Condition/NumericEquals/a:k"),
        ({"DateLessThan": {"a:k": "soon"}}, "/Statement/0/Condition/DateLessThan/a:k"),
        ({"Bool": {"a:k": "yes"}}, "/Statement/0/Condition/Bool/a:k"),
        ({"Null": {"a:k": "maybe"}}, "/Statement/0/Condition/Null/a:k"),
        ({"NullIfExists": {"a:k": "true"}}, "/Statement/0/Condition/NullIfExists/a:k"),
        ({"ForAnyValue:Null": {"a:k": "true"}}, "/Statement/0/Condition/ForAnyValue:Null/a:k"),
        ({"ArnLike": {"a:k": "role/x"}}, "/Statement/0/Condition/ArnLike/a:k"),
    ],
)
def test_a_condition_fault_points_at_its_key(condition: object, pointer: str) -> None:
    assert pointer in faults(a_document(Condition=condition))


def test_numbers_and_booleans_may_stand_unquoted() -> None:
    condition = {"NumericLessThan": {"a:k": [10, 0.5]}, "Bool": {"a:b": True}}

    assert Policy.parse(name="p", document=a_document(Condition=condition)).statements


def test_an_empty_condition_asks_nothing() -> None:
    assert Policy.parse(name="p", document=a_document(Condition={})).statements[0].conditions == ()


@pytest.mark.parametrize("preset", presets.Preset)
def test_each_preset_is_a_valid_policy_with_a_description(preset: presets.Preset) -> None:
    assert Policy.parse(name=preset.value, document=presets.DOCUMENTS[preset]).statements
    assert presets.DESCRIPTIONS[preset]
