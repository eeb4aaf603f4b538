"""Celery's entrance to usage limits, through the outbox."""

from uuid import UUID

from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.domain.retries import PATIENT_ATTEMPTS
from governance.outbox.registry import JobRun, job
from governance.outbox.services import messages
from usage_limits import job_names, wiring
from usage_limits.services import housekeeping, webhooks


@job(job_names.KEEP_HOUSE)
def keep_house(run: JobRun) -> None:
    """Write one job a namespace. Twice is safe: each job looks again at what is left to do."""
    with run.scope():
        namespaces = housekeeping.namespaces_with_work(now=timezone.now())
    for namespace_id in namespaces:
        with namespace_scope(namespace_id):
            messages.enqueue_job(
                name=job_names.KEEP_HOUSE_OF_NAMESPACE, key=f"keep_house:{run.message_id}"
            )


@job(job_names.KEEP_HOUSE_OF_NAMESPACE)
def keep_house_of_namespace(run: JobRun) -> None:
    """Expire and re-check. Twice is safe: an expired reservation and a said breach stay so."""
    with run.scope():
        housekeeping.keep_house(now=timezone.now())


@job(job_names.DELIVER_ALERT, attempts=PATIENT_ATTEMPTS)
def deliver_alert(run: JobRun, *, delivery_id: str) -> None:
    """Post one webhook message, whose id the receiver sees as `webhook-id`.

    Twice is safe: a delivered one is not posted again, and where a crash came between the answer
    and its record, the receiver sees the same id.
    """
    with run.scope():
        wanted = webhooks.prepared(delivery_id=UUID(delivery_id), now=timezone.now())
    if wanted is None:
        return
    url, body, headers = wanted
    answer = wiring.webhook_client().post(url=url, body=body, headers=headers)
    with run.scope():
        webhooks.answered(delivery_id=UUID(delivery_id), answer=answer, now=timezone.now())
    webhooks.check(answer)
