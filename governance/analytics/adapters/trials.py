"""Trying an engine in steps that a person can read."""

import time
from collections.abc import Callable, Sequence

from governance.analytics.domain.runs import EngineTestStep
from governance.kernel.refusals import Refusal


def taken(*steps: tuple[str, Callable[[], str]]) -> Sequence[EngineTestStep]:
    """Each step with its time, to the first that fails."""
    made: list[EngineTestStep] = []
    for name, attempt in steps:
        started = time.monotonic()
        try:
            ok, detail = True, attempt()
        except (Refusal, OSError) as error:
            ok, detail = False, str(error)
        took = round((time.monotonic() - started) * 1000)
        made.append(EngineTestStep(name=name, ok=ok, detail=detail, milliseconds=took))
        if not ok:
            break
    return made
