"""Entra's claim transformations: at most two steps, the second working on the first's output.

A parameter that is an input names an attribute (`user.mail`, or its name in the assertion) or is
a "constant" in quotes; an output may be plain text too. Missing inputs give no value, so that
the rule is passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

from federation.domain.attributes import USER_ATTRIBUTES, Person
from federation.domain.regular_expressions import filled

MOST_STEPS = 2
QUOTES = {'"': '"', "'": "'", "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}"}


class Function(StrEnum):
    EXTRACT_MAIL_PREFIX = "ExtractMailPrefix"
    JOIN = "Join"
    TO_LOWERCASE = "ToLowercase"
    TO_UPPERCASE = "ToUppercase"
    CONTAINS = "Contains"
    START_WITH = "StartWith"
    END_WITH = "EndWith"
    EXTRACT_AFTER = "ExtractAfter"
    EXTRACT_BEFORE = "ExtractBefore"
    EXTRACT_BETWEEN = "ExtractBetween"
    EXTRACT_ALPHA_PREFIX = "ExtractAlphaPrefix"
    EXTRACT_ALPHA_SUFFIX = "ExtractAlphaSuffix"
    EXTRACT_NUMERIC_PREFIX = "ExtractNumericPrefix"
    EXTRACT_NUMERIC_SUFFIX = "ExtractNumericSuffix"
    IF_EMPTY = "IfEmpty"
    IF_NOT_EMPTY = "IfNotEmpty"
    SUBSTRING = "Substring"
    REGEX_REPLACE = "RegexReplace"


# Parameters in Entra's order; those after the count are optional.
PARAMETERS: Mapping[Function, tuple[int, tuple[str, ...]]] = {
    Function.EXTRACT_MAIL_PREFIX: (1, ("input",)),
    Function.JOIN: (3, ("input", "separator", "second")),
    Function.TO_LOWERCASE: (1, ("input",)),
    Function.TO_UPPERCASE: (1, ("input",)),
    Function.CONTAINS: (3, ("input", "value", "output", "otherwise")),
    Function.START_WITH: (3, ("input", "value", "output", "otherwise")),
    Function.END_WITH: (3, ("input", "value", "output", "otherwise")),
    Function.EXTRACT_AFTER: (2, ("input", "value")),
    Function.EXTRACT_BEFORE: (2, ("input", "value")),
    Function.EXTRACT_BETWEEN: (3, ("input", "value", "end")),
    Function.EXTRACT_ALPHA_PREFIX: (1, ("input",)),
    Function.EXTRACT_ALPHA_SUFFIX: (1, ("input",)),
    Function.EXTRACT_NUMERIC_PREFIX: (1, ("input",)),
    Function.EXTRACT_NUMERIC_SUFFIX: (1, ("input",)),
    Function.IF_EMPTY: (2, ("input", "output", "otherwise")),
    Function.IF_NOT_EMPTY: (2, ("input", "output", "otherwise")),
    Function.SUBSTRING: (2, ("input", "start", "length")),
    Function.REGEX_REPLACE: (3, ("input", "pattern", "replacement", "otherwise")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transformation. `extras` are RegexReplace's own parameters, by name."""

    function: Function
    parameters: Mapping[str, str]
    extras: Mapping[str, str] = field(default_factory=dict)
    multivalued: bool = False


def constant(value: str) -> str | None:
    """The text of a value that stands for itself: in quotes, or a name of AWS; else None."""
    bare = value.strip()
    if bare.startswith("arn:"):
        return bare
    quoted = False
    while len(bare) > 1 and QUOTES.get(bare[0]) == bare[-1]:
        bare, quoted = bare[1:-1], True
    return bare if quoted else None


def transformed(
    *, steps: Sequence[Step], person: Person, on_name_id: bool = False
) -> tuple[str, ...]:
    """What the steps make of a person. No value means that the rule is passed over.

    `on_name_id`: Join drops the domain of its first input before joining (Microsoft Entra
    documentation, "Customize SAML token claims", Join on the NameID claim).
    """
    values: tuple[str, ...] | None = None
    for step in steps:
        inputs = _inputs(step=step, person=person, previous=values)
        if on_name_id and step.function is Function.JOIN:
            inputs = tuple(given.partition("@")[0] for given in inputs)
        made = (_applied(step=step, given=given, person=person) for given in inputs)
        values = tuple(value for value in made if value)
    return values or ()


def _inputs(*, step: Step, person: Person, previous: tuple[str, ...] | None) -> tuple[str, ...]:
    named = step.parameters.get("input")
    if named is None:
        found = previous or ()
    else:
        fixed = constant(named)
        found = person.values(named) if fixed is None else (fixed,)
    return (found if step.multivalued else found[:1]) or ("",)


def _output(name: str, *, step: Step, person: Person) -> str:
    """An output: an attribute of Entra's, a constant in quotes, or plain text."""
    written = step.parameters.get(name, "")
    fixed = constant(written)
    if fixed is not None:
        return fixed
    known = written.lower() in USER_ATTRIBUTES
    return person.first(written) if known else written


def _applied(*, step: Step, given: str, person: Person) -> str:
    match step.function:
        case Function.IF_EMPTY:
            return _either(given == "", step=step, person=person)
        case Function.IF_NOT_EMPTY:
            return _either(given != "", step=step, person=person)
        case Function.CONTAINS | Function.START_WITH | Function.END_WITH:
            matches = MATCHES[step.function](given, step.parameters["value"])
            return _either(given != "" and matches, step=step, person=person)
        case _:
            return COMPUTED[step.function](given, step, person)


def _either(chosen: bool, *, step: Step, person: Person) -> str:  # noqa: FBT001 - the condition
    return _output("output" if chosen else "otherwise", step=step, person=person)


def _joined(given: str, step: Step, person: Person) -> str:
    second = _attribute(step.parameters["second"], person)
    return f"{given}{step.parameters['separator']}{second}" if given and second else ""


def _replaced(given: str, step: Step, person: Person) -> str:
    extras = {name: _attribute(value, person) for name, value in step.extras.items()}
    pattern, template = step.parameters["pattern"], step.parameters["replacement"]
    made = filled(pattern=pattern, template=template, text=given, extras=extras)
    return _output("otherwise", step=step, person=person) if made is None else made


def _attribute(written: str, person: Person) -> str:
    fixed = constant(written)
    return person.first(written) if fixed is None else fixed


def _substring(given: str, step: Step, _: Person) -> str:
    written = step.parameters
    start, length = int(written["start"]), written.get("length", "")
    return given[start:] if length == "" else given[start : start + int(length)]


def _between(given: str, step: Step, _: Person) -> str:
    written = step.parameters
    after = given.partition(written["value"])[2]
    return after.partition(written["end"])[0] if written["end"] in after else ""


def _before(given: str, step: Step, _: Person) -> str:
    before, found, _after = given.partition(step.parameters["value"])
    return before if found else ""


def _prefix(given: str, test: Callable[[str], bool]) -> str:
    return "".join(takewhile(test, given))


def _suffix(given: str, test: Callable[[str], bool]) -> str:
    return _prefix(given[::-1], test)[::-1]


MATCHES: Mapping[Function, Callable[[str, str], bool]] = {
    Function.CONTAINS: lambda given, value: value in given,
    Function.START_WITH: lambda given, value: given.startswith(value),
    Function.END_WITH: lambda given, value: given.endswith(value),
}
COMPUTED: Mapping[Function, Callable[[str, Step, Person], str]] = {
    Function.EXTRACT_MAIL_PREFIX: lambda given, _step, _person: given.partition("@")[0],
    Function.JOIN: _joined,
    Function.TO_LOWERCASE: lambda given, _step, _person: given.lower(),
    Function.TO_UPPERCASE: lambda given, _step, _person: given.upper(),
    Function.EXTRACT_AFTER: lambda given, step, _: given.partition(step.parameters["value"])[2],
    Function.EXTRACT_BEFORE: _before,
    Function.EXTRACT_BETWEEN: _between,
    Function.EXTRACT_ALPHA_PREFIX: lambda given, _step, _person: _prefix(given, str.isalpha),
    Function.EXTRACT_ALPHA_SUFFIX: lambda given, _step, _person: _suffix(given, str.isalpha),
    Function.EXTRACT_NUMERIC_PREFIX: lambda given, _step, _person: _prefix(given, str.isdecimal),
    Function.EXTRACT_NUMERIC_SUFFIX: lambda given, _step, _person: _suffix(given, str.isdecimal),
    Function.SUBSTRING: _substring,
    Function.REGEX_REPLACE: _replaced,
}
