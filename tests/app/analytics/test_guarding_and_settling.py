"""Guards before, sinks after: nothing runs unadmitted, nothing used goes unbooked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.analytics.adapters import runner_process
from governance.analytics.domain.queries import (
    Observation,
    Pool,
    Priority,
    QueryState,
    Verdict,
)
from governance.analytics.models import Engine, Query
from governance.analytics.services import queries
from governance.kernel.actors import Actor
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace, NamespaceStatus
from tests.factories import analytics, tenancy
from tests.fakes import query_guards
from tests.fakes.query_guards import GUARD, SECOND_GUARD, SINK, UsedUp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

FAKES = "tests.fakes.query_guards"
SECONDS = "SELECT sum(a.id * b.id % 7) FROM range(1000000) a, range(200) b"
SLOW = "SELECT sum(a.id * b.id) FROM range(100000000) a, range(100000000) b"


@pytest.fixture(autouse=True)
def guarded(settings: Any) -> Iterator[None]:
    settings.ANALYTICS_QUERY_GUARDS = [f"{FAKES}.guard", f"{FAKES}.second_guard"]
    settings.ANALYTICS_USAGE_SINKS = [f"{FAKES}.sink"]
    query_guards.forget()
    yield
    query_guards.forget()


@pytest.fixture
def uma() -> Actor:
    return tenancy.an_actor(tenancy.a_user(roles=["author"]))


def test_a_query_is_reserved_before_and_booked_after(uma: Actor) -> None:
    query = analytics.asked("SELECT carrier FROM flights", uma)

    assert GUARD.holds == {query.pk: query.estimated_bytes}
    assert query.notes == ["Admitted.", "Admitted."]
    assert SINK.booked[query.pk].bytes_scanned == query.bytes_scanned > 0
    assert SINK.booked[query.pk].state is QueryState.SUCCEEDED


def test_a_refusal_leaves_no_row_no_job_and_no_reservation(uma: Actor) -> None:
    SECOND_GUARD.refuses = True

    with pytest.raises(UsedUp):
        queries.submit(sql="SELECT * FROM flights", actor=uma, now=timezone.now())

    assert (GUARD.holds, len(GUARD.withdrawn)) == ({}, 1)
    assert not Query.objects.exists()
    assert not OutboxMessage.objects.filter(name="analytics.run_query").exists()


def test_a_failed_query_is_booked_with_what_it_read(uma: Actor) -> None:
    query = analytics.asked("SELECT missing FROM flights", uma)

    assert query.state == QueryState.FAILED
    assert "missing" in query.error
    assert SINK.booked[query.pk].state is QueryState.FAILED


@pytest.mark.parametrize(
    ("sql", "begins"),
    [
        ("SELECT missing FROM flights", 'Referenced column "missing" not found'),
        ("SELECT carrier + 1 FROM flights", "No function matches"),
        ("SELECT carrier, count(*) FROM flights", 'column "carrier" must appear in the GROUP BY'),
    ],
)
def test_what_is_wrong_with_the_sql_is_said_in_a_sentence(
    uma: Actor, sql: str, begins: str
) -> None:
    query = analytics.asked(sql, uma)

    assert query.state == QueryState.FAILED
    assert query.error.startswith(begins)
    assert "Candidate functions" not in query.error


def test_a_guard_aborts_a_running_query(uma: Actor) -> None:
    GUARD.aborts = True

    query = analytics.asked(SLOW, uma)

    assert (query.state, query.error) == (QueryState.ABORTED, "main is for others.")
    assert SINK.booked[query.pk].run_milliseconds >= 400


def test_a_cancelled_query_is_booked_too(uma: Actor) -> None:
    query = queries.submit(sql=SLOW, actor=uma, now=timezone.now())

    queries.cancel(query_id=query.pk, actor=uma, now=timezone.now())
    analytics.ran(query)

    assert query.state == QueryState.CANCELLED
    assert SINK.booked[query.pk].run_milliseconds == 0


def test_a_query_of_a_suspended_namespace_is_cancelled(uma: Actor) -> None:
    query = queries.submit(sql=SLOW, actor=uma, now=timezone.now())
    Namespace.objects.update(status=NamespaceStatus.SUSPENDED)

    analytics.ran(query)

    assert query.state == QueryState.CANCELLED
    assert SINK.booked[query.pk].run_milliseconds == 0


def test_a_running_query_of_a_namespace_is_cancelled_when_it_is_suspended(
    uma: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = queries.submit(sql=SLOW, actor=uma, now=timezone.now())
    started = queries.plan_of

    def suspended_meanwhile(row: Query) -> Any:
        Namespace.objects.update(status=NamespaceStatus.SUSPENDED)
        return started(row)

    monkeypatch.setattr(queries, "plan_of", suspended_meanwhile)

    analytics.ran(query)

    assert query.state == QueryState.CANCELLED


def test_a_second_run_of_the_same_job_changes_nothing(uma: Actor) -> None:
    query = analytics.asked("SELECT 1", uma)
    finished = query.finished_at

    analytics.ran(query)

    assert query.finished_at == finished


def test_with_the_main_slots_taken_the_burst_pool_is_proposed(uma: Actor) -> None:
    analytics.an_engine("burst")
    Engine.objects.filter(name="burst").update(pool=Pool.BURST.value)
    Engine.objects.filter(name="lake").update(options={"slots": 1})

    first = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    second = queries.submit(sql="SELECT 2", actor=uma, now=timezone.now())
    analytics.ran(second)

    assert (first.pool, second.pool) == (Pool.MAIN, Pool.BURST)
    assert SINK.booked[second.pk].pool is Pool.BURST


def test_a_full_burst_pool_is_not_proposed(uma: Actor) -> None:
    analytics.an_engine("burst", slots=1)
    Engine.objects.filter(name="burst").update(pool=Pool.BURST.value)
    Engine.objects.filter(name="lake").update(options={"slots": 1})

    pools = [queries.submit(sql="SELECT 1", actor=uma, now=timezone.now()).pool for _ in range(3)]

    assert pools == [Pool.MAIN, Pool.BURST, Pool.MAIN]


def test_a_higher_priority_goes_first(uma: Actor) -> None:
    Engine.objects.update(options={"slots": 1})
    patient, urgent = (
        queries.submit(sql="SELECT 1", actor=uma, now=timezone.now()) for _ in range(2)
    )
    Query.objects.filter(pk=urgent.pk).update(priority=Priority.HIGHEST.value)

    states = [analytics.ran(query).state for query in (patient, urgent, patient)]

    assert states == [QueryState.QUEUED, QueryState.SUCCEEDED, QueryState.SUCCEEDED]


def test_a_query_without_a_free_slot_comes_back_later(uma: Actor) -> None:
    Engine.objects.update(options={"slots": 1})
    first = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    Query.objects.filter(pk=first.pk).update(state=QueryState.RUNNING.value)
    second = queries.submit(sql="SELECT 2", actor=uma, now=timezone.now())

    analytics.ran(second)

    assert second.state == QueryState.QUEUED
    again = OutboxMessage.objects.filter(payload={"query_id": str(second.pk)})
    assert again.count() == 2


HOP = Observation(verdict=Verdict.CONTINUE, pool=Pool.BURST, reason="It waited too long.")


def with_a_burst_engine(slots: int = 1) -> None:
    analytics.an_engine("burst", slots=slots)
    Engine.objects.filter(name="burst").update(pool=Pool.BURST.value)


@pytest.fixture
def waiting(uma: Actor) -> Query:
    """A query whose engine's only slot is taken."""
    Engine.objects.update(options={"slots": 1})
    first = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    Query.objects.filter(pk=first.pk).update(state=QueryState.RUNNING.value)
    return queries.submit(sql="SELECT 2", actor=uma, now=timezone.now() - timedelta(minutes=20))


def test_guards_are_asked_about_a_query_that_waits(waiting: Query) -> None:
    analytics.ran(waiting)

    [seen] = GUARD.observed
    assert (seen.query_id, seen.state, seen.started_at) == (waiting.pk, QueryState.QUEUED, None)
    assert seen.queue_milliseconds >= 20 * 60 * 1000


def test_a_guard_aborts_a_query_that_waits(waiting: Query) -> None:
    GUARD.aborts = True

    analytics.ran(waiting)

    assert (waiting.state, waiting.error) == (QueryState.ABORTED, "main is for others.")
    assert SINK.booked[waiting.pk].run_milliseconds == 0


def test_a_query_that_waits_hops_to_the_burst_pool_and_runs_there(waiting: Query) -> None:
    with_a_burst_engine()
    GUARD.says = HOP

    states = [analytics.ran(waiting).state for _ in range(2)]

    assert states == [QueryState.QUEUED, QueryState.SUCCEEDED]
    assert (waiting.pool, waiting.notes[-1]) == (Pool.BURST, HOP.reason)
    assert GUARD.moved == [waiting.pk]
    booked = SINK.booked[waiting.pk]
    assert booked.burst_milliseconds == booked.run_milliseconds


def test_a_query_that_runs_hops_where_it_is_and_is_metered_from_then(
    uma: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_process, "ASK_SECONDS", 0.05)
    Engine.objects.update(options={"timeout_seconds": 300})
    with_a_burst_engine()
    GUARD.says, GUARD.says_after_milliseconds = HOP, 100

    query = analytics.asked(SECONDS, uma)

    assert (query.state, query.pool) == (QueryState.SUCCEEDED, Pool.BURST)
    assert query.engine is not None
    assert query.engine.name == "burst"
    booked = SINK.booked[query.pk]
    assert 0 < booked.burst_milliseconds < booked.run_milliseconds


def test_a_run_that_begins_again_after_a_hop_is_metered_from_its_beginning(uma: Actor) -> None:
    with_a_burst_engine()
    query = queries.submit(sql="SELECT carrier FROM flights", actor=uma, now=timezone.now())
    Query.objects.filter(pk=query.pk).update(
        state=QueryState.RUNNING.value,
        started_at=timezone.now(),
        engine=Engine.objects.get(name="burst"),
        pool=Pool.BURST.value,
        burst_from_milliseconds=60_000,
    )

    analytics.ran(query)

    booked = SINK.booked[query.pk]
    assert booked.burst_milliseconds == booked.run_milliseconds > 0


@pytest.mark.parametrize("why", ["no engine", "no slot", "a guard"])
def test_a_query_that_cannot_hop_stays(waiting: Query, why: str) -> None:
    if why != "no engine":
        with_a_burst_engine()
    if why == "no slot":
        burst = Engine.objects.get(name="burst")
        Query.objects.exclude(pk=waiting.pk).update(engine=burst)
        other = Query.objects.exclude(pk=waiting.pk).get()
        Engine.objects.filter(name="lake").update(options={"slots": 1})
        Query.objects.create(
            engine=Engine.objects.get(name="lake"),
            sql="SELECT 1",
            state=QueryState.RUNNING.value,
            submitted_at=other.submitted_at,
        )
    SECOND_GUARD.moves = why != "a guard"
    GUARD.says = HOP

    analytics.ran(waiting)

    assert (waiting.state, waiting.pool) == (QueryState.QUEUED, Pool.MAIN)
