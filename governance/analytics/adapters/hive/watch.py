"""Watching a run from here: how long it may last, and whether somebody still wants it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from governance.analytics.domain.runs import RunProgress

ASK_SECONDS = 0.5


class StoppedError(Exception):
    """Somebody cancelled it, or a guard did."""


class TimedOutError(Exception):
    """It ran longer than it may."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """`look` is called often; it asks twice a second. `bytes_scanned` is what was begun."""

    seconds: float
    go_on: Callable[[RunProgress], bool]
    bytes_scanned: int = 0
    rows: int = 0
    started: float = field(default_factory=time.monotonic)
    _asked: float = 0.0

    @property
    def milliseconds(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    @property
    def seconds_left(self) -> int:
        return max(round(self.started + self.seconds - time.monotonic()), 1)

    def look(self) -> None:
        """Raises StoppedError, TimedOutError."""
        now = time.monotonic()
        if now - self.started > self.seconds:
            raise TimedOutError
        if now - self._asked >= ASK_SECONDS:
            self.ask()

    def ask(self, *, bytes_scanned: int | None = None) -> None:
        """Ask now; `bytes_scanned` is what would be read next. Raises StoppedError."""
        self._asked = time.monotonic()
        progress = RunProgress(
            run_milliseconds=self.milliseconds,
            bytes_scanned=self.bytes_scanned if bytes_scanned is None else bytes_scanned,
            cpu_milliseconds=0,
            rows_returned=self.rows,
        )
        if not self.go_on(progress):
            raise StoppedError
