"""Wildcards as IAM has them: `*` for any run of characters, `?` for exactly one.

`${*}`, `${?}` and `${$}` stand for the characters themselves. Other `${…}` are policy variables;
they are refused, because taking one literally would make a Deny match nothing.

A pattern becomes an exact string, a prefix or, for the rest, a regular expression whose parts
are atomic groups: after each `*` the leftmost fit of the next fixed part is final, so a match
costs at most length times length and never backtracks through combinations.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

ARN_PARTS = 6
TOKENS = re.compile(r"\$\{(?P<escape>[^}]*)\}|(?P<character>.)", re.DOTALL)


class Wildcard(Enum):
    ANY_RUN = "*"
    ANY_ONE = "?"


Token = str | Wildcard


class BadPattern(ValueError):
    """The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Several patterns, of which one must match the whole value."""

    anything: bool
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    expressions: tuple[re.Pattern[str], ...]

    def match(self, value: str) -> bool:
        return (
            self.anything
            or value in self.exact
            or (bool(self.prefixes) and value.startswith(self.prefixes))
            or any(expression.fullmatch(value) for expression in self.expressions)
        )


def compile_texts(texts: Iterable[str]) -> Patterns:
    """Patterns over any text: a wildcard crosses every character."""
    return compiled([(tokens(text), whole_expression(tokens(text))) for text in texts])


def compile_arns(texts: Iterable[str]) -> Patterns:
    """Patterns over names: a wildcard stays between two colons, except after the fifth colon.

    `*` alone matches everything. Raises BadPattern for a name without its six parts.
    """
    return compiled([(tokens(text), arn_expression(text)) for text in texts])


def literal(text: str) -> str:
    """The text with its escapes resolved, where wildcards mean themselves."""
    return "".join(
        token.value if isinstance(token, Wildcard) else token for token in tokens(text)
    )


def tokens(text: str) -> tuple[Token, ...]:
    return tuple(token(match) for match in TOKENS.finditer(text))


def token(match: re.Match[str]) -> Token:
    escape = match["escape"]
    if escape is None:
        character = match["character"]
        return Wildcard(character) if character in {"*", "?"} else character
    if escape not in {"*", "?", "$"}:
        message = (
            f"Policy variables such as ${{{escape}}} are not supported here. Write the value itself."
        )
        raise BadPattern(message)
    return escape


def compiled(pairs: Iterable[tuple[tuple[Token, ...], str]]) -> Patterns:
    exact: set[str] = set()
    prefixes: list[str] = []
    expressions: list[re.Pattern[str]] = []
    for pattern, expression in pairs:
        stem, last = pattern[:-1], pattern[-1:]
        if fixed := as_fixed(pattern):
            exact.add(fixed)
        elif last == (Wildcard.ANY_RUN,) and (stem == () or prefix_of(pattern, expression)):
            prefixes.append("".join(map(str, stem)))
        else:
            expressions.append(re.compile(expression, re.DOTALL))
    return Patterns(
        anything="" in prefixes,
        exact=frozenset(exact),
        prefixes=tuple(prefixes),
        expressions=tuple(expressions),
    )
