"""The stages of a directory test while they happen: timed, and each told once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from federation.domain.directories import Stage, Step


class Steps:
    """What happened at each stage. A stage that is entered again goes on where it stood."""

    def __init__(self) -> None:
        self._details: dict[Stage, tuple[bool, str]] = {}
        self._seconds: dict[Stage, float] = {}

    @contextmanager
    def timed(self, stage: Stage, detail: str) -> Iterator[None]:
        """Times the stage; it has passed, with the detail, where nothing is raised."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self._seconds[stage] = self._seconds.get(stage, 0.0) + spent
        self.passed(stage, detail)

    def passed(self, stage: Stage, detail: str) -> None:
        self._details[stage] = (True, detail)

    def failed(self, stage: Stage, detail: str) -> None:
        self._details[stage] = (False, detail)

    def told(self) -> tuple[Step, ...]:
        """The stages in their order, as far as the visit came."""
        return tuple(
            Step(
                name=stage,
                ok=self._details[stage][0],
                detail=self._details[stage][1],
                milliseconds=round(self._seconds.get(stage, 0.0) * 1000, 2),
            )
            for stage in Stage
            if stage in self._details
        )
