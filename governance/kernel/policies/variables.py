"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team}`, with `, 'a default'` or without.

As AWS documents them: a variable takes the value of a condition key of the request. A key that
is missing, or has several values, gives the variable no value; then its pattern matches nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = re.compile(
    r"\s*(?P<key>[A-Za-z0-9_.-]+:[^\s,'}][^,'}]*?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?"
)


class BadVariable(ValueError):  # noqa: N818 - becomes a FieldError, as BadPattern does
    """The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`key` is in lower case; `default` stands in for a missing value."""

    key: str
    default: str | None = None

    def value(self, context: Mapping[str, object]) -> str | None:
        found = context.get(self.key)
        if found is None:
            return self.default
        return found if isinstance(found, str) and found else None


def variable_of(text: str) -> Variable:
    """The variable inside `${…}`. Raises BadVariable."""
    match = VARIABLE.fullmatch(text)
    if match is None:
        message = (
            f"${{{text}}} is no variable. Write ${{aws:username}} or ${{aws:PrincipalTag/team}}."
        )
        raise BadVariable(message)
    return Variable(key=match["key"].lower(), default=match["default"])
