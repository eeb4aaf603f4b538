"""A guard and a sink that remember what they were told, for the tests of analytics."""

from dataclasses import dataclass, field
from uuid import UUID

from governance.analytics.domain.queries import (
    GO_ON,
    Admission,
    Estimate,
    Observation,
    Pool,
    QueryRun,
    QuerySubmission,
    Verdict,
)
from governance.kernel.refusals import Exhausted


class UsedUp(Exhausted):
    code = "used_up"
    sentence = "Nothing is left of what was granted."


@dataclass
class RecordingGuard:
    """Admits until told otherwise. `holds` are reservations that were not given back."""

    refuses: bool = False
    aborts: bool = False
    says: Observation = GO_ON
    says_after_milliseconds: int = -1
    moves: bool = True
    moved: list[UUID] = field(default_factory=list)
    observed: list[QueryRun] = field(default_factory=list)
    holds: dict[UUID, int] = field(default_factory=dict)
    withdrawn: list[UUID] = field(default_factory=list)

    def admit(self, *, submission: QuerySubmission, estimate: Estimate) -> Admission:
        if self.refuses:
            raise UsedUp
        self.holds.setdefault(submission.query_id, estimate.bytes_scanned)
        return Admission(pool=submission.pool, priority=submission.priority, notes=("Admitted.",))

    def withdraw(self, *, submission: QuerySubmission) -> None:
        self.holds.pop(submission.query_id, None)
        self.withdrawn.append(submission.query_id)

    def observe(self, *, run: QueryRun) -> Observation:
        if self.aborts:
            return Observation(verdict=Verdict.ABORT, reason=f"{run.pool} is for others.")
        self.observed.append(run)
        return self.says if run.run_milliseconds > self.says_after_milliseconds else GO_ON

    def move(self, *, run: QueryRun, pool: Pool) -> bool:
        if self.moves:
            assert pool is not run.pool
            self.moved.append(run.query_id)
        return self.moves


@dataclass
class RecordingSink:
    """Books each query once, by id."""

    booked: dict[UUID, QueryRun] = field(default_factory=dict)

    def settle(self, *, run: QueryRun) -> None:
        self.booked.setdefault(run.query_id, run)


GUARD, SECOND_GUARD, SINK = RecordingGuard(), RecordingGuard(), RecordingSink()


def guard() -> RecordingGuard:
    return GUARD


def second_guard() -> RecordingGuard:
    return SECOND_GUARD


def sink() -> RecordingSink:
    return SINK


def forget() -> None:
    GUARD.__init__()  # type: ignore[misc]
    SECOND_GUARD.__init__()  # type: ignore[misc]
    SINK.__init__()  # type: ignore[misc]
