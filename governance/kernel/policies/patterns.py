"""Wildcards as IAM has them: `*` for any run of characters, `?` for exactly one.

`${*}`, `${?}` and `${$}` stand for the characters themselves. Other `${…}` are policy variables
(`variables.py`): the pattern is then a template, filled from each request. What a variable brings
means itself, never a wildcard. A variable without a value makes its pattern match nothing.

A pattern becomes an exact string, a prefix or, for the rest, a regular expression whose parts
are atomic groups: after each `*` the leftmost fit of the next fixed part is final, so a match
costs at most length times length and never backtracks through combinations.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from governance.kernel.policies.variables import BadVariable, Variable, variable_of

ARN_PARTS = 6
TOKEN = re.compile(r"\$\{(?P<escape>[^}]*)\}|(?P<character>.)", re.DOTALL)


class Wildcard(Enum):
    ANY_RUN = "*"
    ANY_ONE = "?"


Token = str | Wildcard | Variable


class BadPattern(ValueError):  # noqa: N818 - becomes a FieldError, never reaches a person as such
    """The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Several patterns, of which one must match the whole value."""

    anything: bool
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    expressions: tuple[re.Pattern[str], ...]
    templates: tuple["Template", ...]

    @property
    def variables(self) -> frozenset[Variable]:
        return frozenset(
            token
            for template in self.templates
            for token in template.tokens
            if isinstance(token, Variable)
        )

    def match(self, value: str, context: Mapping[str, object]) -> bool:
        """`context` fills the variables; its keys are in lower case."""
        return (
            self.anything
            or value in self.exact
            or (bool(self.prefixes) and value.startswith(self.prefixes))
            or any(expression.fullmatch(value) for expression in self.expressions)
            or any(template.match(value, context) for template in self.templates)
        )


def variables_of(texts: Iterable[str]) -> frozenset[Variable]:
    """The variables in these texts."""
    return frozenset(
        token for text in texts for token in tokens(text) if isinstance(token, Variable)
    )


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern with variables, and how its tokens become a regular expression."""

    tokens: tuple[Token, ...]
    expression: Callable[[Sequence[Token]], str]

    def match(self, value: str, context: Mapping[str, object]) -> bool:
        filled: list[Token] = []
        for token in self.tokens:
            text = token.value(context) if isinstance(token, Variable) else token
            # In a name, what a variable brings stays within its part: a colon would begin the next.
            if text is None or (text is not token and self.is_name and ":" in str(text)):
                return False
            filled.append(text)
        return _compiled(tuple(filled), self.expression).fullmatch(value) is not None

    @property
    def is_name(self) -> bool:
        return self.expression is name_expression


@lru_cache(maxsize=4096)
def _compiled(
    pattern: tuple[Token, ...], expression: Callable[[Sequence[Token]], str]
) -> re.Pattern[str]:
    """The same people ask again and again: their filled templates are remembered."""
    return re.compile(expression(pattern), re.DOTALL)


def compile_texts(texts: Iterable[str]) -> Patterns:
    """Patterns over any text: a wildcard crosses every character."""
    return compile_tokens([tokens(text) for text in texts], expression=text_expression)


def compile_names(texts: Iterable[str]) -> Patterns:
    """Patterns over ARNs: a wildcard stays between two colons, except after the fifth colon.

    `*` alone matches everything. Raises BadPattern for a name without its six parts.
    """
    return compile_tokens([name_tokens(text) for text in texts], expression=name_expression)


def compile_literals(texts: Iterable[str]) -> Patterns:
    """The texts themselves: escapes are resolved, variables filled, `*` and `?` mean themselves."""
    return compile_tokens([literal_tokens(text) for text in texts], expression=text_expression)


def literal_tokens(text: str) -> tuple[Token, ...]:
    return tuple(token.value if isinstance(token, Wildcard) else token for token in tokens(text))


def tokens(text: str) -> tuple[Token, ...]:
    return tuple(token_of(match) for match in TOKEN.finditer(text))


def name_tokens(text: str) -> tuple[Token, ...]:
    pattern = tokens(text)
    if pattern != (Wildcard.ANY_RUN,) and len(parts(pattern)) != ARN_PARTS:
        message = f'"{text}" is no name. Write * or arn:partition:service:region:account:resource.'
        raise BadPattern(message)
    return pattern


def token_of(match: re.Match[str]) -> Token:
    escape = match["escape"]
    if escape is None:
        character = match["character"]
        return Wildcard(character) if character in {"*", "?"} else character
    if escape in {"*", "?", "$"}:
        return escape
    try:
        return variable_of(escape)
    except BadVariable as bad:
        raise BadPattern(str(bad)) from bad


def compile_tokens(
    patterns: Iterable[Sequence[Token]], *, expression: Callable[[Sequence[Token]], str]
) -> Patterns:
    exact: set[str] = set()
    prefixes: list[str] = []
    expressions: list[re.Pattern[str]] = []
    templates: list[Template] = []
    for pattern in patterns:
        if any(isinstance(token, Variable) for token in pattern):
            templates.append(Template(tuple(pattern), expression))
            continue
        fixed = [token for token in pattern if isinstance(token, str)]
        if len(fixed) == len(pattern):
            exact.add("".join(fixed))
        elif len(fixed) == len(pattern) - 1 and pattern[-1] is Wildcard.ANY_RUN:
            prefixes.append("".join(fixed))
        else:
            expressions.append(re.compile(expression(pattern), re.DOTALL))
    return Patterns(
        anything="" in prefixes,
        exact=frozenset(exact),
        prefixes=tuple(prefixes),
        expressions=tuple(expressions),
        templates=tuple(templates),
    )


def text_expression(pattern: Sequence[Token]) -> str:
    return run_expression(pattern, character=".")


def name_expression(pattern: Sequence[Token]) -> str:
    *first, last = parts(pattern)
    inner = [f"(?>{run_expression(part, character='[^:]')}(?=:))" for part in first]
    return ":".join([*inner, run_expression(last, character=".")])


def run_expression(pattern: Sequence[Token], *, character: str) -> str:
    """Fixed parts between the runs. The last one is found from the end, the others leftmost."""
    start, *rest = split(pattern, at=Wildcard.ANY_RUN)
    expression = fixed_expression(start, character=character)
    for part in rest[:-1]:
        expression += f"(?>{character}*?{fixed_expression(part, character=character)})"
    for part in rest[-1:]:
        expression += f"{character}*{fixed_expression(part, character=character)}"
    return expression


def fixed_expression(part: Sequence[Token], *, character: str) -> str:
    return "".join(
        character if isinstance(token, Wildcard) else re.escape(str(token)) for token in part
    )


def parts(pattern: Sequence[Token]) -> list[list[Token]]:
    """The parts of a name; colons after the fifth belong to the last part."""
    found = split(pattern, at=":")
    last: list[Token] = []
    for index, part in enumerate(found[ARN_PARTS - 1 :]):
        last += [":", *part] if index else part
    return [*found[: ARN_PARTS - 1], last] if len(found) >= ARN_PARTS else found


def split(pattern: Sequence[Token], *, at: Token) -> list[list[Token]]:
    found: list[list[Token]] = [[]]
    for token in pattern:
        if token == at:
            found.append([])
        else:
            found[-1].append(token)
    return found
