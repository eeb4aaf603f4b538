"""When an erasure is due: one month after it was asked for, unless the request says otherwise."""

import calendar
from datetime import datetime


def one_month_after(at: datetime) -> datetime:
    """The same day of the next month, or its last day (GDPR Art. 12(3))."""
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)  # noqa: PLR2004
    last_day = calendar.monthrange(year, month)[1]
    return at.replace(year=year, month=month, day=min(at.day, last_day))
