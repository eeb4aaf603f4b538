"""SCIM filters as Entra sends them: `eq` and `and`, quoted or not (RFC 7644, 3.4.2.2).

Anything else is refused with `invalidFilter`, never read as "everything": a false no-match
creates duplicates, a false match hands one person to another.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from governance.kernel.refusals import Invalid

CONDITION = re.compile(
    r"\s*(?P<path>[A-Za-z][\w.:$-]*(?:\[[^\]]*\](?:\.\w+)?)?)\s+(?P<operator>\w+)\s+"
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+))\s*"""
)
AND = re.compile(r"and\b", re.IGNORECASE)
ESCAPE = re.compile(r"\\(.)")
URN = re.compile(r"^urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group):", re.IGNORECASE)
LONGEST = 2000


class ScimFilterInvalid(Invalid):
    code = "scim_filter_invalid"
    sentence = "The filter is not understood. Supported are eq and and, on {known}."


@dataclass(frozen=True, slots=True)
class Condition:
    """`attribute` is one of the known ones, in their own spelling."""

    attribute: str
    value: str


def parse(text: str, *, known: Sequence[str]) -> tuple[Condition, ...]:
    """The filter's conditions, all of which must hold. Raises ScimFilterInvalid."""
    names = {name.lower(): name for name in known}
    refusal = ScimFilterInvalid(known=", ".join(known))
    if not text.strip() or len(text) > LONGEST:
        raise refusal
    conditions = []
    position = 0
    while True:
        match = CONDITION.match(text, position)
        name = None if match is None else names.get(_normal(match["path"]))
        if match is None or match["operator"].lower() != "eq" or name is None:
            raise refusal
        conditions.append(Condition(attribute=name, value=_value(match)))
        position = match.end()
        if position == len(text):
            return tuple(conditions)
        joint = AND.match(text, position)
        if joint is None:
            raise refusal
        position = joint.end()


def _normal(path: str) -> str:
    return re.sub(r"\s+", " ", URN.sub("", path)).replace("'", '"').lower()


def _value(match: re.Match[str]) -> str:
    if match["quoted"] is not None:
        return ESCAPE.sub(r"\1", match["quoted"])
    return match["plain"]
