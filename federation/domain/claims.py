"""Claim rules as Entra evaluates them: conditions top down, and the last match wins.

All rows whose source is an attribute are evaluated first, then all rows whose source is a
transformation; a row that matches but has no value is passed over (Microsoft Entra
documentation, "Customize SAML token claims", claims conditions).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from federation.domain.attributes import AWS, Person, UserType, fits
from federation.domain.transformations import Step, constant, transformed

MOST_GROUPS_PER_PROVIDER = 50
SUBJECT = "SAML_SUBJECT"


class Source(StrEnum):
    ATTRIBUTE = "attribute"
    TRANSFORMATION = "transformation"


class RuleResult(StrEnum):
    """What became of one rule for one person."""

    WON = "won"
    OVERRIDDEN = "overridden"
    EMPTY = "empty"
    WRONG_USER_TYPE = "wrong_user_type"
    NOT_IN_GROUP = "not_in_group"


SENTENCES = {
    RuleResult.WON: "It matched, and no later row did.",
    RuleResult.OVERRIDDEN: "It matched, but a later row matched too, or the provider itself "
    "sent the claim: the last match wins.",
    RuleResult.EMPTY: "It matched, but its source has no value: it is passed over.",
    RuleResult.WRONG_USER_TYPE: "The person is not of this user type.",
    RuleResult.NOT_IN_GROUP: "The person is in none of these groups.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """One row. Without groups it is for everybody."""

    claim: str
    position: int
    user_type: UserType
    groups: frozenset[str]
    source: Source
    value: str
    steps: tuple[Step, ...] = ()
    rule_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    rule: ClaimRule
    result: RuleResult
    values: tuple[str, ...] = field(default=(), repr=False)
    near_misses: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        return self.result in {RuleResult.WON, RuleResult.OVERRIDDEN}

    @property
    def sentence(self) -> str:
        text = SENTENCES[self.result]
        if self.near_misses:
            # Never matched silently: a group is its exact name.
            text += f" A group differs only in case: {', '.join(self.near_misses)}."
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Values by claim name, and how each came about."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False)
    outcomes: tuple[RuleOutcome, ...]
    from_assertion: frozenset[str]

    def one(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")


def evaluated(*, rules: Iterable[ClaimRule], person: Person) -> Claims:
    """Every claim of a person. What the provider itself sent as AWS claims beats the rules."""
    sent = {
        name.removeprefix(AWS): values
        for name, values in person.attributes.items()
        if name.startswith(AWS) and any(value.strip() for value in values)
    }
    values: dict[str, tuple[str, ...]] = {}
    found: list[RuleOutcome] = []
    winners: dict[str, int] = {}
    folded = frozenset(name.casefold() for name in person.groups)
    for rule in _in_order(rules):
        outcome = _outcome(rule=rule, person=person, folded=folded)
        if outcome.matched:
            winners[rule.claim] = len(found)
            values[rule.claim] = outcome.values
        found.append(outcome)
    won = {index for claim, index in winners.items() if claim not in sent}
    outcomes = [
        _as(outcome, RuleResult.WON) if index in won else outcome
        for index, outcome in enumerate(found)
    ]
    return Claims(values=values | sent, outcomes=tuple(outcomes), from_assertion=frozenset(sent))


def _in_order(rules: Iterable[ClaimRule]) -> Sequence[ClaimRule]:
    return sorted(rules, key=lambda rule: (rule.source is Source.TRANSFORMATION, rule.position))


def _outcome(*, rule: ClaimRule, person: Person, folded: frozenset[str]) -> RuleOutcome:
    """`folded` are the person's groups without regard to case, folded once for all rules."""
    if not fits(wanted=rule.user_type, kind=person.kind):
        return RuleOutcome(rule=rule, result=RuleResult.WRONG_USER_TYPE)
    if rule.groups and not rule.groups & person.groups:
        return RuleOutcome(
            rule=rule,
            result=RuleResult.NOT_IN_GROUP,
            near_misses=tuple(sorted(name for name in rule.groups if name.casefold() in folded)),
        )
    values = _values(rule=rule, person=person)
    result = RuleResult.OVERRIDDEN if values else RuleResult.EMPTY
    return RuleOutcome(rule=rule, result=result, values=values)


def _as(outcome: RuleOutcome, result: RuleResult) -> RuleOutcome:
    return RuleOutcome(rule=outcome.rule, result=result, values=outcome.values)


def _values(*, rule: ClaimRule, person: Person) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    match rule.source:
        case Source.ATTRIBUTE:
            fixed = constant(rule.value)
            found = person.values(rule.value) if fixed is None else (fixed,)
        case Source.TRANSFORMATION:
            on_name_id = rule.claim == SUBJECT
            found = transformed(steps=rule.steps, person=person, on_name_id=on_name_id)
    return tuple(value for value in found if value.strip())
