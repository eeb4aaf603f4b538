"""Condition operators: what each compares, and what it says of a key that is missing.

As AWS documents them. Several operators, and several keys of one operator, must all hold. The
values of one key are alternatives; a negated operator holds when none of them matches. A key
that is missing from the request makes a plain operator false, a negated or `…IfExists` one true.

Where a request carries several values of a key, `ForAnyValue:` asks for one and `ForAllValues:`
for every one of them (and holds for none at all, so pair it with `Null`). AWS leaves open what a
plain operator does there; here one of the values must match, and a negated operator asks that
none does.

A value in the request that has not the operator's type (a word for NumericEquals) matches nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from operator import eq, ge, gt, le, lt

from governance.kernel.policies.patterns import (
    BadPattern,
    compile_literals,
    compile_names,
    compile_texts,
    variables_of,
)
from governance.kernel.policies.variables import Variable

Context = Mapping[str, object]
Test = Callable[[str, Context], bool]
NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})", re.ASCII)
EPOCH = re.compile(r"\d{1,11}(\.\d{1,9})?", re.ASCII)


class Quantifier(Enum):
    """How the values that the request carries for one key are taken together."""

    PLAIN = ""
    ANY = "ForAnyValue"
    ALL = "ForAllValues"


@dataclass(frozen=True, slots=True)
class Operator:
    """`compiled` turns the policy's values into a test of one value of the request."""

    compiled: Callable[[Sequence[str]], Test]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator, ready to be asked."""

    key: str
    test: Test
    negated: bool
    quantifier: Quantifier
    if_exists: bool
    excluding: frozenset[Variable] = frozenset()
    """The variables of a negated operator: what they stand for is left out."""

    def holds(self, context: Mapping[str, object]) -> bool:
        """`context` has its keys in lower case."""
        values = texts(context.get(self.key))
        if not values:
            return self.if_exists or self.quantifier is Quantifier.ALL or self.negated_without_set
        return self.holds_for(values, context)

    @property
    def negated_without_set(self) -> bool:
        return self.negated and self.quantifier is Quantifier.PLAIN

    def holds_for(self, values: Sequence[str], context: Context) -> bool:
        matches = [self.test(value, context) for value in values]
        match self.quantifier:
            case Quantifier.PLAIN:
                return any(matches) is not self.negated
            case Quantifier.ANY:
                return any(each is not self.negated for each in matches)
            case Quantifier.ALL:  # pragma: no branch - the last one
                return all(each is not self.negated for each in matches)


@dataclass(frozen=True, slots=True)
class Absence:
    """The operator Null: `true` asks that the key is missing, `false` that it is there."""

    key: str
    wanted: frozenset[bool]
    excluding: frozenset[Variable] = frozenset()

    def holds(self, context: Mapping[str, object]) -> bool:
        return (not texts(context.get(self.key))) in self.wanted


def compile_condition(*, operator: str, key: str, values: Sequence[str]) -> Condition | Absence:
    """Raises BadPattern with a sentence for people."""
    name, quantifier, if_exists = dissected(operator)
    if name == "Null":
        if quantifier is not Quantifier.PLAIN or if_exists:
            message = (
                "Null asks about the key itself: leave out ForAnyValue, ForAllValues and IfExists."
            )
            raise BadPattern(message)
        return Absence(key=key.lower(), wanted=frozenset(boolean(value) for value in values))
    if name not in OPERATORS:
        message = f"There is no operator {operator}. Use one of {', '.join([*OPERATORS, 'Null'])}."
        raise BadPattern(message)
    return Condition(
        key=key.lower(),
        test=OPERATORS[name].compiled(values),
        negated=OPERATORS[name].negated,
        quantifier=quantifier,
        if_exists=if_exists,
        excluding=variables_of(values) if OPERATORS[name].negated else frozenset(),
    )


def dissected(operator: str) -> tuple[str, Quantifier, bool]:
    prefix, colon, rest = operator.partition(":")
    quantifiers = {quantifier.value: quantifier for quantifier in Quantifier}
    quantifier = quantifiers.get(prefix, Quantifier.PLAIN) if colon else Quantifier.PLAIN
    name = operator if quantifier is Quantifier.PLAIN else rest
    return name.removesuffix("IfExists"), quantifier, name.endswith("IfExists")


def texts(value: object) -> tuple[str, ...]:
    """What the request says of a key, as IAM sees it: no, one or several strings."""
    if value is None:
        return ()
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes):
        return tuple(text for item in value for text in texts(item))
    return (text_of(value),)


def text_of(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def same_text(values: Sequence[str]) -> Test:
    return compile_literals(values).match


def same_text_in_any_case(values: Sequence[str]) -> Test:
    wanted = compile_literals(value.lower() for value in values)

    def test(value: str, context: Context) -> bool:
        lowered = {key: each.lower() for key, each in context.items() if isinstance(each, str)}
        return wanted.match(value.lower(), lowered if wanted.templates else {})

    return test


def like_text(values: Sequence[str]) -> Test:
    return compile_texts(values).match


def like_name(values: Sequence[str]) -> Test:
    return compile_names(values).match


def same_boolean(values: Sequence[str]) -> Test:
    wanted = frozenset("true" if boolean(value) else "false" for value in values)
    return lambda value, _context: value.lower() in wanted


def numbers(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Sequence[str]], Test]:
    def compiled(values: Sequence[str]) -> Test:
        wanted = [required_number(value) for value in values]

        def test(value: str, _context: Context) -> bool:
            asked = number(value)
            return asked is not None and any(compare(asked, each) for each in wanted)

        return test

    return compiled


def dates(compare: Callable[[datetime, datetime], bool]) -> Callable[[Sequence[str]], Test]:
    def compiled(values: Sequence[str]) -> Test:
        wanted = [required_date(value) for value in values]

        def test(value: str, _context: Context) -> bool:
            asked = date(value)
            return asked is not None and any(compare(asked, each) for each in wanted)

        return test

    return compiled


def boolean(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        message = f'"{value}" is neither true nor false.'
        raise BadPattern(message)
    return value.lower() == "true"


def number(value: str) -> Decimal | None:
    return Decimal(value) if NUMBER.fullmatch(value) else None


def required_number(value: str) -> Decimal:
    found = number(value)
    if found is None:
        message = f'"{value}" is not a number. Write it in digits, such as 10 or 0.5.'
        raise BadPattern(message)
    return found


def date(value: str) -> datetime | None:
    """Seconds since 1970, or ISO 8601; without an offset it is UTC."""
    if EPOCH.fullmatch(value):
        return datetime.fromtimestamp(float(value), tz=UTC)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def required_date(value: str) -> datetime:
    found = date(value)
    if found is None:
        message = (
            f'"{value}" is not a time. Write it as 2026-01-31T09:00:00Z or in seconds since 1970.'
        )
        raise BadPattern(message)
    return found


OPERATORS = {
    "StringEquals": Operator(same_text),
    "StringNotEquals": Operator(same_text, negated=True),
    "StringEqualsIgnoreCase": Operator(same_text_in_any_case),
    "StringNotEqualsIgnoreCase": Operator(same_text_in_any_case, negated=True),
    "StringLike": Operator(like_text),
    "StringNotLike": Operator(like_text, negated=True),
    "NumericEquals": Operator(numbers(eq)),
    "NumericNotEquals": Operator(numbers(eq), negated=True),
    "NumericLessThan": Operator(numbers(lt)),
    "NumericLessThanEquals": Operator(numbers(le)),
    "NumericGreaterThan": Operator(numbers(gt)),
    "NumericGreaterThanEquals": Operator(numbers(ge)),
    "DateEquals": Operator(dates(eq)),
    "DateNotEquals": Operator(dates(eq), negated=True),
    "DateLessThan": Operator(dates(lt)),
    "DateLessThanEquals": Operator(dates(le)),
    "DateGreaterThan": Operator(dates(gt)),
    "DateGreaterThanEquals": Operator(dates(ge)),
    "Bool": Operator(same_boolean),
    "ArnEquals": Operator(like_name),
    "ArnNotEquals": Operator(like_name, negated=True),
    "ArnLike": Operator(like_name),
    "ArnNotLike": Operator(like_name, negated=True),
}
