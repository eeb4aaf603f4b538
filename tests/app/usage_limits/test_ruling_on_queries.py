"""What workload rules do to a query: before it runs, while it waits or runs, at its end."""

from datetime import datetime
from typing import Any

import pytest

from governance.analytics.domain.queries import (
    GO_ON,
    Estimate,
    Pool,
    Priority,
    QueryState,
    Verdict,
)
from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories import tenancy
from tests.factories.rest import Script
from tests.factories.usage_limits import (
    a_rule,
    a_run,
    a_submission,
    an_email_channel,
    metered,
)
from usage_limits import wiring
from usage_limits.domain.features import FeatureType
from usage_limits.domain.rules import QueryAbortedByRule
from usage_limits.models import (
    WorkloadRuleMatch,
)

MB = 2**20
TB = 2**40
SPECTRUM = FeatureType.SPECTRUM
guard, sink = wiring.query_guard(), wiring.usage_sink()


def test_a_query_that_would_scan_more_than_a_terabyte_is_stopped_before_it_runs(
    namespace: Namespace, now: datetime
) -> None:
    a_rule(("spectrum_scan_size_mb", ">", 2**20), name="no_big_scans", action="abort")

    guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=TB))
    with pytest.raises(QueryAbortedByRule, match="spectrum_scan_size_mb > 1048576"):
        guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=TB + 1))


def test_a_query_that_scans_more_than_was_estimated_is_stopped_while_it_runs(
    namespace: Namespace, now: datetime
) -> None:
    a_rule(("spectrum_scan_size_mb", ">", 2**20), name="no_big_scans", action="abort")
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))

    running = a_run(submission, state=QueryState.RUNNING, finished_at=None, bytes_scanned=TB)
    assert guard.observe(run=running) == GO_ON

    for _ in range(2):
        too_much = a_run(
            submission, state=QueryState.RUNNING, finished_at=None, bytes_scanned=TB + 1
        )
        observed = guard.observe(run=too_much)
        assert observed.verdict is Verdict.ABORT
        assert "no_big_scans" in observed.reason
    assert WorkloadRuleMatch.objects.count() == 1


def test_milder_rules_hop_change_priority_and_log(namespace: Namespace, now: datetime) -> None:
    a_rule(("scan_row_count", ">", 10), name="many_rows", action="hop")
    a_rule(("spectrum_scan_size_mb", ">", 100), name="large", action="change_priority")
    many = Estimate(bytes_scanned=MB, rows=11)

    hopped = guard.admit(submission=a_submission(now=now, burst_slots=1), estimate=many)
    stayed = guard.admit(submission=a_submission(now=now), estimate=many)
    full = a_submission(now=now, burst_slots=1, burst_running=1)
    waits = guard.admit(submission=full, estimate=many)
    slowed = guard.admit(
        submission=a_submission(now=now), estimate=Estimate(bytes_scanned=200 * MB)
    )

    assert hopped.pool is Pool.BURST
    assert stayed.pool is waits.pool is Pool.MAIN
    assert slowed.priority is Priority.LOW
    assert WorkloadRuleMatch.objects.count() == 4


def test_a_rule_on_a_running_query_may_lower_its_priority_or_only_log(
    namespace: Namespace, now: datetime
) -> None:
    a_rule(("query_execution_time", ">", 60), name="long", action="log")
    submission = a_submission(now=now)
    running = a_run(submission, state=QueryState.RUNNING, finished_at=None, run_milliseconds=61_000)

    assert guard.observe(run=running) == GO_ON
    a_rule(("query_cpu_time", "<", 1), name="idle", action="change_priority")
    observed = guard.observe(run=running)

    assert (observed.verdict, observed.priority) == (Verdict.CONTINUE, Priority.LOW)


def test_what_is_only_known_at_the_end_is_noted_then(namespace: Namespace, now: datetime) -> None:
    a_rule(("return_row_count", ">", 5), name="many_returned", action="log")
    submission = a_submission(now=now)

    sink.settle(run=a_run(submission, rows_returned=6))
    sink.settle(run=a_run(submission, rows_returned=6))

    assert [row.rule_name for row in WorkloadRuleMatch.objects.all()] == ["many_returned"]


WAITING: dict[str, Any] = {"state": QueryState.QUEUED, "started_at": None, "finished_at": None}


def test_a_rule_moves_a_query_that_waited_long_and_the_burst_is_reserved(
    namespace: Namespace, now: datetime
) -> None:
    a_rule(("query_queue_time", ">", 60), name="waited", action="hop")
    submission = a_submission(now=now)
    guard.admit(submission=submission, estimate=Estimate(bytes_scanned=MB))
    waiting = a_run(submission, queue_milliseconds=61_000, **WAITING)

    patient = guard.observe(run=a_run(submission, queue_milliseconds=60_000, **WAITING))
    said = guard.observe(run=waiting)
    moved = guard.move(run=waiting, pool=Pool.BURST)

    assert (patient, said.pool, moved) == (GO_ON, Pool.BURST, True)
    assert said.reason == (
        "The workload rule waited moved it to the burst pool: query_queue_time > 60."
    )
    assert metered() == (0, 60)


def test_a_rule_aborts_a_large_query_that_waited_long(namespace: Namespace, now: datetime) -> None:
    a_rule(
        ("query_queue_time", ">", 60),
        ("spectrum_scan_size_mb", ">", 100),
        name="large_and_late",
        action="abort",
    )
    submission = a_submission(now=now)
    late = {"queue_milliseconds": 61_000, **WAITING}

    small = guard.observe(run=a_run(submission, estimated_bytes=MB, **late))
    large = guard.observe(run=a_run(submission, estimated_bytes=101 * MB, **late))

    assert (small, large.verdict) == (GO_ON, Verdict.ABORT)


@pytest.mark.django_db(transaction=True)
def test_an_abort_on_the_estimate_is_noted_though_the_query_is_rolled_back(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_rule(("spectrum_scan_size_mb", ">", 5), name="tiny", action="abort")
        an_email_channel()

    for _ in range(2):
        with pytest.raises(QueryAbortedByRule), namespace_scope(namespace.pk):
            guard.admit(submission=a_submission(now=now), estimate=Estimate(bytes_scanned=TB))

    with namespace_scope(namespace.pk):
        assert WorkloadRuleMatch.objects.filter(on_estimate=True).count() == 2
        assert OutboxMessage.objects.filter(kind="email").count() == 1


@pytest.mark.django_db
def test_rest_tells_which_queries_matched_which_rule(now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        rule = a_rule(("return_row_count", ">", 5), name="many_returned", action="log")
        a_rule(("return_row_count", ">", 4), name="some_returned", action="log")
        submission = a_submission(now=now)
        sink.settle(run=a_run(submission, rows_returned=6))
    script = Script(namespace)

    [told] = script.get(f"workload-rule-matches/?workload_rule={rule.pk}").json()["results"]
    refused = script.post("workload-rule-matches/", {})

    assert (told["query"], told["rule_name"], told["on_estimate"]) == (
        str(submission.query_id),
        "many_returned",
        False,
    )
    assert refused.status_code == 405
