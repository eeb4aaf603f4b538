"""The worker's entrance: running queries, sweeping results."""

from uuid import UUID

from django.utils import timezone

from governance.analytics import job_names
from governance.analytics.services import results, runs
from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import MAX_ATTEMPTS
from governance.outbox.registry import JobRun, job
from governance.tenancy.models import Namespace


@job(job_names.RUN_QUERY, lane=Lane.LONG)
def run_query(run: JobRun, *, query_id: str) -> None:
    """Twice is safe: a query only reads, its state moves once, and sinks book by id."""
    if run.attempt >= MAX_ATTEMPTS:
        with run.scope():
            why = "The worker that ran it was lost several times. Try it again, or ask for less."
            runs.give_up(query_id=UUID(query_id), why=why, now=timezone.now())
        return
    runs.run(query_id=UUID(query_id), scope=run.scope, clock=timezone.now)


@job(job_names.SWEEP_RESULTS)
def sweep_results(run: JobRun) -> None:
    """Twice is safe: what is gone is gone. One namespace after the other, each by itself."""
    with system_scope("sweep results"):
        namespaces = list(Namespace.objects.values_list("pk", flat=True))
    for done, namespace_id in enumerate(namespaces):
        with namespace_scope(namespace_id):
            results.sweep(now=timezone.now())
        run.progress(done=done + 1, total=len(namespaces))
