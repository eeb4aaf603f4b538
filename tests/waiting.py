"""Waiting for what other processes and threads do, by looking and not by sleeping."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

PATIENCE_SECONDS = 30.0
Found = TypeVar("Found")


def eventually(
    look: Callable[[], Found | None],
    *,
    what: str,
    seconds: float = PATIENCE_SECONDS,
    every: float = 0.05,
) -> Found:
    """What `look` finds, as soon as it finds something that is true; else the test fails."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        found = look()
        if found:
            return found
        sleep(every)
    message = f"There was no {what} within {seconds:g} s."
    raise AssertionError(message)
