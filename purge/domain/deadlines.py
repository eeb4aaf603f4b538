"""When an erasure is due, when somebody is reminded of that, and when it expires undecided."""

import calendar
from collections.abc import Collection
from datetime import datetime, timedelta

REMINDERS = (7, 3, 1, 0)
"""Days before the due time at which officers are reminded; 0: it is overdue."""


def one_month_after(at: datetime) -> datetime:
    """The same day of the next month, or its last day (GDPR Art. 12(3))."""
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)  # noqa: PLR2004
    last_day = calendar.monthrange(year, month)[1]
    return at.replace(year=year, month=month, day=min(at.day, last_day))


def expiry(*, asked_at: datetime, due_at: datetime, undecided_days: int) -> datetime:
    """When a request that nobody decided on ends: never before it is due."""
    return max(due_at, asked_at + timedelta(days=undecided_days))


def reminder_now(*, due_at: datetime, now: datetime, sent: Collection[int]) -> int | None:
    """The reminder to send now, if any: the nearest that is reached, unless it was sent.

    One that was missed, because nothing ran for days, is not caught up: the nearer one says it.
    """
    reached = [days for days in REMINDERS if now >= due_at - timedelta(days=days)]
    if not reached:
        return None
    nearest = min(reached)
    return None if nearest in sent else nearest
