"""Submitting and cancelling queries: the one door for portal, REST and the Hive gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from governance.analytics import job_names, selectors
from governance.analytics.domain import planning, statements
from governance.analytics.domain.engines import EngineKind, EngineOptions
from governance.analytics.domain.planning import Value
from governance.analytics.domain.plans import QueryPlan
from governance.analytics.domain.queries import (
    FINAL,
    Admission,
    Estimate,
    Pool,
    QueryState,
    QuerySubmission,
    check_move,
)
from governance.analytics.domain.results import ResultPage
from governance.analytics.models import DashboardPanel, Engine, Query
from governance.analytics.ports import QueryGuard
from governance.analytics.services import collaborators, grants, results
from governance.analytics.services.grants import Grant
from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.permissions import require
from governance.outbox.services import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asks. `engine` is a name, `role` the name of a role they hold."""

    sql: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    engine: str | None = None
    role: str | None = None
    database: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    grant: Grant
    engine: Engine
    plan: QueryPlan
    estimate: Estimate


def submit(  # noqa: PLR0913 - the parts of one question, all named
    *,
    sql: str,
    actor: Actor,
    now: datetime,
    engine: str | None = None,
    parameters: Mapping[str, Value] | None = None,
    role: str | None = None,
    database: str = "default",
) -> Query:
    """Check, estimate, admit and queue a query; the worker runs it after the commit.

    Raises SQLInvalid, SQLRefused, TableUnknown, EngineMissing, PermissionDenied, or what a
    guard says. A refusal leaves no row and no reservation.
    """
    question = Question(
        sql=sql, parameters=parameters or {}, engine=engine, role=role, database=database.lower()
    )
    prepared = _prepared(question=question, actor=actor)
    _require_run(prepared)
    return _queued(question=question, prepared=prepared, panel=None, now=now)


def submit_panel(*, panel: DashboardPanel, actor: Actor, now: datetime) -> Query:
    """A dashboard's saved query, for somebody who may read the dashboard but not write SQL."""
    selectors.dashboard_of(actor=actor, slug=panel.dashboard.slug)
    question = Question(sql=panel.sql)
    prepared = _prepared(question=question, actor=actor)
    return _queued(question=question, prepared=prepared, panel=panel, now=now)


def estimate(*, question: Question, actor: Actor) -> Estimate:
    """What the query would read, without running it. Raises as `submit`."""
    prepared = _prepared(question=question, actor=actor)
    _require_run(prepared)
    return prepared.estimate


def cancel(*, query_id: UUID, actor: Actor, now: datetime) -> Query:
    """Stop a query: at once where it is queued, within a second where it runs.

    Raises QueryUnknown, or QueryStateConflict where it has already ended.
    """
    selectors.query_of(actor=actor, query_id=query_id)
    row = Query.objects.select_for_update().get(pk=query_id)
    check_move(QueryState(row.state), QueryState.CANCELLED)
    trail.record(actor=actor, action="query.cancelled", target=row, now=now)
    row.cancel_requested_at = now
    if row.state == QueryState.RUNNING:
        row.save(update_fields=["cancel_requested_at"])
        return row
    row.error = "Cancelled before it ran."
    return finish(row=row, state=QueryState.CANCELLED, now=now)


def finish(*, row: Query, state: QueryState, now: datetime) -> Query:
    """Write the final state and let the sinks settle, in one transaction."""
    check_move(QueryState(row.state), state)
    row.state = state.value
    row.finished_at = now
    row.progress = None
    row.save()
    run = row.run_now()
    for sink in collaborators.sinks():
        sink.settle(run=run)
    return row


def page(*, query: Query, offset: int, limit: int) -> ResultPage:
    """Rows of a result. Raises ResultMissing where there is none (any more)."""
    return results.page(query=query, offset=offset, limit=limit)


def is_final(query: Query) -> bool:
    return QueryState(query.state) in FINAL


def plan_of(row: Query) -> QueryPlan:
    """The plan of a queued query, from the catalogue as it is now. Raises as `submit`."""
    engine = row.engine or selectors.default_engine()
    return planning.plan(
        statement=statements.read(sql=row.sql, database=row.database),
        catalogue=selectors.catalogue_of(engine),
        namespace_id=row.namespace_id,
        role_id=row.role_id,
        storage_prefixes=tuple(row.storage_prefixes),
        parameters=row.parameters,
        target=EngineKind(engine.kind).target,
    )


def _prepared(*, question: Question, actor: Actor) -> _Prepared:
    grant = grants.grant_for(actor=actor, role_name=question.role)
    engine = (
        selectors.default_engine()
        if question.engine is None
        else selectors.engine_named(question.engine)
    )
    plan = planning.plan(
        statement=statements.read(sql=question.sql, database=question.database),
        catalogue=selectors.catalogue_of(engine),
        namespace_id=current_namespace_id(),
        role_id=grant.role_id,
        storage_prefixes=grant.prefixes,
        parameters=question.parameters,
        target=EngineKind(engine.kind).target,
    )
    estimated = collaborators.engine_of(engine).estimate(plan=plan)
    return _Prepared(grant=grant, engine=engine, plan=plan, estimate=estimated)


def _require_run(prepared: _Prepared) -> None:
    resource = selectors.arn(kind="engine", name=prepared.engine.name)
    require(actor=prepared.grant.actor, action=Action.RUN_QUERY, resource=resource)


def _queued(
    *, question: Question, prepared: _Prepared, panel: DashboardPanel | None, now: datetime
) -> Query:
    submission = _submission(prepared, now)
    admitted: list[QueryGuard] = []
    try:
        admission = _admitted(submission, prepared.estimate, admitted)
        return _saved(question, prepared, submission, admission, panel)
    except BaseException:
        for guard in admitted:
            guard.withdraw(submission=submission)
        raise


def _submission(prepared: _Prepared, now: datetime) -> QuerySubmission:
    main, burst = prepared.engine, selectors.burst_engine_for(prepared.engine)
    running = selectors.count_in_state(engine=main, state=QueryState.RUNNING)
    queued = selectors.count_in_state(engine=main, state=QueryState.QUEUED)
    slots = int(main.options.get("slots", EngineOptions().slots))
    is_busy = running + queued >= slots and main.pool == Pool.MAIN
    burst_slots = 0 if burst is None else int(burst.options.get("slots", EngineOptions().slots))
    burst_running = selectors.count_in_state(engine=burst, state=QueryState.RUNNING)
    burst_queued = selectors.count_in_state(engine=burst, state=QueryState.QUEUED)
    has_burst = burst_running + burst_queued < burst_slots
    proposed = Pool.BURST if is_busy and has_burst else Pool(main.pool)
    return QuerySubmission(
        query_id=new_id(),
        namespace_id=prepared.plan.namespace_id,
        actor=prepared.grant.actor,
        engine_id=main.pk,
        engine_kind=main.kind,
        pool=proposed,
        submitted_at=now,
        main_slots=slots,
        main_running=running,
        main_queued=queued,
        burst_slots=burst_slots,
        burst_running=burst_running,
    )


def _admitted(
    submission: QuerySubmission, estimated: Estimate, admitted: list[QueryGuard]
) -> Admission:
    admission = Admission(pool=submission.pool, priority=submission.priority)
    for guard in collaborators.guards():
        said = guard.admit(submission=submission, estimate=estimated)
        admitted.append(guard)
        admission = replace(said, notes=(*admission.notes, *said.notes))
        submission = replace(submission, pool=said.pool, priority=said.priority)
    return admission


def _saved(
    question: Question,
    prepared: _Prepared,
    submission: QuerySubmission,
    admission: Admission,
    panel: DashboardPanel | None,
) -> Query:
    engine = _engine_in(admission.pool, prepared.engine)
    grant, now = prepared.grant, submission.submitted_at
    row = Query.objects.create(
        id=submission.query_id,
        engine=engine,
        user_id=grant.user_id,
        token_id=grant.actor.token_id,
        role_id=grant.role_id,
        panel=panel,
        sql=question.sql,
        database=question.database,
        parameters=dict(question.parameters),
        storage_prefixes=list(grant.prefixes),
        pool=engine.pool,
        priority=admission.priority.value,
        notes=[note[:400] for note in admission.notes],
        estimated_bytes=prepared.estimate.bytes_scanned,
        submitted_at=now,
    )
    detail = {"engine": engine.name, "estimated_bytes": row.estimated_bytes, "pool": row.pool}
    trail.record(actor=grant.actor, action="query.submitted", target=row, detail=detail, now=now)
    messages.enqueue_job(name=job_names.RUN_QUERY, key=f"query:{row.pk}", query_id=row.pk)
    return row


def _engine_in(pool: Pool, engine: Engine) -> Engine:
    """The engine that guards admitted the query to: its own, or one of the other pool."""
    if pool is Pool(engine.pool):
        return engine
    match pool:
        case Pool.BURST:
            return selectors.burst_engine_for(engine) or engine
        case Pool.MAIN:
            return selectors.default_engine()
