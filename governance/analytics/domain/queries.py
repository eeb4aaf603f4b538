"""A query: its states, what may follow what, and the values that guards and sinks are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict


class QueryState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"


class Pool(StrEnum):
    """Where a query runs: the main slots, or burst slots, whose minutes are metered."""

    MAIN = "main"
    BURST = "burst"


class Priority(StrEnum):
    """From the last to be served to the first."""

    LOWEST = "LOWEST"
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    HIGHEST = "HIGHEST"


def higher_than(priority: Priority) -> tuple[Priority, ...]:
    order = tuple(Priority)
    return order[order.index(priority) + 1 :]


NEXT: Mapping[QueryState, frozenset[QueryState]] = {
    QueryState.QUEUED: frozenset(
        {QueryState.RUNNING, QueryState.CANCELLED, QueryState.ABORTED, QueryState.FAILED}
    ),
    QueryState.RUNNING: frozenset(
        {QueryState.SUCCEEDED, QueryState.FAILED, QueryState.CANCELLED, QueryState.ABORTED}
    ),
    QueryState.SUCCEEDED: frozenset(),
    QueryState.FAILED: frozenset(),
    QueryState.CANCELLED: frozenset(),
    QueryState.ABORTED: frozenset(),
}
FINAL = frozenset(state for state, following in NEXT.items() if not following)


class QueryStateConflict(Conflict):
    code = "query_state_conflict"
    sentence = "The query is {state} and cannot become {wanted}."


def check_move(state: QueryState, wanted: QueryState) -> None:
    """Raise QueryStateConflict unless `wanted` may follow `state`."""
    if wanted not in NEXT[state]:
        raise QueryStateConflict(state=state.value, wanted=wanted.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a query would read at most, known before it runs.

    `bytes_scanned` is from Parquet footers (the columns that are asked for) and file sizes.
    `rows` is None where a format does not say. `tables` are the names that it reads.
    """

    bytes_scanned: int
    rows: int | None = None
    tables: tuple[str, ...] = ()
    files: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySubmission:
    """A query that asks to be admitted.

    `pool` is the proposal: the main pool while it has a free slot, else the burst pool where
    the namespace has an engine in it, else main (queued).
    """

    query_id: UUID
    namespace_id: UUID
    actor: Actor
    engine_id: UUID
    engine_kind: str
    pool: Pool
    submitted_at: datetime
    priority: Priority = Priority.NORMAL
    main_slots: int = 1
    main_running: int = 0
    main_queued: int = 0
    burst_slots: int = 0
    burst_running: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A guard's yes.

    It may move the query to another pool (hop) or priority, and leave notes for the person
    (shown beside the query).
    """

    pool: Pool
    priority: Priority = Priority.NORMAL
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRun:
    """A query as it runs (given to `observe`) or as it ended (given to `settle`).

    `bytes_scanned` is measured, also where the query failed or was cancelled. Times in
    milliseconds; `run_milliseconds` is slot time, 0 where it never started, and
    `burst_milliseconds` the part of it in the burst pool.
    """

    query_id: UUID
    namespace_id: UUID
    user_id: UUID | None
    role_id: UUID | None
    engine_id: UUID
    state: QueryState
    pool: Pool
    priority: Priority
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    estimated_bytes: int
    bytes_scanned: int
    rows_scanned: int | None
    rows_returned: int
    queue_milliseconds: int
    run_milliseconds: int
    cpu_milliseconds: int = 0
    spilled_bytes: int = 0
    burst_milliseconds: int = 0
    detail: Mapping[str, str] = field(default_factory=dict)


class Verdict(StrEnum):
    """What a guard says of a query that is running."""

    CONTINUE = "continue"
    ABORT = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A guard's word on a query that waits or runs.

    `reason` is a sentence, shown where it aborts or moves. `pool` asks for a slot of another pool
    (hop): it is given where one is free.
    """

    verdict: Verdict
    reason: str = ""
    priority: Priority | None = None
    pool: Pool | None = None


GO_ON = Observation(verdict=Verdict.CONTINUE)
