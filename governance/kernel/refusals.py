"""Refusals: what the service says no to, in five kinds, each with a stable code.

A refusal is a class defined beside the code that raises it. Only the REST layer knows which
HTTP status a kind has; the admin and the pages show the sentence.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `pointer` is an RFC 6901 JSON pointer, such as `/amount`."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A no, with a stable `code`, a sentence for people and the named values in it.

    The sentence's `{names}` and the keyword arguments must agree; that is checked when the
    refusal is made, so that a typo fails in the first test and not in front of a person.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]
    members: ClassVar[tuple[str, ...]] = ()  # values that a problem document shows by name

    def __init__(self, *, errors: Sequence[FieldError] = (), **values: object) -> None:
        wanted = {name for _, name, _, _ in string.Formatter().parse(self.sentence) if name}
        if wanted - values.keys():
            message = f"{type(self).__name__} lacks {sorted(wanted - values.keys())}"
            raise TypeError(message)
        self.values = values
        self.errors = tuple(errors)
        super().__init__(self.sentence.format(**values))


class Invalid(Refusal):
    """The input is wrong; `errors` names the fields."""

    code = "invalid"
    sentence = "The input is not valid."


class Forbidden(Refusal):
    """The actor may not do this."""

    code = "forbidden"
    sentence = "You may not do this."


class NotFound(Refusal):
    """There is no such thing, or it belongs to another namespace: the answer is the same."""

    code = "not_found"
    sentence = "There is no such thing here."


class Conflict(Refusal):
    """The thing is not in a state that allows this."""

    code = "conflict"
    sentence = "This does not fit the present state."


class Unavailable(Refusal):
    """Something that is needed does not answer; trying again later may help."""

    code = "unavailable"
    sentence = "A service that is needed does not answer. Try again later."
    retry_after_seconds: int | None = None


class Exhausted(Unavailable):
    """The caller has used up what it was given (a usage limit, a rate)."""

    code = "exhausted"
    sentence = "What was granted is used up. Try again later."
