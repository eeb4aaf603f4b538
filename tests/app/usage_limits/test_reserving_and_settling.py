"""Reserve before, settle after: all or nothing, once, in the right period."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from governance.kernel.periods import PeriodKind
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.usage_limits import a_limit, a_request, reserved, settled, some_terms
from usage_limits import selectors
from usage_limits.domain.admissions import ReservationConflict, UsageLimitReached
from usage_limits.domain.features import FeatureType, from_base
from usage_limits.domain.limits import BreachAction, TermsChange
from usage_limits.models import LimitCounter, Reservation, UsageEntry, UsageLimit
from usage_limits.services import limits, reservations

BURST = FeatureType.CONCURRENCY_SCALING


def standing(limit: UsageLimit, *, now: datetime) -> tuple[float, float]:
    """Used and reserved, in TB or minutes; and the counters say what the ledger adds up to."""
    [state] = selectors.limit_states(limits=[limit], now=now)
    reading = state.reading
    assert reading.standing == selectors.LEDGER.standing(meter=reading.meter)
    feature = FeatureType(limit.feature_type)
    return (
        float(from_base(feature=feature, amount=reading.standing.used)),
        float(from_base(feature=feature, amount=reading.standing.reserved)),
    )


def test_used_and_asked_may_equal_the_amount(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1), now=now)

    reserved("a", "0.75", now=now)
    reserved("b", "0.25", now=now)

    assert standing(limit, now=now) == (0, 1)
    with pytest.raises(UsageLimitReached, match="Query reached usage limit"):
        reserved("c", "0.000001", now=now)


def test_a_refusal_costs_nothing(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1), now=now)

    with pytest.raises(UsageLimitReached):
        reserved("big", 2, now=now)

    assert standing(limit, now=now) == (0, 0)
    assert not Reservation.objects.exists()


def test_it_is_all_or_nothing_over_the_limits_of_a_feature(
    namespace: Namespace, now: datetime
) -> None:
    loose = a_limit(some_terms(9, period=PeriodKind.MONTHLY, action=BreachAction.LOG), now=now)
    tight = a_limit(some_terms(1), now=now)

    with pytest.raises(UsageLimitReached):
        reserved("a", 2, now=now)
    reserved("b", 1, now=now)

    assert standing(loose, now=now) == (0, 1)
    assert standing(tight, now=now) == (0, 1)


def test_it_is_all_or_nothing_over_several_features(namespace: Namespace, now: datetime) -> None:
    scans = a_limit(some_terms(1), now=now)
    bursts = a_limit(some_terms(60, feature=BURST), now=now)

    with pytest.raises(UsageLimitReached) as refused:
        reservations.reserve(
            requests=[a_request("a", 2, at=now), a_request("a", 5, feature=BURST, at=now)],
            now=now,
        )

    assert refused.value.values["feature"] == "spectrum"
    assert standing(scans, now=now) == (0, 0)
    assert standing(bursts, now=now) == (0, 0)


def test_a_limit_that_only_logs_refuses_nobody(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1, action=BreachAction.EMIT_METRIC), now=now)

    reserved("a", 5, now=now)
    settled("a", 5, now=now)

    assert standing(limit, now=now) == (5, 0)


def test_settling_charges_what_was_measured_and_gives_back_the_rest(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(2), now=now)

    reserved("a", 1, now=now)
    settled("a", "0.25", now=now)

    assert standing(limit, now=now) == (0.25, 0)


def test_settling_twice_charges_once(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(2), now=now)
    reserved("a", 1, now=now)

    settled("a", 1, now=now)
    settled("a", 1, now=now)
    settled("a", 2, now=now)

    assert standing(limit, now=now) == (1, 0)


def test_reserving_twice_with_the_same_id_holds_once(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(2), now=now)

    reserved("a", 1, now=now)
    reserved("a", 1, now=now)

    assert standing(limit, now=now) == (0, 1)
    with pytest.raises(ReservationConflict):
        reserved("a", 2, now=now)


def test_a_query_that_was_not_reserved_is_charged_once_all_the_same(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(2), now=now)

    settled("a", 1, now=now)
    settled("a", 1, now=now)

    assert standing(limit, now=now) == (1, 0)


def test_a_released_reservation_is_given_back_and_may_be_held_again(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(1), now=now)
    reserved("a", 1, now=now)

    reservations.release(key="a", now=now)
    reservations.release(key="a", now=now)
    assert standing(limit, now=now) == (0, 0)

    reserved("a", 1, now=now)
    assert standing(limit, now=now) == (0, 1)


def test_an_unsettled_reservation_expires_once_and_a_late_settle_charges_once(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(1), now=now)
    reserved("a", 1, now=now)
    later = now + reservations.LEASE

    assert reservations.expire(now=later - timedelta(seconds=1)) == 0
    assert reservations.expire(now=later) == 1
    assert reservations.expire(now=later) == 0
    assert standing(limit, now=now) == (0, 0)

    settled("a", 1, now=later)
    settled("a", 1, now=later)
    assert standing(limit, now=now) == (1, 0)


def test_a_query_that_still_runs_keeps_what_it_holds(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1), now=now)
    reserved("a", 1, now=now)

    reservations.go_on(key="a", needs={}, now=now + timedelta(minutes=10))

    assert reservations.expire(now=now + reservations.LEASE) == 0


def test_a_reservation_is_charged_to_the_period_it_was_made_in(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(1, period=PeriodKind.DAILY), now=now)
    late = now.replace(hour=23, minute=59)
    tomorrow = now + timedelta(days=1)
    reserved("a", 1, now=late)

    settled("a", 1, now=tomorrow)

    assert standing(limit, now=late) == (1, 0)
    assert standing(limit, now=tomorrow) == (0, 0)


def test_a_new_period_starts_at_nothing(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1, period=PeriodKind.DAILY), now=now)
    reserved("a", 1, now=now)
    settled("a", 1, now=now)
    with pytest.raises(UsageLimitReached) as refused:
        reserved("b", 1, now=now)

    reserved("b", 1, now=now + timedelta(days=1))

    assert refused.value.values["reset_at"] == "2026-03-19T00:00:00Z"
    assert refused.value.retry_after_seconds == 13.5 * 3600


def test_a_limit_made_in_the_middle_of_a_period_counts_from_then(
    namespace: Namespace, now: datetime
) -> None:
    reserved("early", 5, now=now)
    settled("early", 5, now=now)
    reserved("running", 5, now=now)

    limit = a_limit(some_terms(1), now=now + timedelta(minutes=1))
    settled("running", 5, now=now + timedelta(minutes=2))

    assert standing(limit, now=now + timedelta(minutes=2)) == (0, 0)


def test_raising_the_amount_admits_at_once(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1), now=now)
    settled("a", 1, now=now)
    with pytest.raises(UsageLimitReached):
        reserved("b", 1, now=now)

    limits.change(
        limit_id=limit.pk,
        wanted=TermsChange(amount=Decimal(2)),
        actor=actors.system(),
        now=now,
    )

    reserved("b", 1, now=now)


@pytest.mark.parametrize("way", ["removed", "logs only"])
def test_a_limit_that_goes_or_only_logs_admits_at_once(
    namespace: Namespace, now: datetime, way: str
) -> None:
    limit = a_limit(some_terms(1), now=now)
    settled("a", 1, now=now)

    if way == "removed":
        limits.remove(limit_id=limit.pk, actor=actors.system(), now=now)
    else:
        limits.change(
            limit_id=limit.pk,
            wanted=TermsChange(breach_action=BreachAction.LOG),
            actor=actors.system(),
            now=now,
        )

    reserved("b", 1, now=now)


def test_counters_that_were_lost_are_added_up_from_the_ledger(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(2), now=now)
    settled("a", 1, now=now)
    reserved("b", "0.5", now=now)

    LimitCounter.objects.all().delete()
    with pytest.raises(UsageLimitReached):
        reserved("c", 1, now=now)
    settled("b", "0.5", now=now)

    assert standing(limit, now=now) == (1.5, 0)


def test_counts_beyond_what_a_double_holds_stay_exact(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1_000_000), now=now)
    for number in range(3):
        reservations.settle(
            key=f"q{number}",
            charges={FeatureType.SPECTRUM: Decimal(2**58 + 1)},
            used_at=now,
            source="query",
            now=now,
        )

    [state] = selectors.limit_states(limits=[limit], now=now)

    assert state.reading.standing.used == 3 * (2**58 + 1)
    assert UsageEntry.objects.count() == 3
