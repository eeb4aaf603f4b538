"""Free time in the burst pool: earned by the main pool's use, spent before what is paid for.

One hour for each 24 in which the main pool is in use, earned by the hour, at most 30 hours kept
(https://docs.aws.amazon.com/redshift/latest/dg/concurrency-scaling.html). In use is, here, an hour
of the clock in which a query ran there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from usage_limits.domain.quantities import EXACT

HOUR = timedelta(hours=1)
EARNED_AN_HOUR = Decimal(3600) / 24
MOST_KEPT = Decimal(30 * 3600)
LONGEST_RUN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Split:
    """Seconds of an amount that credits pay, and those that a limit counts."""

    free: Decimal
    paid: Decimal


def hours_of(*, started_at: datetime, finished_at: datetime) -> list[datetime]:
    """The hours of the clock that a run touched, each by its start."""
    last = min(finished_at, started_at + LONGEST_RUN)
    hour = started_at.replace(minute=0, second=0, microsecond=0)
    hours = [hour]
    while (hour := hour + HOUR) < last:
        hours.append(hour)
    return hours


def earned(*, balance: Decimal) -> Decimal:
    """What an hour of use adds: nothing beyond what may be kept."""
    return max(Decimal(0), min(EARNED_AN_HOUR, EXACT.subtract(MOST_KEPT, balance)))


def split(*, amount: Decimal, available: Decimal) -> Split:
    """Credits first."""
    free = max(Decimal(0), min(amount, available))
    return Split(free=free, paid=EXACT.subtract(amount, free))
