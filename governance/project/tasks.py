"""Jobs that belong to no app: what is to be seen outside of the database."""

from django.conf import settings
from django.utils import timezone

from governance.audit.services import anchors
from governance.outbox.registry import JobRun, job
from governance.outbox.services import messages
from governance.project import job_names


@job(job_names.ANCHOR_AUDIT)
def anchor_audit(run: JobRun) -> None:
    """Write down where each audit trail has got to. Twice is safe: what has not moved is not."""
    with run.scope():
        fresh = anchors.drop(now=timezone.now())
        if fresh and settings.AUDIT_ANCHORS_EMAIL:
            messages.enqueue_email(
                template="project/email/audit_anchors",
                to_address=settings.AUDIT_ANCHORS_EMAIL,
                context={"lines": [str(one) for one in fresh]},
                key=f"anchors:{run.message_id}",
            )
