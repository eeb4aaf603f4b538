"""Workload rules: what may be said, which rule wins."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from usage_limits.domain import rules
from usage_limits.domain.rules import Metric, Operator, Predicate, Rule, RuleAction

MORE_THAN_A_TERABYTE = Predicate(
    metric=Metric.SPECTRUM_SCAN_SIZE_MB, operator=Operator.GREATER, value=2**20
)
BIG_SCANS = Rule(name="big_scans", predicates=(MORE_THAN_A_TERABYTE,), action=RuleAction.ABORT)
SLOW = Rule(
    name="slow",
    predicates=(
        Predicate(metric=Metric.QUERY_EXECUTION_TIME, operator=Operator.GREATER, value=60),
        Predicate(metric=Metric.QUERY_PRIORITY, operator=Operator.LESS, value="HIGH"),
    ),
    action=RuleAction.LOG,
)


def test_a_query_that_scans_more_than_a_terabyte_is_stopped() -> None:
    assert not BIG_SCANS.matches({Metric.SPECTRUM_SCAN_SIZE_MB: 2**20})
    assert BIG_SCANS.matches({Metric.SPECTRUM_SCAN_SIZE_MB: 2**20 + 1})


def test_predicates_are_joined_by_and() -> None:
    measures: rules.Measures = {
        Metric.QUERY_EXECUTION_TIME: Fraction(61),
        Metric.QUERY_PRIORITY: 2,
    }

    assert SLOW.matches(measures)
    assert not SLOW.matches({**measures, Metric.QUERY_PRIORITY: 3})
    assert not SLOW.matches({**measures, Metric.QUERY_EXECUTION_TIME: Fraction(60)})


def test_what_is_not_measured_yet_matches_no_predicate() -> None:
    assert not SLOW.matches({Metric.QUERY_EXECUTION_TIME: Fraction(61)})


@pytest.mark.parametrize(
    ("operator", "held"),
    [
        (Operator.EQUAL, [False, True, False]),
        (Operator.LESS, [True, False, False]),
        (Operator.GREATER, [False, False, True]),
    ],
)
def test_each_operator_compares_as_it_reads(operator: Operator, held: list[bool]) -> None:
    predicate = Predicate(metric=Metric.SCAN_ROW_COUNT, operator=operator, value=5)

    assert [predicate.holds({Metric.SCAN_ROW_COUNT: found}) for found in (4, 5, 6)] == held


def test_a_rule_reads_as_a_condition() -> None:
    assert str(SLOW) == "query_execution_time > 60 and query_priority < HIGH"


@pytest.mark.parametrize("name", ["", "a" * 33, "a b", "ä", "a-b", "a\n"])
def test_a_name_that_is_not_plain_is_refused_when_saved(name: str) -> None:
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.check_rule(replace(SLOW, name=name))

    assert [error.pointer for error in refused.value.errors] == ["/name"]


@pytest.mark.parametrize("count", [0, 4])
def test_a_rule_has_one_to_three_predicates(count: int) -> None:
    with pytest.raises(rules.RuleInvalid):
        rules.check_rule(replace(SLOW, predicates=(MORE_THAN_A_TERABYTE,) * count))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (Metric.QUERY_EXECUTION_TIME, 86_400),
        (Metric.QUERY_QUEUE_TIME, -1),
        (Metric.SCAN_ROW_COUNT, "5"),
        (Metric.SCAN_ROW_COUNT, True),
        (Metric.SPECTRUM_SCAN_SIZE_MB, 10**15),
        (Metric.QUERY_PRIORITY, 3),
        (Metric.QUERY_PRIORITY, "URGENT"),
    ],
)
def test_a_value_that_the_metric_cannot_have_is_refused(metric: Metric, value: rules.Value) -> None:
    odd = Predicate(metric=metric, operator=Operator.EQUAL, value=value)

    with pytest.raises(rules.RuleInvalid) as refused:
        rules.check_rule(replace(SLOW, predicates=(MORE_THAN_A_TERABYTE, odd)))

    assert [error.pointer for error in refused.value.errors] == ["/predicates/1/value"]


def test_an_unknown_priority_is_refused() -> None:
    rules.check_rule(SLOW)

    with pytest.raises(rules.RuleInvalid):
        rules.check_rule(replace(SLOW, priority="URGENT"))


def test_names_are_unique_and_twenty_five_are_the_most() -> None:
    rules.check_beside(SLOW, names=[f"rule_{number}" for number in range(24)])

    with pytest.raises(rules.RuleNameTaken):
        rules.check_beside(SLOW, names=["slow"])
    with pytest.raises(rules.TooManyRules):
        rules.check_beside(SLOW, names=[f"rule_{number}" for number in range(25)])


@given(st.permutations(list(RuleAction)))
def test_the_most_severe_action_wins(actions: list[RuleAction]) -> None:
    several = [replace(BIG_SCANS, name=action.value, action=action) for action in actions]

    first, *_ = rules.matching(several, measures={Metric.SPECTRUM_SCAN_SIZE_MB: 2**30})

    assert first.action is RuleAction.ABORT


def test_a_tie_goes_by_name_and_no_match_is_none() -> None:
    measures = {Metric.SPECTRUM_SCAN_SIZE_MB: 2**30}
    several = [replace(BIG_SCANS, name="b"), replace(BIG_SCANS, name="a")]

    assert rules.matching(several, measures=measures) == (several[1], several[0])
    assert rules.matching(several, measures={}) == ()
    assert rules.priority_rank("LOWEST") < rules.priority_rank("HIGHEST")
