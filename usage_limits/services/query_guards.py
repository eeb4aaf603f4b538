"""How queries meet workload rules and limits: the QueryGuard and UsageSink analytics calls.

The times that these methods work with are the query's own (when it was submitted, how long it
has run), so that a reservation and its settlement agree on the period.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from governance.analytics.domain.queries import (
    GO_ON,
    Admission,
    Estimate,
    Observation,
    Pool,
    Priority,
    QueryRun,
    QuerySubmission,
    Verdict,
)
from usage_limits.domain import metering
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.domain.features import FeatureType
from usage_limits.domain.reservations import Request
from usage_limits.domain.rules import QueryAbortedByRule, RuleAction
from usage_limits.models import WorkloadRule
from usage_limits.services import (
    breaches,
    burst_credits,
    gates,
    measures,
    own_transactions,
    reservations,
    workload_rules,
)

BURST_IS_USED_UP = "The burst pool's minutes are used up: the query takes a main slot."


class UsageGuard:
    """Workload rules on the estimate, then a reservation against the limits."""

    def admit(self, *, submission: QuerySubmission, estimate: Estimate) -> Admission:
        """Raises QueryAbortedByRule and UsageLimitReached; what they log outlives the rollback.

        Where only the burst pool's minutes are used up, the query goes to the main pool.
        """
        admission = self._by_rules(submission, estimate)
        try:
            _reserve(submission, estimate, pool=admission.pool)
        except UsageLimitReached as refused:
            _say_refused_submission(refused, submission)
            if refused.reading.meter.terms.feature_type is FeatureType.SPECTRUM:
                raise
        else:
            return admission
        in_main = Admission(
            pool=Pool.MAIN,
            priority=admission.priority,
            notes=(*admission.notes, BURST_IS_USED_UP),
        )
        try:
            _reserve(submission, estimate, pool=in_main.pool)
        except UsageLimitReached as refused:
            _say_refused_submission(refused, submission)
            raise
        return in_main

    def withdraw(self, *, submission: QuerySubmission) -> None:
        reservations.release(key=str(submission.query_id), now=submission.submitted_at)

    def observe(self, *, run: QueryRun) -> Observation:
        """Keeps what is reserved alive and large enough, and acts on rules by what is measured."""
        now = measures.moment(run)
        reservations.go_on(key=str(run.query_id), needs=_needs(run), now=now)
        matched = workload_rules.matching(measures=measures.so_far(run))
        if not matched:
            return GO_ON
        workload_rules.note(matched=matched, query_id=run.query_id, on_estimate=False, now=now)
        return _said_by(matched[0])

    def move(self, *, run: QueryRun, pool: Pool) -> bool:
        """Hold the least that an activation of the burst pool costs."""
        request = Request(
            id=str(run.query_id),
            feature_type=FeatureType.CONCURRENCY_SCALING,
            amount=metering.burst_charge(run_milliseconds=1),
            at=run.submitted_at,
        )
        try:
            reservations.reserve(requests=[request], now=measures.moment(run))
        except UsageLimitReached as refused:
            _say_refused(
                refused,
                query_id=run.query_id,
                namespace_id=run.namespace_id,
                now=measures.moment(run),
            )
            return False
        return pool is Pool.BURST

    def _by_rules(self, submission: QuerySubmission, estimate: Estimate) -> Admission:
        matched = workload_rules.matching(measures=measures.estimated(submission, estimate))
        pool, priority, notes = submission.pool, submission.priority, tuple[str, ...]()
        if not matched:
            return Admission(pool=pool, priority=priority)
        row = matched[0]
        match row.rule.action:
            case RuleAction.ABORT:
                _say_aborted(matched, submission)
                raise QueryAbortedByRule(rule=row.name, condition=str(row.rule))
            case RuleAction.CHANGE_PRIORITY:
                priority = Priority(row.priority)
                notes = (f"The workload rule {row.name} set the priority {row.priority}.",)
            case RuleAction.HOP:
                # Where it is full now, the query may hop later, while it waits.
                if submission.burst_slots > submission.burst_running:
                    pool = Pool.BURST
                    notes = (f"The workload rule {row.name} moved it to the burst pool.",)
            case RuleAction.LOG:
                pass
        workload_rules.note(
            matched=matched,
            query_id=submission.query_id,
            on_estimate=True,
            now=submission.submitted_at,
        )
        return Admission(pool=pool, priority=priority, notes=notes)


class UsageLedgerSink:
    """Books what a query used, whatever its end."""

    def settle(self, *, run: QueryRun) -> None:
        """Charge bytes and burst seconds once. A query that never started is charged nothing."""
        now = measures.moment(run)
        _earn(run)
        burst = metering.burst_charge(run_milliseconds=run.burst_milliseconds)
        charges = {
            FeatureType.CONCURRENCY_SCALING: burst,
            FeatureType.SPECTRUM: metering.scan_charge(bytes_scanned=run.bytes_scanned),
        }
        reservations.settle(
            key=str(run.query_id),
            charges=charges,
            used_at=run.submitted_at,
            source=f"query:{run.pool.value}",
            now=now,
        )
        matched = workload_rules.matching(measures=measures.at_the_end(run))
        workload_rules.note(matched=matched, query_id=run.query_id, on_estimate=False, now=now)


def _earn(run: QueryRun) -> None:
    """A query that ran in the main pool, if only until it hopped, earns credits for its hours."""
    if run.started_at is None or run.burst_milliseconds >= run.run_milliseconds:
        return
    gates.hold()
    in_main = timedelta(milliseconds=run.run_milliseconds - run.burst_milliseconds)
    burst_credits.note_use(started_at=run.started_at, finished_at=run.started_at + in_main)


def _needs(run: QueryRun) -> dict[FeatureType, Decimal]:
    """What a query needs held by now, beyond its estimate and the first minute."""
    needs = {FeatureType.SPECTRUM: metering.scan_charge(bytes_scanned=run.bytes_scanned)}
    if run.pool is Pool.BURST and run.started_at is not None:
        held = metering.burst_hold(run_milliseconds=run.burst_milliseconds)
        needs[FeatureType.CONCURRENCY_SCALING] = held
    return needs


def _said_by(row: WorkloadRule) -> Observation:
    match row.rule.action:
        case RuleAction.ABORT:
            reason = f"The workload rule {row.name} stopped this query: {row.rule}."
            return Observation(verdict=Verdict.ABORT, reason=reason)
        case RuleAction.CHANGE_PRIORITY:
            return Observation(verdict=Verdict.CONTINUE, priority=Priority(row.priority))
        case RuleAction.HOP:
            reason = f"The workload rule {row.name} moved it to the burst pool: {row.rule}."
            return Observation(verdict=Verdict.CONTINUE, pool=Pool.BURST, reason=reason)
        case RuleAction.LOG:
            return GO_ON


def _reserve(submission: QuerySubmission, estimate: Estimate, *, pool: Pool) -> None:
    scan = metering.scan_reservation(
        estimated_bytes=estimate.bytes_scanned, reads_tables=bool(estimate.tables)
    )
    wanted = {FeatureType.SPECTRUM: scan} if scan else {}
    if pool is Pool.BURST:
        # How long it will run is not known: the least that an activation costs is held.
        wanted[FeatureType.CONCURRENCY_SCALING] = metering.burst_charge(run_milliseconds=1)
    requests = [
        Request(
            id=str(submission.query_id),
            feature_type=feature,
            amount=amount,
            at=submission.submitted_at,
        )
        for feature, amount in wanted.items()
    ]
    reservations.reserve(requests=requests, now=submission.submitted_at)


def _say_refused_submission(refused: UsageLimitReached, submission: QuerySubmission) -> None:
    _say_refused(
        refused,
        query_id=submission.query_id,
        namespace_id=submission.namespace_id,
        now=submission.submitted_at,
    )


def _say_refused(
    refused: UsageLimitReached, *, query_id: UUID, namespace_id: UUID, now: datetime
) -> None:
    if breaches.is_refusal_known(refused.reading):
        return
    own_transactions.commit(
        lambda: breaches.record_refusal(
            reading=refused.reading,
            requested=refused.requested,
            query_key=str(query_id),
            now=now,
        ),
        namespace_id=namespace_id,
    )


def _say_aborted(matched: Sequence[WorkloadRule], submission: QuerySubmission) -> None:
    own_transactions.commit(
        lambda: workload_rules.note(
            matched=matched,
            query_id=submission.query_id,
            on_estimate=True,
            now=submission.submitted_at,
        ),
        namespace_id=submission.namespace_id,
    )
