"""The worker's entrance: forgetting the answers of old Idempotency-Keys."""

from django.utils import timezone

from governance.outbox.registry import JobRun, job
from governance.restapi import idempotency, job_names


@job(job_names.SWEEP_ANSWERS)
def sweep_answers(run: JobRun) -> None:
    """Twice is safe: what is gone is gone."""
    with run.scope():
        idempotency.sweep(now=timezone.now())
