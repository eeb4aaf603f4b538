"""What analytics needs from outside: engines that run SQL, guards before, sinks after.

Guards and sinks are named by dotted path in settings (`ANALYTICS_QUERY_GUARDS`,
`ANALYTICS_USAGE_SINKS`): each path names a class, or a function, that is called without
arguments and gives the object. They are called in the order of the setting.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from governance.analytics.domain.plans import QueryPlan, TableSource
from governance.analytics.domain.queries import (
    Admission,
    Estimate,
    Observation,
    Pool,
    QueryRun,
    QuerySubmission,
)
from governance.analytics.domain.runs import EngineTestStep, RunLimits, RunOutcome, RunProgress


class QueryGuard(Protocol):
    """Says before a query runs whether it may, and watches it while it runs."""

    def admit(self, *, submission: QuerySubmission, estimate: Estimate) -> Admission:
        """Reserve what the estimate asks for, or raise a Refusal (Exhausted, Forbidden).

        Called in the namespace's scope, in the transaction that makes the query's row (which is
        not there yet). May change `pool` (hop) and `priority`: the next guard sees the change.
        The same `query_id` twice reserves once.
        """
        ...

    def withdraw(self, *, submission: QuerySubmission) -> None:
        """Give back what `admit` reserved: a later guard refused, or the row was not saved.

        Must be harmless where nothing is reserved. It is not called after a run: `settle` is.
        """
        ...

    def observe(self, *, run: QueryRun) -> Observation:
        """Called by the worker, in a short scope, while a query waits or runs.

        About once a second while it waits for a slot, twice a second while it runs: `run.state`
        tells which. What is reserved must last as long.
        """
        ...

    def move(self, *, run: QueryRun, pool: Pool) -> bool:
        """Reserve what going on in `pool` may cost. False, with nothing reserved: it may not."""
        ...


class UsageSink(Protocol):
    """Is told what a query used."""

    def settle(self, *, run: QueryRun) -> None:
        """Book what was measured, also for failed, cancelled and aborted queries.

        Called in the namespace's scope, in the transaction that saves the final state. It may be
        called again for the same `query_id` after a crash: book once.
        """
        ...


class QueryEngine(Protocol):
    """Runs one planned SELECT. Implementations never see more files than the plan names."""

    def estimate(self, *, plan: QueryPlan) -> Estimate:
        """What the plan would read at most. Raises a Refusal where a table cannot be read."""
        ...

    def run(
        self,
        *,
        plan: QueryPlan,
        limits: RunLimits,
        result: Path,
        go_on: Callable[[RunProgress], bool],
    ) -> RunOutcome:
        """Run to the end and write an Arrow IPC file at `result`.

        `go_on` is called about twice a second; where it answers False the run is killed. Returns
        an outcome for every end that a query may come to, with what was measured; it raises only
        Unavailable (no runner could be started), never for what the SQL does.
        """
        ...

    def test(self, *, tables: Sequence[TableSource] = ()) -> Sequence[EngineTestStep]:
        """Try the engine in steps a person can read, then look for the tables.

        Stops at the first step that fails.
        """
        ...
