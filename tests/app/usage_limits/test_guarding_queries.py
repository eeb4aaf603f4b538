"""What a query holds before it runs and while it runs, and is charged after."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from governance.analytics.domain.queries import (
    Estimate,
    Pool,
    QueryState,
)
from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories import tenancy
from tests.factories.usage_limits import (
    a_limit,
    a_run,
    a_submission,
    an_email_channel,
    metered,
    settled,
    some_terms,
)
from usage_limits import selectors, wiring
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.domain.features import FeatureType
from usage_limits.models import (
    Reservation,
    UsageControlLogEntry,
    UsageLimit,
)
from usage_limits.services import reservations

MB = 2**20
TB = 2**40
SPECTRUM = FeatureType.SPECTRUM
BURST = FeatureType.CONCURRENCY_SCALING
guard, sink = wiring.query_guard(), wiring.usage_sink()


def test_a_query_holds_its_estimate_and_is_charged_what_it_read(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1), now=now)
    submission = a_submission(now=now)

    admission = guard.admit(submission=submission, estimate=Estimate(bytes_scanned=100 * MB + 1))
    assert admission.pool is Pool.MAIN
    assert metered(SPECTRUM) == (0, 101 * MB)

    sink.settle(run=a_run(submission, bytes_scanned=3 * MB))
    assert metered(SPECTRUM) == (10 * MB, 0)


def test_a_query_that_reads_no_table_holds_nothing_and_is_never_refused(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1), now=now)
    settled("full", 1, now=now)

    guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=0))

    assert metered(SPECTRUM) == (TB, 0)


@pytest.mark.parametrize("state", [QueryState.FAILED, QueryState.CANCELLED, QueryState.ABORTED])
def test_a_query_that_ended_badly_is_charged_what_it_read(
    namespace: Namespace, now: datetime, state: QueryState
) -> None:
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=100 * MB))

    sink.settle(run=a_run(submission, state=state, bytes_scanned=20 * MB))

    assert metered(SPECTRUM) == (20 * MB, 0)


def test_a_query_that_never_ran_gives_everything_back(namespace: Namespace, now: datetime) -> None:
    submission = a_submission(now=now, pool=Pool.BURST)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=100 * MB))

    sink.settle(run=a_run(submission, state=QueryState.CANCELLED, run_milliseconds=0))

    assert metered(SPECTRUM) == (0, 0)
    assert metered() == (0, 0)


def test_a_withdrawn_query_gives_everything_back(namespace: Namespace, now: datetime) -> None:
    submission = a_submission(now=now, pool=Pool.BURST)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=100 * MB))

    guard.withdraw(submission=submission)
    guard.withdraw(submission=submission)

    assert metered(SPECTRUM) == (0, 0)
    assert metered() == (0, 0)


def test_a_burst_is_charged_by_the_second_and_at_least_a_minute(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(60, feature=BURST), now=now)
    short, long = a_submission(now=now, pool=Pool.BURST), a_submission(now=now, pool=Pool.BURST)
    for submission in (short, long):
        admission = guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))
        assert admission.pool is Pool.BURST

    sink.settle(run=a_run(short, run_milliseconds=1_000))
    sink.settle(run=a_run(long, run_milliseconds=90_500))

    assert metered() == (60 + 91, 0)


def test_where_burst_minutes_are_used_up_the_query_takes_a_main_slot(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1, feature=BURST), now=now)
    settled("earlier", 1, feature=BURST, now=now)

    submission = a_submission(now=now, pool=Pool.BURST)
    admission = guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))

    assert admission.pool is Pool.MAIN
    assert "burst pool" in admission.notes[0]
    assert metered(SPECTRUM) == (0, 10 * MB)


def test_where_both_are_used_up_the_query_is_refused_for_its_scan(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1, feature=BURST), now=now)
    a_limit(some_terms("0.00001"), now=now)
    settled("earlier", 1, feature=BURST, now=now)

    with pytest.raises(UsageLimitReached) as refused:
        guard.admit(
            submission=a_submission(now=now, pool=Pool.BURST), estimate=Estimate(bytes_scanned=TB)
        )

    assert refused.value.values["feature"] == "spectrum"


def test_a_query_that_still_runs_keeps_its_reservation(namespace: Namespace, now: datetime) -> None:
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))

    guard.observe(
        run=a_run(submission, state=QueryState.RUNNING, finished_at=None, run_milliseconds=600_000)
    )

    assert Reservation.objects.get().expires_at == now + timedelta(minutes=25)


WAITING: dict[str, Any] = {"state": QueryState.QUEUED, "started_at": None, "finished_at": None}
RUNNING: dict[str, Any] = {"state": QueryState.RUNNING, "finished_at": None}


def test_a_query_that_waits_keeps_its_reservation(namespace: Namespace, now: datetime) -> None:
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))

    for minutes in (10, 20, 30):
        guard.observe(run=a_run(submission, queue_milliseconds=minutes * 60_000, **WAITING))

    assert reservations.expire(now=now + timedelta(minutes=40)) == 0
    assert metered(SPECTRUM) == (0, 10 * MB)


def test_what_expired_while_the_worker_was_away_is_held_again(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1), now=now)
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=TB))
    assert reservations.expire(now=now + timedelta(minutes=30)) == 1

    guard.observe(run=a_run(submission, run_milliseconds=31 * 60_000, **RUNNING))
    with pytest.raises(UsageLimitReached):
        guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=MB))
    sink.settle(run=a_run(submission, bytes_scanned=TB))

    assert metered(SPECTRUM) == (TB, 0)


def test_a_burst_that_goes_on_holds_each_minute_before_it_begins(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(3, feature=BURST), now=now)
    submission = a_submission(now=now, pool=Pool.BURST)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=0))

    held = []
    for seconds in (1, 49, 50, 111):
        guard.observe(run=a_run(submission, run_milliseconds=seconds * 1000, **RUNNING))
        held.append(metered()[1])
    other = guard.admit(
        submission=a_submission(now=now, pool=Pool.BURST), estimate=Estimate(bytes_scanned=0)
    )
    sink.settle(run=a_run(submission, run_milliseconds=115_000))

    assert held == [60, 60, 120, 180]
    assert other.pool is Pool.MAIN
    assert metered() == (115, 0)


def test_a_query_that_reads_more_than_was_estimated_holds_what_it_reads(
    namespace: Namespace, now: datetime
) -> None:
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))

    guard.observe(run=a_run(submission, bytes_scanned=99 * MB, **RUNNING))

    assert metered(SPECTRUM) == (0, 99 * MB)


def test_a_query_that_hopped_is_charged_from_when_it_hopped(
    namespace: Namespace, now: datetime
) -> None:
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))
    running = a_run(submission, run_milliseconds=300_000, **RUNNING)

    assert guard.move(run=running, pool=Pool.BURST)
    sink.settle(
        run=a_run(
            submission,
            pool=Pool.BURST,
            run_milliseconds=390_000,
            burst_milliseconds=90_000,
        )
    )

    assert metered() == (90, 0)


@pytest.mark.django_db(transaction=True)
def test_a_hop_into_minutes_that_are_used_up_is_refused_and_said_once(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1, feature=BURST), now=now)
        settled("before", 1, feature=BURST, now=now)
        submission = a_submission(now=now)
        waiting = a_run(submission, queue_milliseconds=61_000, **WAITING)

        moved = [guard.move(run=waiting, pool=Pool.BURST) for _ in range(2)]

        assert (moved, metered()) == ([False, False], (60, 0))
        assert UsageControlLogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_logged_and_alerted_once_though_the_query_is_rolled_back(
    now: datetime,
) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms("0.00001"), now=now)
        an_email_channel()

    for _ in range(3):
        with pytest.raises(UsageLimitReached), namespace_scope(namespace.pk):
            guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=TB))

    with namespace_scope(namespace.pk):
        [logged] = UsageControlLogEntry.objects.all()
        [message] = OutboxMessage.objects.filter(kind="email")
        assert (logged.cause, logged.threshold, logged.action) == ("refused", 100, "disable")
        assert message.payload["to_address"] == "alerts@customer.example"
        assert not Reservation.objects.exists()
        [state] = selectors.limit_states(limits=list(UsageLimit.objects.all()), now=now)
        assert state.reading.standing.taken == 0
