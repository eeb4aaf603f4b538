"""Trying an engine in steps that a person can read, to the first that fails."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from governance.analytics.domain.runs import EngineTestStep
from governance.kernel.refusals import Refusal

Taken = TypeVar("Taken")


class StepFailedError(Exception):
    """A step failed, and is written down; no other is taken."""


@dataclass(slots=True)
class Trial:
    steps: list[EngineTestStep] = field(default_factory=list)

    def take(
        self, name: str, attempt: Callable[[], Taken], *, says: Callable[[Taken], str] = str
    ) -> Taken:
        """What the attempt gives, for the steps after it. Raises StepFailedError."""
        started = time.monotonic()
        try:
            taken = attempt()
        except (Refusal, OSError) as error:
            self._add(name, ok=False, detail=str(error), started=started)
            raise StepFailedError from error
        self._add(name, ok=True, detail=says(taken), started=started)
        return taken

    def _add(self, name: str, *, ok: bool, detail: str, started: float) -> None:
        took = round((time.monotonic() - started) * 1000)
        self.steps.append(EngineTestStep(name=name, ok=ok, detail=detail, milliseconds=took))


def to_the_first_failure() -> AbstractContextManager[None]:
    """A block that ends, quietly, with the first step that fails."""
    return suppress(StepFailedError)
