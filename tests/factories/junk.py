"""Good bodies spoiled: each thing in them replaced by junk."""

import copy
from collections.abc import Iterator
from typing import Any

Way = tuple[str | int, ...]

JUNK: tuple[Any, ...] = (
    None,
    True,
    10**400,
    "",
    "a\x00b",
    "\ud800",
    "x" * 10_001,
    [],
    {},
    [None],
    [{}],
)


def ways(body: Any, before: Way = ()) -> Iterator[Way]:
    """To each thing in the body, and to the body itself."""
    yield before
    if isinstance(body, dict):
        for name, below in body.items():
            yield from ways(below, (*before, name))
    elif isinstance(body, list):
        for index, below in enumerate(body[:1]):
            yield from ways(below, (*before, index))


def replaced(body: Any, way: Way, junk: Any) -> Any:
    if not way:
        return junk
    spoiled = copy.deepcopy(body)
    at = spoiled
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = junk
    return spoiled


# Numbers in JSON that are none, or too much.
POISONED_NUMBERS = [
    "NaN", "Infinity", "-Infinity", "1e309", "-1", "9223372036854775808", '"NaN"', '"1e309"',
    '"-1"', '"\\uff11\\uff10\\uff10"', "null", "true", "[]", "{}", '""', "0.0000000000001",
    "1e999999999",
]  # fmt: skip
