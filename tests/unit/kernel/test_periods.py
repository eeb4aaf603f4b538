"""Calendar periods, in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from governance.kernel.periods import Period, PeriodKind, period_at

MOMENTS = st.integers(0, 7_000_000_000).map(lambda second: datetime.fromtimestamp(second, tz=UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "moment", "start", "end"),
    [
        ("daily", "2026-01-31T23:59:59Z", "2026-01-31T00:00Z", "2026-02-01T00:00Z"),
        ("daily", "2026-02-01T00:00:00Z", "2026-02-01T00:00Z", "2026-02-02T00:00Z"),
        ("weekly", "2026-11-22T00:00:00Z", "2026-11-22T00:00Z", "2026-11-29T00:00Z"),
        ("weekly", "2026-11-28T23:59:59Z", "2026-11-22T00:00Z", "2026-11-29T00:00Z"),
        ("weekly", "2026-01-01T00:00:00Z", "2025-12-28T00:00Z", "2026-01-04T00:00Z"),
        ("monthly", "2028-02-29T12:00:00Z", "2028-02-01T00:00Z", "2028-03-01T00:00Z"),
        ("monthly", "2026-12-31T12:00:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("daily", "2026-03-29T01:30:00+02:00", "2026-03-28T00:00Z", "2026-03-29T00:00Z"),
    ],
)
def test_a_period_begins_and_ends_by_the_calendar_in_utc(
    kind: str, moment: str, start: str, end: str
) -> None:
    expected = Period(kind=PeriodKind(kind), start=at(start), end=at(end))

    assert period_at(kind=PeriodKind(kind), at=at(moment)) == expected


@given(kind=st.sampled_from(PeriodKind), moment=MOMENTS)
def test_every_moment_lies_in_its_period_and_the_next_begins_where_it_ends(
    kind: PeriodKind, moment: datetime
) -> None:
    period = period_at(kind=kind, at=moment)

    assert period.contains(moment)
    assert not period.contains(period.end)
    assert period_at(kind=kind, at=period.end).start == period.end


@given(kind=st.sampled_from(PeriodKind), moment=MOMENTS, hours=st.integers(-14, 14))
def test_the_zone_in_which_a_moment_is_written_does_not_matter(
    kind: PeriodKind, moment: datetime, hours: int
) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))

    assert period_at(kind=kind, at=elsewhere) == period_at(kind=kind, at=moment)


@given(moment=MOMENTS)
def test_a_week_begins_on_sunday(moment: datetime) -> None:
    week = period_at(kind=PeriodKind.WEEKLY, at=moment)

    assert week.start.isoweekday() == 7
    assert week.end - week.start == timedelta(days=7)
