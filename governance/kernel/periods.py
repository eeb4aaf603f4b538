"""Calendar periods in UTC, as the platform bills them (Amazon Redshift, usage limits)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class PeriodKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (included) to `end` (not included), both aware, in UTC."""

    kind: PeriodKind
    start: datetime
    end: datetime

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end


def period_at(*, kind: PeriodKind, at: datetime) -> Period:
    """The period that `at` lies in. A week starts on Sunday, a month on the 1st, a day at 00:00."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match kind:
        case PeriodKind.DAILY:
            return Period(kind=kind, start=midnight, end=midnight + timedelta(days=1))
        case PeriodKind.WEEKLY:
            sunday = midnight - timedelta(days=midnight.isoweekday() % 7)
            return Period(kind=kind, start=sunday, end=sunday + timedelta(days=7))
        case PeriodKind.MONTHLY:
            first = midnight.replace(day=1)
            return Period(kind=kind, start=first, end=(first + timedelta(days=32)).replace(day=1))


def spoken(at: datetime) -> str:
    """A moment for a person to read, such as "Sunday 8 March 2026, 00:00 UTC"."""
    at = at.astimezone(UTC)
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} UTC"
