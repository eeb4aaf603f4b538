"""Free seconds: how many an hour adds, and what they pay."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, strategies as st

from usage_limits.domain import burst_credits

AT = datetime(2026, 3, 18, 10, 59, 59, tzinfo=UTC)
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=3)


def test_a_run_touches_each_hour_of_the_clock_that_it_lasts_in() -> None:
    hours = burst_credits.hours_of(started_at=AT, finished_at=AT + timedelta(hours=1, seconds=2))

    assert [hour.hour for hour in hours] == [10, 11, 12]


def test_a_run_that_ends_with_the_hour_is_not_in_the_next() -> None:
    hours = burst_credits.hours_of(started_at=AT, finished_at=AT + timedelta(seconds=1))

    assert [hour.hour for hour in hours] == [10]


def test_a_clock_that_ran_backwards_is_one_hour_and_a_run_without_end_two_days() -> None:
    back = burst_credits.hours_of(started_at=AT, finished_at=AT - timedelta(days=1))
    long = burst_credits.hours_of(started_at=AT, finished_at=AT + timedelta(days=400))

    assert (len(back), len(long)) == (1, 49)


def test_an_hour_adds_what_may_still_be_kept() -> None:
    balances = [Decimal(0), Decimal(107_900), Decimal(108_000), Decimal(200_000)]

    assert [burst_credits.earned(balance=each) for each in balances] == [150, 100, 0, 0]


@given(AMOUNTS, AMOUNTS)
def test_credits_pay_what_they_can_and_a_limit_counts_the_rest(
    amount: Decimal, available: Decimal
) -> None:
    part = burst_credits.split(amount=amount, available=available)

    assert part.free + part.paid == amount
    assert part.free == min(amount, available)


def test_a_debt_pays_nothing() -> None:
    assert burst_credits.split(amount=Decimal(5), available=Decimal(-1)).paid == 5
