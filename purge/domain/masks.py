"""Showing that a value is there without showing it."""

import re
from collections.abc import Iterable

MASK = "•••"
TOO_SHORT_TO_HINT = 6
DISTINCTIVE = 4


def masked(value: str) -> str:
    """A hint for somebody who knows the value: its first and last character, no more."""
    if len(value) < TOO_SHORT_TO_HINT:
        return MASK
    return f"{value[0]}{MASK}{value[-1]}"


def without(text: str, *, values: Iterable[str]) -> str:
    """The text with each of the values masked, whatever its case.

    Short values are masked where they stand alone: customer 7 is in `7-.csv`, not in `2017.csv`.
    """
    folded = text.casefold()
    # A request may name a thousand people: most of their values are nowhere in the text.
    there = [value for value in values if value.casefold() in folded]
    for value in sorted(there, key=len, reverse=True):
        pattern = re.escape(value)
        if len(value) < DISTINCTIVE:
            pattern = rf"(?<![^\W_]){pattern}(?![^\W_])"
        text = re.sub(pattern, MASK, text, flags=re.IGNORECASE)
    return text


def names(text: str, *, values: Iterable[str]) -> bool:
    return without(text, values=values) != text
