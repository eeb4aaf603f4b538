"""Running a queued query, step by step, each in a short transaction of its own.

1. take a slot, or come back in a second;
2. plan again from the catalogue as it is now, and run in a process that can be killed;
3. twice a second: cancelled? may who asked still have it? what do the guards say?
4. write the end and let the sinks settle, whatever the end was.

Running twice is safe: a query only reads, the row's state moves once, and sinks book by id.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import structlog

from governance.analytics import job_names
from governance.analytics.domain.engines import EngineOptions
from governance.analytics.domain.plans import QueryPlan
from governance.analytics.domain.queries import (
    FINAL,
    Observation,
    Priority,
    QueryState,
    higher_than,
)
from governance.analytics.domain.runs import RunEnd, RunLimits, RunOutcome, RunProgress
from governance.analytics.models import Engine, Query
from governance.analytics.ports import QueryEngine
from governance.analytics.services import collaborators, observations, queries, results, standing
from governance.kernel.refusals import Refusal, Unavailable
from governance.outbox.services import messages

log = structlog.get_logger(__name__)

AGAIN = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=10)
MEASURED = (
    "run_milliseconds",
    "bytes_scanned",
    "cpu_milliseconds",
    "rows_returned",
    "spilled_bytes",
    "progress",
)
Scope = Callable[[], AbstractContextManager[None]]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    plan: QueryPlan
    engine: QueryEngine
    limits: RunLimits


class _Watch:
    """Asked twice a second whether to go on; remembers who said no."""

    def __init__(self, *, query_id: UUID, scope: Scope) -> None:
        self.query_id = query_id
        self.scope = scope
        self.aborting: Observation | None = None
        self.lost = ""

    def go_on(self, progress: RunProgress) -> bool:
        with self.scope():
            rows = Query.objects.select_for_update(of=("self",)).select_related("namespace")
            row = rows.get(pk=self.query_id)
            self.lost = standing.why_lost(row)
            if row.cancel_requested_at is not None or self.lost:
                return False
            row.run_milliseconds = progress.run_milliseconds
            row.bytes_scanned = progress.bytes_scanned
            row.cpu_milliseconds = progress.cpu_milliseconds
            row.rows_returned = progress.rows_returned
            row.spilled_bytes = progress.spilled_bytes
            row.progress = progress.fraction
            row.save(update_fields=[*MEASURED, "updated_at"])
            self.aborting = observations.aborting(row)
        return self.aborting is None


def run(*, query_id: UUID, scope: Scope, clock: Clock) -> None:
    """Run the query to one of its ends. Raises Unavailable only where no runner can be started."""
    with scope():
        start = _started(query_id=query_id, now=clock())
    if start is None:
        return
    watch = _Watch(query_id=query_id, scope=scope)
    result = results.path_of(namespace_id=start.plan.namespace_id, query_id=query_id)
    outcome = start.engine.run(
        plan=start.plan, limits=start.limits, result=result, go_on=watch.go_on
    )
    log.info("query_ended", query_id=str(query_id), end=outcome.end.value)
    with scope():
        _ended(query_id=query_id, outcome=outcome, watch=watch, now=clock())


def give_up(*, query_id: UUID, why: str, now: datetime) -> None:
    """Fail a query that cannot be run, in the open scope."""
    row = Query.objects.select_for_update().get(pk=query_id)
    if QueryState(row.state) not in FINAL:
        row.error = why
        queries.finish(row=row, state=QueryState.FAILED, now=now)


def _started(*, query_id: UUID, now: datetime) -> _Start | None:
    """The row as running and what to run; None where there is nothing to do (yet)."""
    rows = Query.objects.select_for_update(of=("self",)).select_related("engine", "namespace")
    row = rows.get(pk=query_id)
    state = QueryState(row.state)
    if state in FINAL:
        return None
    lost = standing.why_lost(row)
    if row.cancel_requested_at is not None or lost:
        row.error = lost
        queries.finish(row=row, state=QueryState.CANCELLED, now=now)
    elif row.engine is None:
        give_up(query_id=query_id, why="Its engine was removed.", now=now)
    elif state is QueryState.QUEUED and not _has_slot(row, row.engine, now):
        _wait(row, now=now)
    else:
        return _running(row=row, engine=row.engine, now=now)
    return None


def _wait(row: Query, *, now: datetime) -> None:
    """Come back soon; meanwhile the guards keep what is reserved, and act on how long it waits."""
    row.queue_milliseconds = _milliseconds(now - row.submitted_at)
    row.save(update_fields=["queue_milliseconds", "updated_at"])
    said = observations.aborting(row)
    if said is None:
        messages.enqueue_job(name=job_names.RUN_QUERY, due_at=now + AGAIN, query_id=row.pk)
        return
    row.error = said.reason
    queries.finish(row=row, state=QueryState.ABORTED, now=now)


def _running(*, row: Query, engine: Engine, now: datetime) -> _Start | None:
    row.state = QueryState.RUNNING.value
    row.started_at = row.started_at or now
    # Whichever pool it is in now, this run begins there: a worker may have been lost after a hop.
    row.burst_from_milliseconds = 0
    row.queue_milliseconds = _milliseconds(row.started_at - row.submitted_at)
    row.save()
    try:
        return _Start(
            plan=queries.plan_of(row),
            engine=collaborators.engine_of(engine),
            limits=replace(
                EngineOptions.parse(engine.options).limits(), scan_bytes=row.estimated_bytes
            ),
        )
    except Unavailable:
        raise
    except Refusal as refusal:
        give_up(query_id=row.pk, why=str(refusal), now=now)
        return None


def _has_slot(row: Query, engine: Engine, now: datetime) -> bool:
    """One at a time decides: the engine's row is the lock of its slots.

    Those of a higher priority go first, unless they have waited so long that they may be lost.
    """
    # Not against new queries, whose guards are asked before their row names the engine.
    locked = Engine.objects.select_for_update(no_key=True).get(pk=engine.pk)
    mates = Query.objects.filter(engine=locked)
    running = mates.filter(state=QueryState.RUNNING.value).count()
    ahead = mates.filter(
        state=QueryState.QUEUED.value,
        priority__in=[each.value for each in higher_than(Priority(row.priority))],
        submitted_at__gt=now - LONGEST_WAIT,
    ).count()
    return running + ahead < EngineOptions.parse(locked.options).slots


def _ended(*, query_id: UUID, outcome: RunOutcome, watch: _Watch, now: datetime) -> None:
    row = Query.objects.select_for_update().get(pk=query_id)
    if QueryState(row.state) in FINAL:
        return
    row.bytes_scanned = outcome.bytes_scanned
    row.rows_scanned = outcome.rows_scanned
    row.rows_returned = outcome.rows_returned
    row.columns = [list(column) for column in outcome.columns]
    row.run_milliseconds = outcome.run_milliseconds
    row.cpu_milliseconds = outcome.cpu_milliseconds
    row.spilled_bytes = outcome.spilled_bytes
    row.result_bytes = outcome.result_bytes
    row.error = watch.lost or outcome.error
    if watch.aborting is not None:
        row.error = watch.aborting.reason
    state = _state_after(outcome.end, is_aborted=watch.aborting is not None)
    if state is QueryState.SUCCEEDED:
        row.result_expires_at = results.expires_at(now=now)
    queries.finish(row=row, state=state, now=now)


def _state_after(end: RunEnd, *, is_aborted: bool) -> QueryState:
    match end:
        case RunEnd.SUCCEEDED:
            return QueryState.SUCCEEDED
        case RunEnd.STOPPED:
            return QueryState.ABORTED if is_aborted else QueryState.CANCELLED
        case (
            RunEnd.FAILED
            | RunEnd.TIMED_OUT
            | RunEnd.OUT_OF_MEMORY
            | RunEnd.RESULT_TOO_LARGE
            | RunEnd.CRASHED
        ):
            return QueryState.FAILED
        case _:
            assert_never(end)


def _milliseconds(span: timedelta) -> int:
    return max(round(span.total_seconds() * 1000), 0)
