"""Whether use may begin, and what the refused are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from governance.kernel.periods import PeriodKind
from usage_limits.domain import admissions
from usage_limits.domain.admissions import Meter, Reading, Standing
from usage_limits.domain.features import FeatureType, LimitType
from usage_limits.domain.limits import BreachAction, Terms

TB = 2**40
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
TERMS = Terms(
    feature_type=FeatureType.SPECTRUM,
    limit_type=LimitType.DATA_SCANNED,
    amount=Decimal(2),
    period=PeriodKind.WEEKLY,
    breach_action=BreachAction.DISABLE,
)


def a_meter(terms: Terms = TERMS, *, at: datetime = NOW) -> Meter:
    meter = admissions.meter_at(
        limit_id=UUID(int=1), terms=terms, measured_from=NOW - timedelta(days=90), at=at
    )
    assert meter is not None
    return meter


def a_reading(used: int, reserved: int = 0, *, terms: Terms = TERMS) -> Reading:
    return Reading(a_meter(terms), Standing(used=Decimal(used), reserved=Decimal(reserved)))


def test_used_and_asked_may_equal_the_amount() -> None:
    reading = a_reading(TB, TB - 100)

    assert not reading.refuses(Decimal(100))
    assert reading.refuses(Decimal(101))


@pytest.mark.parametrize("action", [BreachAction.LOG, BreachAction.EMIT_METRIC])
def test_a_limit_that_does_not_disable_refuses_nobody(action: BreachAction) -> None:
    reading = a_reading(5 * TB, terms=replace(TERMS, breach_action=action))

    assert not reading.refuses(Decimal(TB))
    assert not reading.disabled


def test_a_feature_is_disabled_once_all_of_it_is_used() -> None:
    assert not a_reading(2 * TB - 1).disabled
    assert a_reading(2 * TB).disabled
    assert a_reading(TB // 2).percent == 25


def test_use_before_the_limit_was_made_has_no_meter() -> None:
    made = NOW - timedelta(hours=1)

    early = admissions.meter_at(
        limit_id=UUID(int=1), terms=TERMS, measured_from=made, at=made - timedelta(seconds=1)
    )

    assert early is None


def test_a_week_begins_on_sunday_at_midnight_utc() -> None:
    period = a_meter().period

    assert period.start == datetime(2026, 3, 1, tzinfo=UTC)
    assert period.end == datetime(2026, 3, 8, tzinfo=UTC)


def test_of_several_refusals_the_one_that_lasts_longest_speaks() -> None:
    weekly = a_reading(2 * TB)
    daily = a_reading(2 * TB, terms=replace(TERMS, period=PeriodKind.DAILY))

    assert admissions.refusing([daily, weekly], requested=Decimal(1)) is weekly
    assert admissions.refusing([a_reading(0)], requested=Decimal(1)) is None


def test_the_refused_are_told_which_limit_and_until_when() -> None:
    refused = admissions.refusal(a_reading(TB, TB // 2), requested=Decimal(TB), now=NOW)

    assert str(refused) == (
        "Query reached usage limit: Data scanned, weekly is limited to 2 TB; 1.5 TB is used or "
        "reserved and 1 TB more was asked for. The limit resets on Sunday 8 March 2026, 00:00 UTC."
    )
    assert refused.retry_after_seconds == 3.5 * 86400
    shown = {
        name: refused.values[name]
        for name in ("limit", "feature", "period", "amount", "used", "requested", "reset_at")
    }
    assert shown == {
        "limit": str(UUID(int=1)),
        "feature": "spectrum",
        "period": "weekly",
        "amount": 2,
        "used": 1.5,
        "requested": 1,
        "reset_at": "2026-03-08T00:00:00Z",
    }


@given(
    st.integers(min_value=0, max_value=10**30),
    st.integers(min_value=0, max_value=10**30),
    st.integers(min_value=1, max_value=10**30),
)
def test_counts_beyond_what_a_double_holds_are_compared_exactly(
    used: int, reserved: int, asked: int
) -> None:
    reading = a_reading(used, reserved)

    assert reading.refuses(Decimal(asked)) == (used + reserved + asked > 2 * TB)


@given(st.lists(st.integers(min_value=1, max_value=TB), max_size=50))
def test_admitted_use_never_exceeds_the_limit(asked: list[int]) -> None:
    standing = Standing()
    for amount in asked:
        if not Reading(a_meter(), standing).refuses(Decimal(amount)):
            standing = replace(standing, reserved=standing.reserved + amount)

    assert standing.taken <= 2 * TB


def test_an_amount_that_is_small_in_terabytes_is_said_in_megabytes_too() -> None:
    assert admissions.amount_text(TERMS) == "2 TB"
    assert admissions.amount_text(replace(TERMS, amount=Decimal("0.0002"))) == (
        "209.72 MB (0.0002 TB)"
    )
