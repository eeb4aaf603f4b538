"""Workload rules: what is said of one query, by its estimate before and its measures after."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NoReturn

from governance.kernel.refusals import Conflict, FieldError, Forbidden, Invalid

MOST_RULES = 25
MOST_PREDICATES = 3
NAME = re.compile(r"[A-Za-z0-9_]{1,32}")

SECONDS = 86_399
COUNT = 999_999_999_999_999
CPU_SECONDS = 999_999
BLOCKS = 319_815_679


class Metric(StrEnum):
    QUERY_EXECUTION_TIME = "query_execution_time"
    QUERY_QUEUE_TIME = "query_queue_time"
    SPECTRUM_SCAN_SIZE_MB = "spectrum_scan_size_mb"
    SPECTRUM_SCAN_ROW_COUNT = "spectrum_scan_row_count"
    SCAN_ROW_COUNT = "scan_row_count"
    RETURN_ROW_COUNT = "return_row_count"
    QUERY_CPU_TIME = "query_cpu_time"
    QUERY_TEMP_BLOCKS_TO_DISK = "query_temp_blocks_to_disk"
    QUERY_PRIORITY = "query_priority"


HIGHEST_VALUE: Mapping[Metric, int] = {
    Metric.QUERY_EXECUTION_TIME: SECONDS,
    Metric.QUERY_QUEUE_TIME: SECONDS,
    Metric.SPECTRUM_SCAN_SIZE_MB: COUNT,
    Metric.SPECTRUM_SCAN_ROW_COUNT: COUNT,
    Metric.SCAN_ROW_COUNT: COUNT,
    Metric.RETURN_ROW_COUNT: COUNT,
    Metric.QUERY_CPU_TIME: CPU_SECONDS,
    Metric.QUERY_TEMP_BLOCKS_TO_DISK: BLOCKS,
}
PRIORITIES = ("LOWEST", "LOW", "NORMAL", "HIGH", "HIGHEST")


class Operator(StrEnum):
    EQUAL = "="
    LESS = "<"
    GREATER = ">"


class RuleAction(StrEnum):
    """In order of severity, mildest first."""

    LOG = "log"
    HOP = "hop"
    CHANGE_PRIORITY = "change_priority"
    ABORT = "abort"


SEVERITY = tuple(RuleAction)
Value = int | str
Measures = Mapping[Metric, int | Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """`value` is a whole number, or a priority's name where the metric is query_priority."""

    metric: Metric
    operator: Operator
    value: Value

    @property
    def _threshold(self) -> int:
        return PRIORITIES.index(self.value) if isinstance(self.value, str) else self.value

    def holds(self, measures: Measures) -> bool:
        """Whether it is so. What is not measured yet holds for no predicate."""
        found = measures.get(self.metric)
        if found is None:
            return False
        match self.operator:
            case Operator.EQUAL:
                return found == self._threshold
            case Operator.LESS:
                return found < self._threshold
            case Operator.GREATER:
                return found > self._threshold

    def __str__(self) -> str:
        return f"{self.metric.value} {self.operator.value} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Predicates joined by AND. `priority` is what change_priority sets."""

    name: str
    predicates: tuple[Predicate, ...]
    action: RuleAction
    priority: str = "LOW"

    def matches(self, measures: Measures) -> bool:
        return all(predicate.holds(measures) for predicate in self.predicates)

    def __str__(self) -> str:
        return " and ".join(str(predicate) for predicate in self.predicates)


class RuleInvalid(Invalid):
    code = "workload_rule_invalid"
    sentence = "The workload rule is not valid. {problem}"


class RuleNameTaken(Conflict):
    code = "workload_rule_name_taken"
    sentence = "There is a workload rule named {name} already."


class TooManyRules(Conflict):
    code = "too_many_workload_rules"
    sentence = "There are {most} workload rules, which is the most there may be."


class QueryAbortedByRule(Forbidden):
    """Raised before the query runs, on its estimate."""

    code = "query_aborted_by_rule"
    sentence = "The workload rule {rule} stops this query before it runs: {condition}."


def check_rule(rule: Rule) -> None:
    """Raise RuleInvalid, with the field named, unless the rule can be evaluated."""
    if not NAME.fullmatch(rule.name):
        _refuse("A name is 1 to 32 letters, digits and underscores.", pointer="/name")
    if not 1 <= len(rule.predicates) <= MOST_PREDICATES:
        _refuse("A rule has one to three predicates.", pointer="/predicates")
    for position, predicate in enumerate(rule.predicates):
        _check_value(predicate, pointer=f"/predicates/{position}/value")
    if rule.priority not in PRIORITIES:
        _refuse(f"A priority is one of {', '.join(PRIORITIES)}.", pointer="/priority")


def _check_value(predicate: Predicate, *, pointer: str) -> None:
    highest = HIGHEST_VALUE.get(predicate.metric)
    value = predicate.value
    if highest is None:
        if value not in PRIORITIES:
            _refuse(f"One of {', '.join(PRIORITIES)} is wanted.", pointer=pointer)
        return
    if isinstance(value, bool | str) or not 0 <= value <= highest:
        problem = f"A whole number from 0 to {highest} is wanted for {predicate.metric.value}."
        _refuse(problem, pointer=pointer)


def _refuse(problem: str, *, pointer: str) -> NoReturn:
    error = FieldError(pointer=pointer, code=RuleInvalid.code, detail=problem)
    raise RuleInvalid(problem=problem, errors=[error])


def check_beside(rule: Rule, *, names: Sequence[str]) -> None:
    """Raise RuleNameTaken or TooManyRules. `names` are the namespace's other rules'."""
    if rule.name in names:
        raise RuleNameTaken(name=rule.name)
    if len(names) >= MOST_RULES:
        raise TooManyRules(most=MOST_RULES)


def matching(rules: Sequence[Rule], *, measures: Measures) -> tuple[Rule, ...]:
    """The rules that match, the most severe first, ties by name."""
    matched = [rule for rule in rules if rule.matches(measures)]
    return tuple(sorted(matched, key=lambda rule: (-SEVERITY.index(rule.action), rule.name)))


def priority_rank(name: str) -> int:
    return PRIORITIES.index(name)
