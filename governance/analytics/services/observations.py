"""What guards say of a query that waits or runs, and doing it: another priority, another pool."""

from governance.analytics import selectors
from governance.analytics.domain.engines import EngineOptions
from governance.analytics.domain.queries import Observation, Pool, QueryState, Verdict
from governance.analytics.models import Engine, Query
from governance.analytics.services import collaborators

MOST_NOTES = 20


def aborting(row: Query) -> Observation | None:
    """The guard's word that ends the query, if there is one. What is said otherwise is done.

    `row` is locked, and its measures are saved.
    """
    for guard in collaborators.guards():
        said = guard.observe(run=row.run_now())
        if said.priority is not None and said.priority != row.priority:
            row.priority = said.priority.value
            row.save(update_fields=["priority"])
        if said.pool is not None and said.pool != row.pool:
            _hop(row, said)
        if said.verdict is Verdict.ABORT:
            return said
    return None


def _hop(row: Query, said: Observation) -> None:
    """Take a slot of the burst pool where one is free and its guards agree.

    A running query goes on where it is and frees its main slot: nothing that it read is lost.
    """
    burst = None if row.engine is None else selectors.burst_engine_for(row.engine)
    if said.pool is not Pool.BURST or burst is None or not _has_room(burst):
        return
    run = row.run_now()
    if not all(guard.move(run=run, pool=Pool.BURST) for guard in collaborators.guards()):
        return
    row.engine, row.pool = burst, Pool.BURST.value
    row.burst_from_milliseconds = row.run_milliseconds
    row.notes = [*row.notes, said.reason[:400]][-MOST_NOTES:]
    row.save(update_fields=["engine", "pool", "burst_from_milliseconds", "notes"])


def _has_room(engine: Engine) -> bool:
    # Whoever holds it may wait for the guards that we come from: there is a next time.
    rows = Engine.objects.select_for_update(no_key=True, skip_locked=True)
    locked = rows.filter(pk=engine.pk).first()
    if locked is None:
        return False
    taken = sum(
        selectors.count_in_state(engine=locked, state=state)
        for state in (QueryState.RUNNING, QueryState.QUEUED)
    )
    return taken < EngineOptions.parse(locked.options).slots
