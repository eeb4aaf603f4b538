"""Free minutes of the burst pool: earned by the hour, spent first, never twice."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from governance.analytics.domain.queries import Estimate, Pool, QueryState
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import tenancy
from tests.factories.rest import Script
from tests.factories.usage_limits import a_limit, a_run, a_submission, reserved, some_terms
from usage_limits import selectors, wiring
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.domain.features import FeatureType
from usage_limits.models import CreditUse, MainPoolHour, Reservation, UsageEntry
from usage_limits.services import burst_credits, gates, housekeeping, reservations
from usage_limits.services.own_transactions import commit

BURST = FeatureType.CONCURRENCY_SCALING
HOUR = timedelta(hours=1)
NOTHING = Estimate(bytes_scanned=0)
RUNNING: dict[str, Any] = {"state": QueryState.RUNNING, "finished_at": None}

guard, sink = wiring.query_guard(), wiring.usage_sink()


def earned(hours: int, *, now: datetime) -> None:
    """So many hours of use before `now`, one query in each."""
    for number in range(1, hours + 1):
        at = now - number * HOUR
        sink.settle(run=a_run(a_submission(now=at), run_milliseconds=1000, started_at=at))
    burst_credits.accrue(now=now + HOUR)


def burst(now: datetime, *, seconds: int | None = None) -> Any:
    """A query in the burst pool, run for so long where that is said."""
    submission = a_submission(now=now, pool=Pool.BURST)
    admission = guard.admit(submission=submission, estimate=NOTHING)
    if seconds is not None:
        run = a_run(submission, pool=admission.pool, run_milliseconds=seconds * 1000)
        sink.settle(run=run)
    return submission


def paid() -> float:
    return sum(float(row.amount) for row in UsageEntry.objects.filter(feature_type=BURST))


def free() -> float:
    return float(selectors.free_seconds())


def test_a_day_of_use_earns_an_hour(namespace: Namespace, now: datetime) -> None:
    earned(24, now=now)

    assert free() == 3600


def test_an_hour_counts_once_and_only_when_it_is_over(namespace: Namespace, now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    for minute in (1, 30, 58):
        at = hour + timedelta(minutes=minute)
        sink.settle(run=a_run(a_submission(now=at), run_milliseconds=1000, started_at=at))

    before = burst_credits.available(now=hour + timedelta(minutes=59))
    after = burst_credits.available(now=hour + HOUR)

    assert [float(before), float(after)] == [0, 150]


def test_a_run_over_the_hour_is_use_of_both_and_the_burst_pool_earns_nothing(
    namespace: Namespace, now: datetime
) -> None:
    at = now.replace(minute=59, second=59)
    sink.settle(run=a_run(a_submission(now=at), started_at=at, run_milliseconds=2000))
    later = at + 5 * HOUR
    burst_run = a_run(
        a_submission(now=later, pool=Pool.BURST), started_at=later, run_milliseconds=1000
    )
    sink.settle(run=burst_run)

    assert MainPoolHour.objects.count() == 2


def test_no_more_than_thirty_hours_are_kept(namespace: Namespace, now: datetime) -> None:
    start = now - 900 * HOUR
    burst_credits.note_use(started_at=start, finished_at=start + timedelta(days=2))
    for day in range(2, 36, 2):
        at = start + timedelta(days=day)
        burst_credits.note_use(started_at=at, finished_at=at + timedelta(days=2))

    burst_credits.accrue(now=now + HOUR)

    assert free() == 30 * 3600


def test_credits_are_spent_before_the_minutes_that_a_limit_counts(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(2, feature=BURST), now=now)
    earned(1, now=now)

    burst(now, seconds=100)
    burst(now, seconds=100)

    assert (paid(), free()) == (50, 0)
    [state] = selectors.limit_states(limits=[limit], now=now)
    assert state.reading.standing.used == 50


def test_where_the_limit_is_used_up_credits_still_admit(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1, feature=BURST), now=now)
    burst(now, seconds=60)
    earned(1, now=now)

    burst(now, seconds=60)
    last = guard.admit(submission=a_submission(now=now, pool=Pool.BURST), estimate=NOTHING)
    later = guard.admit(submission=a_submission(now=now, pool=Pool.BURST), estimate=NOTHING)

    assert (last.pool, later.pool) == (Pool.BURST, Pool.MAIN)
    assert paid() == 60


def test_what_a_query_holds_is_not_free_to_another(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1, feature=BURST), now=now)
    earned(1, now=now)
    running = burst(now)
    guard.observe(run=a_run(running, run_milliseconds=55_000, **RUNNING))

    reserved("other", Decimal("1.5"), feature=BURST, now=now)
    with pytest.raises(UsageLimitReached):
        reserved("third", Decimal("0.1"), feature=BURST, now=now + timedelta(seconds=1))

    held = [(float(row.credit), float(row.amount)) for row in Reservation.objects.all()]
    assert sorted(held) == [(30, 60), (120, 0)]


def test_settling_twice_spends_once_and_what_expired_is_free_again(
    namespace: Namespace, now: datetime
) -> None:
    earned(1, now=now)
    submission = burst(now)
    reservations.expire(now=now + HOUR)
    assert free() == 150

    for _ in range(2):
        sink.settle(run=a_run(submission, pool=Pool.BURST, run_milliseconds=70_000))

    assert (paid(), free(), CreditUse.objects.count()) == (0, 80, 1)


def test_a_burst_that_was_not_reserved_is_charged_once_all_the_same(
    namespace: Namespace, now: datetime
) -> None:
    earned(1, now=now)
    run = a_run(a_submission(now=now, pool=Pool.BURST), run_milliseconds=60_000)

    sink.settle(run=run)
    sink.settle(run=run)

    assert (paid(), free()) == (0, 90)


def test_the_same_reservation_again_holds_once(namespace: Namespace, now: datetime) -> None:
    earned(1, now=now)

    for _ in range(2):
        reserved("a", 2, feature=BURST, now=now)

    assert free() == 30


def test_housekeeping_credits_the_hours_that_are_over(namespace: Namespace, now: datetime) -> None:
    at = now - 2 * HOUR
    sink.settle(run=a_run(a_submission(now=at), run_milliseconds=1000, started_at=at))

    housekeeping.keep_house(now=now)

    assert free() == 150


@pytest.mark.django_db(transaction=True)
def test_whoever_notes_an_hour_holds_the_gate_first(now: datetime) -> None:
    """Else one waits for the hour's row and the other for the gate: a deadlock."""
    namespace = tenancy.a_namespace()
    seen = []
    with namespace_scope(namespace.pk):
        gates.hold()

        def other() -> None:
            sink.settle(run=a_run(a_submission(now=now), run_milliseconds=1, started_at=now))
            seen.append("settled while the gate was held")

        commit(other, namespace_id=namespace.pk)
        burst_credits.note_use(started_at=now, finished_at=now)

    assert seen == []


@pytest.mark.django_db
def test_rest_tells_the_credits(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        earned(24, now=now)
        a_limit(some_terms(60, feature=BURST), now=now)
        a_limit(some_terms(1), now=now)
    script = Script(namespace)

    told = script.get("usage/").json()["credits"]
    by_feature = {
        row["feature_type"]: row["state"]["free"]
        for row in script.get("usage-limits/").json()["results"]
    }

    assert told == {"available": 60, "held": 0, "most": 1800}
    assert by_feature == {"concurrency-scaling": 60, "spectrum": 0}
