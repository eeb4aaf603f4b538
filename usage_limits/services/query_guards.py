"""How queries meet workload rules and limits: the QueryGuard and UsageSink analytics calls.

The times that these methods work with are the query's own (when it was submitted, how long it
has run), so that a reservation and its settlement agree on the period.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

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
from usage_limits.domain.rules import (
    Measures,
    Metric,
    QueryAbortedByRule,
    RuleAction,
    priority_rank,
)
from usage_limits.models import WorkloadRule
from usage_limits.services import breaches, own_transactions, reservations, workload_rules

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
            _say_refused(refused, submission)
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
            _say_refused(refused, submission)
            raise
        return in_main

    def withdraw(self, *, submission: QuerySubmission) -> None:
        reservations.release(key=str(submission.query_id), now=submission.submitted_at)

    def observe(self, *, run: QueryRun) -> Observation:
        """Keeps the reservation alive, and acts on rules by what is measured so far."""
        now = _moment(run)
        reservations.prolong(key=str(run.query_id), now=now)
        matched = workload_rules.matching(measures=_measured(run))
        if not matched:
            return GO_ON
        workload_rules.note(matched=matched, query_id=run.query_id, on_estimate=False, now=now)
        row = matched[0]
        match row.rule.action:
            case RuleAction.ABORT:
                reason = f"The workload rule {row.name} stopped this query: {row.rule}."
                return Observation(verdict=Verdict.ABORT, reason=reason)
            case RuleAction.CHANGE_PRIORITY:
                return Observation(verdict=Verdict.CONTINUE, priority=Priority(row.priority))
            case RuleAction.LOG | RuleAction.HOP:
                return GO_ON

    def _by_rules(self, submission: QuerySubmission, estimate: Estimate) -> Admission:
        matched = workload_rules.matching(measures=_estimated(submission, estimate))
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
                if submission.burst_slots:
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
        now = _moment(run)
        burst = run.run_milliseconds if run.pool is Pool.BURST else 0
        charges = {
            FeatureType.CONCURRENCY_SCALING: metering.burst_charge(run_milliseconds=burst),
            FeatureType.SPECTRUM: metering.scan_charge(bytes_scanned=run.bytes_scanned),
        }
        reservations.settle(
            key=str(run.query_id),
            charges=charges,
            used_at=run.submitted_at,
            source=f"query:{run.pool.value}",
            now=now,
        )
        matched = workload_rules.matching(measures=_measured(run))
        workload_rules.note(matched=matched, query_id=run.query_id, on_estimate=False, now=now)


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


def _say_refused(refused: UsageLimitReached, submission: QuerySubmission) -> None:
    if breaches.is_refusal_known(refused.reading):
        return
    own_transactions.commit(
        lambda: breaches.record_refusal(
            reading=refused.reading,
            requested=refused.requested,
            query_key=str(submission.query_id),
            now=submission.submitted_at,
        ),
        namespace_id=submission.namespace_id,
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


def _estimated(submission: QuerySubmission, estimate: Estimate) -> Measures:
    measures: dict[Metric, int | Fraction] = {
        Metric.SPECTRUM_SCAN_SIZE_MB: metering.megabytes_of(estimate.bytes_scanned),
        Metric.QUERY_PRIORITY: priority_rank(submission.priority.value),
    }
    if estimate.rows is not None:
        measures[Metric.SPECTRUM_SCAN_ROW_COUNT] = estimate.rows
        measures[Metric.SCAN_ROW_COUNT] = estimate.rows
    return measures


def _measured(run: QueryRun) -> Measures:
    measures: dict[Metric, int | Fraction] = {
        Metric.QUERY_EXECUTION_TIME: Fraction(run.run_milliseconds, 1000),
        Metric.QUERY_QUEUE_TIME: Fraction(run.queue_milliseconds, 1000),
        Metric.QUERY_CPU_TIME: Fraction(run.cpu_milliseconds, 1000),
        Metric.SPECTRUM_SCAN_SIZE_MB: metering.megabytes_of(run.bytes_scanned),
        Metric.RETURN_ROW_COUNT: run.rows_returned,
        Metric.QUERY_TEMP_BLOCKS_TO_DISK: metering.megabytes_of(run.spilled_bytes),
        Metric.QUERY_PRIORITY: priority_rank(run.priority.value),
    }
    if run.rows_scanned is not None:
        measures[Metric.SPECTRUM_SCAN_ROW_COUNT] = run.rows_scanned
        measures[Metric.SCAN_ROW_COUNT] = run.rows_scanned
    return measures


def _moment(run: QueryRun) -> datetime:
    if run.finished_at is not None:
        return run.finished_at
    started = run.started_at or run.submitted_at
    return started + timedelta(milliseconds=run.run_milliseconds)
