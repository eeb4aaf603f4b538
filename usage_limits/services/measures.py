"""What is known of a query when rules are asked: before it runs, while it waits, and as it runs."""

from datetime import datetime, timedelta
from fractions import Fraction

from governance.analytics.domain.queries import Estimate, QueryRun, QuerySubmission
from usage_limits.domain import metering
from usage_limits.domain.rules import Measures, Metric, priority_rank


def estimated(submission: QuerySubmission, estimate: Estimate) -> Measures:
    measures: dict[Metric, int | Fraction] = {
        Metric.SPECTRUM_SCAN_SIZE_MB: metering.megabytes_of(estimate.bytes_scanned),
        Metric.QUERY_PRIORITY: priority_rank(submission.priority.value),
    }
    if estimate.rows is not None:
        measures[Metric.SPECTRUM_SCAN_ROW_COUNT] = estimate.rows
        measures[Metric.SCAN_ROW_COUNT] = estimate.rows
    return measures


def so_far(run: QueryRun) -> Measures:
    """Of a query that waits: how long, and its estimate. Of one that runs: what is measured."""
    if run.started_at is not None:
        return at_the_end(run)
    return {
        Metric.QUERY_QUEUE_TIME: Fraction(run.queue_milliseconds, 1000),
        Metric.SPECTRUM_SCAN_SIZE_MB: metering.megabytes_of(run.estimated_bytes),
        Metric.QUERY_PRIORITY: priority_rank(run.priority.value),
    }


def at_the_end(run: QueryRun) -> Measures:
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


def moment(run: QueryRun) -> datetime:
    """The present, by the query's own times."""
    if run.finished_at is not None:
        return run.finished_at
    if run.started_at is None:
        return run.submitted_at + timedelta(milliseconds=run.queue_milliseconds)
    return run.started_at + timedelta(milliseconds=run.run_milliseconds)
