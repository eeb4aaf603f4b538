"""How long something is still good for, in the words and thresholds of a warning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

THRESHOLD_DAYS = (60, 30, 7, 1)
DAY = timedelta(days=1)


class Nearness(StrEnum):
    """How near an end is."""

    FAR = "far"
    SOON = "soon"
    NEAR = "near"
    PAST = "past"


class EndingKind(StrEnum):
    CERTIFICATE = "certificate"
    OWN_KEY = "own_key"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Something that ends. `what` says it, with a fingerprint where there is one."""

    kind: EndingKind
    what: str
    ends_at: datetime
    key: str

    def days_left(self, *, now: datetime) -> int:
        """Whole days, rounded up; nought or less once it has ended."""
        return -((now - self.ends_at) // DAY)

    def threshold(self, *, now: datetime) -> int | None:
        """The smallest threshold that has been reached; None while it is far, or past."""
        left = self.days_left(now=now)
        if left <= 0:
            return None
        return min((days for days in THRESHOLD_DAYS if left <= days), default=None)

    def nearness(self, *, now: datetime) -> Nearness:
        match self.threshold(now=now):
            case None:
                return Nearness.PAST if self.ends_at <= now else Nearness.FAR
            case days if days <= 7:  # noqa: PLR2004 - a week
                return Nearness.NEAR
            case _:
                return Nearness.SOON

    def words(self, *, now: datetime) -> str:
        left = self.days_left(now=now)
        if left <= 0:
            return f"ended {self.ends_at:%Y-%m-%d}"
        return f"{left} day left" if left == 1 else f"{left} days left"
