"""Decisions made at the same moment, on a real PostgreSQL, by connections of their own."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, connections
from django.utils import timezone

from governance.analytics.domain.queries import Pool
from governance.analytics.models import Engine, Query
from governance.analytics.services import queries, runs
from governance.isolation.scopes import namespace_scope
from governance.kernel.periods import PeriodKind
from governance.tenancy.services import actors
from tests.factories import analytics, tenancy
from tests.factories.usage_limits import (
    a_limit,
    a_request,
    a_rule,
    reserved,
    settled,
    some_terms,
)
from tests.settings import SERVERS
from usage_limits import selectors
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.domain.events import UsageEvent, UsageEventConflict
from usage_limits.domain.features import FeatureType
from usage_limits.domain.limits import BreachAction
from usage_limits.models import Reservation, UsageControlLogEntry, UsageEntry, UsageLimit
from usage_limits.services import housekeeping, reservations, usage_events

THREADS = 20
BURST = FeatureType.CONCURRENCY_SCALING

pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(jobs: int, work: Callable[[int], str]) -> Counter[str]:
    """Run `work(0…jobs-1)` on as many connections as there are threads, and count the answers."""
    ready = threading.Barrier(THREADS)

    def hand(first: int) -> list[str]:
        try:
            ready.wait()
            return [work(number) for number in range(first, jobs, THREADS)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(answer for answers in pool.map(hand, range(THREADS)) for answer in answers)


def in_scope(namespace_id: UUID, work: Callable[[], None]) -> str:
    try:
        with namespace_scope(namespace_id):
            work()
    except UsageLimitReached:
        return "refused"
    return "held"


def test_two_hundred_reservations_against_a_hundred_admit_exactly_a_hundred(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        for period in PeriodKind:
            action = BreachAction.DISABLE if period is PeriodKind.WEEKLY else BreachAction.LOG
            a_limit(some_terms(100, period=period, action=action), now=now)

    answers = all_at_once(
        200,
        lambda number: in_scope(namespace.pk, lambda: reserved(f"q{number}", 1, now=now)),
    )

    assert answers == {"held": 100, "refused": 100}
    with namespace_scope(namespace.pk):
        assert Reservation.objects.count() == 100
        for state in selectors.limit_states(limits=list(UsageLimit.objects.all()), now=now):
            assert state.reading.percent == 0
            assert state.reading.standing.reserved == state.reading.meter.ceiling


def test_reservations_of_two_features_in_either_order_never_deadlock(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(100), now=now)
        a_limit(some_terms(100, feature=BURST), now=now)

    def both(number: int) -> None:
        wanted = [
            a_request(f"q{number}", 1, at=now),
            a_request(f"q{number}", 1, feature=BURST, at=now),
        ]
        reservations.reserve(requests=wanted[:: 1 if number % 2 else -1], now=now)

    answers = all_at_once(120, lambda number: in_scope(namespace.pk, lambda: both(number)))

    assert answers == {"held": 100, "refused": 20}


def test_queries_that_ask_one_after_another_in_one_transaction_never_deadlock(
    now: datetime,
) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1000), now=now)
        a_limit(some_terms(1000, feature=BURST), now=now)

    def dashboard(number: int) -> None:
        features = [FeatureType.SPECTRUM, BURST]
        for panel, feature in enumerate(features[:: 1 if number % 2 else -1]):
            reserved(f"d{number}-{panel}", 1, feature=feature, now=now)

    answers = all_at_once(80, lambda number: in_scope(namespace.pk, lambda: dashboard(number)))

    assert answers == {"held": 80}


def test_the_same_settle_a_hundred_times_at_once_charges_once_and_says_it_once(
    now: datetime,
) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1), now=now)
        reserved("q", 1, now=now)

    all_at_once(100, lambda _: in_scope(namespace.pk, lambda: settled("q", 1, now=now)))

    with namespace_scope(namespace.pk):
        assert UsageEntry.objects.count() == 1
        assert UsageControlLogEntry.objects.count() == 1


def test_the_same_events_a_hundred_times_at_once_are_charged_once(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        limit = a_limit(some_terms(1000), now=now)

    def report(number: int) -> None:
        """Fifty events, in an order of one's own, some of them twice."""
        ids = [f"e{(number * 7 + part) % 50}" for part in range(55)]
        batch = [
            UsageEvent(id=each, feature_type=FeatureType.SPECTRUM, amount=Decimal("0.5"), at=now)
            for each in ids
        ]
        usage_events.book(batch=batch, now=now)

    answers = all_at_once(100, lambda number: in_scope(namespace.pk, lambda: report(number)))

    assert answers == {"held": 100}
    with namespace_scope(namespace.pk):
        assert UsageEntry.objects.count() == 50
        [state] = selectors.limit_states(limits=[limit], now=now)
        assert state.reading.standing.used == 25 * 2**40


def test_of_two_payloads_with_one_id_at_once_one_is_booked_and_the_other_a_conflict(
    now: datetime,
) -> None:
    namespace = tenancy.a_namespace()

    def report(number: int) -> str:
        event = UsageEvent(
            id=f"e{number // 2}",
            feature_type=FeatureType.SPECTRUM,
            amount=Decimal(1 + number % 2),
            at=now,
        )
        try:
            with namespace_scope(namespace.pk):
                usage_events.book(batch=[event], now=now)
        except UsageEventConflict:
            return "conflict"
        return "booked"

    assert all_at_once(80, report) == {"booked": 40, "conflict": 40}


def test_queries_that_wait_hop_and_end_beside_each_other_never_deadlock(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        actor = actors.system(namespace.pk)
        analytics.an_engine("main", slots=1)
        a_limit(some_terms(1000), now=now)
        a_limit(some_terms(1000, feature=BURST), now=now)
        a_rule(("query_queue_time", ">", 0), name="hop", action="hop")

    def submitted() -> Query:
        with namespace_scope(namespace.pk):
            before = timezone.now() - timedelta(seconds=5)
            return queries.submit(sql="SELECT 1", actor=actor, now=before)

    waiting = [submitted() for _ in range(41)]
    with namespace_scope(namespace.pk):
        Query.objects.filter(pk=waiting.pop().pk).update(state="running")
        analytics.an_engine("burst", slots=20)
        Engine.objects.filter(name="burst").update(pool=Pool.BURST.value)

    def life(number: int) -> str:
        """Asked about while it waits, then cancelled, while others come and time goes on."""
        runs.run(
            query_id=waiting[number].pk,
            scope=lambda: namespace_scope(namespace.pk),
            clock=timezone.now,
        )
        with namespace_scope(namespace.pk):
            housekeeping.keep_house(now=timezone.now())
        for query in (waiting[number], submitted()):
            with namespace_scope(namespace.pk):
                queries.cancel(query_id=query.pk, actor=actor, now=timezone.now())
        return "ended"

    assert all_at_once(40, life) == {"ended": 40}
    with namespace_scope(namespace.pk):
        hopped = Query.objects.filter(pool=Pool.BURST.value, pk__in=[row.pk for row in waiting])
        assert hopped.exists()
        assert Reservation.objects.filter(state="held").count() <= 1


def test_a_transaction_that_fails_while_it_holds_the_gate_leaves_nothing_held(
    now: datetime,
) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1), now=now)
    in_hand, dead = threading.Event(), threading.Event()

    def dying() -> None:
        try:
            with namespace_scope(namespace.pk):
                reserved("lost", 1, now=now)
                in_hand.set()
                assert dead.wait(10)
                message = "killed"
                raise RuntimeError(message)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(dying)
        assert in_hand.wait(10)
        dead.set()
        assert isinstance(killed.exception(), RuntimeError)

    assert in_scope(namespace.pk, lambda: reserved("next", 1, now=now)) == "held"


HOLDER = """
import os, psycopg, time
with psycopg.connect(os.environ["HOLDER_URL"]) as connection:
    connection.execute("SELECT set_config('lakewarden.system', 'on', true)")
    assert connection.execute("SELECT id FROM usage_limits_usagegate FOR UPDATE").fetchall()
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_process_killed_while_it_holds_the_gate_holds_nobody_up(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1), now=now)
    url = SERVERS.postgres.url("lakewarden_app", database=connection.settings_dict["NAME"])
    holder = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLDER],
        env={**os.environ, "HOLDER_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)

    assert in_scope(namespace.pk, lambda: reserved("next", 1, now=now)) == "held"
