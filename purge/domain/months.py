"""A month as a calendar shows it: whole weeks from Monday, days of other months included."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 2000, 9000


@dataclass(frozen=True, slots=True)
class Month:
    year: int
    number: int

    @classmethod
    def parse(cls, text: str, *, today: date) -> "Month":
        """`2026-11`; this month for anything else."""
        year, _, number = text.partition("-")
        if year.isdecimal() and number.isdecimal():
            found = cls(int(year), int(number))
            if FIRST_YEAR <= found.year <= LAST_YEAR and 1 <= found.number <= 12:  # noqa: PLR2004
                return found
        return cls(today.year, today.month)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def after(self) -> "Month":
        later = self.first + timedelta(days=31)
        return Month(later.year, later.month)

    @property
    def before(self) -> "Month":
        earlier = self.first - timedelta(days=1)
        return Month(earlier.year, earlier.month)

    @property
    def weeks(self) -> Sequence[Sequence[date]]:
        return calendar.Calendar().monthdatescalendar(self.year, self.number)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class Day:
    """One square of the calendar. `entries` are whatever is due then."""

    date: date
    is_inside: bool
    is_today: bool
    entries: Sequence[object]


def grid(month: Month, *, entries: Mapping[date, Sequence[object]], today: date) -> list[list[Day]]:
    return [
        [
            Day(
                date=day,
                is_inside=day.month == month.number,
                is_today=day == today,
                entries=entries.get(day, ()),
            )
            for day in week
        ]
        for week in month.weeks
    ]
