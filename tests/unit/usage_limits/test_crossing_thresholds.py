"""Thresholds are crossed at or above, each once, and a jump over several is one message."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, strategies as st

from usage_limits.domain import breaches
from usage_limits.domain.admissions import Meter, Reading, Standing, meter_at
from usage_limits.domain.breaches import AlertEvent, Breach, BreachCause
from usage_limits.domain.features import FeatureType, LimitType
from usage_limits.domain.limits import BreachAction, Terms

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TERMS = Terms(
    feature_type=FeatureType.CONCURRENCY_SCALING,
    limit_type=LimitType.TIME,
    amount=Decimal(60),
    breach_action=BreachAction.EMIT_METRIC,
    thresholds=(50, 80, 120),
)


def a_reading(seconds: int, *, terms: Terms = TERMS) -> Reading:
    meter = meter_at(
        limit_id=UUID(int=7), terms=terms, measured_from=NOW - timedelta(days=40), at=NOW
    )
    assert isinstance(meter, Meter)
    return Reading(meter, Standing(used=Decimal(seconds)))


def test_a_threshold_is_crossed_when_it_is_reached_exactly() -> None:
    assert breaches.crossed(a_reading(1799), known=()) == ()
    assert breaches.crossed(a_reading(1800), known=()) == (50,)


def test_a_threshold_that_was_logged_is_not_crossed_again() -> None:
    assert breaches.crossed(a_reading(3000), known={50}) == (80,)
    assert breaches.breach_of(a_reading(3000), known={50, 80}, now=NOW) is None


def test_a_jump_over_several_thresholds_is_one_breach() -> None:
    breach = breaches.breach_of(a_reading(4000), known=(), now=NOW)

    assert breach is not None
    assert breach.thresholds == (50, 80, 100)
    assert breach.event is AlertEvent.REACHED


def test_the_event_says_how_far_it_went() -> None:
    disabling = replace(TERMS, breach_action=BreachAction.DISABLE)
    early = breaches.breach_of(a_reading(1800), known=(), now=NOW)
    full = breaches.breach_of(a_reading(3600, terms=disabling), known=(), now=NOW)
    late = breaches.breach_of(
        a_reading(3600, terms=disabling), known=(), now=NOW + timedelta(days=40)
    )
    refused = Breach(reading=a_reading(3500), thresholds=(100,), cause=BreachCause.REFUSED)

    assert early is not None
    assert early.event is AlertEvent.THRESHOLD
    assert full is not None
    assert full.event is AlertEvent.DISABLED
    assert refused.event is AlertEvent.REFUSED
    assert late is not None
    assert late.event is AlertEvent.REACHED


@given(st.lists(st.integers(min_value=0, max_value=4000), max_size=20))
def test_however_use_arrives_each_threshold_is_crossed_once(steps: list[int]) -> None:
    used, said = 0, list[int]()
    for step in steps:
        used += step
        said += breaches.crossed(a_reading(used), known=said)

    assert said == [percent for percent in (50, 80, 100, 120) if used * 100 >= percent * 3600]
