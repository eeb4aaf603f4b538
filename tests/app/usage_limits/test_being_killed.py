"""Killed at any statement or commit and asked again: charged once, and counters that add up."""

import itertools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from governance.analytics.domain.queries import Estimate, Pool
from governance.isolation.scopes import namespace_scope
from tests.factories import tenancy
from tests.factories.usage_limits import a_limit, a_run, a_submission, some_terms
from tests.fakes.killer import Killer, was_killed
from usage_limits import selectors, wiring
from usage_limits.domain.admissions import Standing
from usage_limits.domain.events import UsageEvent
from usage_limits.domain.features import FeatureType
from usage_limits.models import (
    CreditUse,
    LimitCounter,
    Reservation,
    UsageControlLogEntry,
    UsageEntry,
    UsageLimit,
)
from usage_limits.services import burst_credits, usage_events

MB = 2**20
BURST = FeatureType.CONCURRENCY_SCALING

pytestmark = pytest.mark.django_db(transaction=True)


def acme_with_limits(now: datetime) -> UUID:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1), now=now)
        a_limit(some_terms(600, feature=BURST), now=now)
        burst_credits.note_use(started_at=now, finished_at=now)
    return namespace.pk


def killed_everywhere(work: Callable[[int], object], *, step: int) -> int:
    """Do `work` with a kill at each so-many-th point, then once more without.

    How often it was done, the last time without a kill.
    """
    for number, at in enumerate(itertools.count(1, step)):

        def dying(killer: Killer, number: int = number) -> None:
            killer.around(CursorWrapper, "execute")
            killer.around(BaseDatabaseWrapper, "commit")
            work(number)

        killed = was_killed(dying, at=at)
        work(number)
        if not killed:
            return number + 1
    raise AssertionError


def assert_counters_are_the_ledger() -> None:
    for limit in UsageLimit.objects.all():
        counter = LimitCounter.objects.filter(limit=limit).first()
        meter = limit.meter(at=limit.measured_from)
        assert meter is not None
        stands = Standing() if counter is None else counter.standing
        assert stands == selectors.LEDGER.standing(meter=meter)


def total(feature: FeatureType) -> Decimal:
    rows = UsageEntry.objects.filter(feature_type=feature)
    return sum((row.amount for row in rows), Decimal(0))


def test_a_query_is_charged_once_wherever_its_worker_is_killed(now: datetime) -> None:
    acme = acme_with_limits(now)
    guard, sink = wiring.query_guard(), wiring.usage_sink()
    with namespace_scope(acme):
        submissions = [a_submission(now=now, pool=Pool.BURST) for _ in range(500)]

    def query(number: int) -> None:
        submission = submissions[number]
        with namespace_scope(acme):
            guard.admit(submission=submission, estimate=Estimate(bytes_scanned=20 * MB))
        with namespace_scope(acme):
            sink.settle(run=a_run(submission, bytes_scanned=20 * MB, run_milliseconds=60_000))

    times = killed_everywhere(query, step=4)

    assert times > 10
    with namespace_scope(acme):
        assert total(FeatureType.SPECTRUM) == times * 20 * MB
        free = sum((use.seconds for use in CreditUse.objects.all()), Decimal(0))
        assert total(BURST) + free == times * 60
        assert not Reservation.objects.filter(state="held").exists()
        assert_counters_are_the_ledger()


def test_events_are_booked_once_wherever_whoever_books_them_is_killed(now: datetime) -> None:
    acme = acme_with_limits(now)

    def reported(number: int) -> None:
        batch = [
            UsageEvent(
                id=f"{number}-{part % 4}",
                feature_type=FeatureType.SPECTRUM,
                amount=Decimal("0.01"),
                at=now,
            )
            for part in range(5)
        ]
        with namespace_scope(acme):
            usage_events.book(batch=batch, now=now)

    times = killed_everywhere(reported, step=1)

    assert times > 10
    with namespace_scope(acme):
        assert UsageEntry.objects.count() == times * 4
        assert_counters_are_the_ledger()
        reached = times * 4 >= 100
        assert UsageControlLogEntry.objects.count() == int(reached)
