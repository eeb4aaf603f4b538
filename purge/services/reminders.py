"""What happens by the calendar: reminders of what is due, and the end of what nobody decided."""

from datetime import datetime

from django.db import transaction

from governance.audit import trail
from governance.outbox.services import messages
from governance.tenancy.services import actors
from purge import job_names
from purge.domain.deadlines import reminder_now
from purge.domain.erasure import NEXT, State, is_final
from purge.models import ErasureRequest
from purge.services.transitions import move

OPEN = [state.value for state in State if not is_final(state)]
UNDECIDED = [state.value for state in State if State.EXPIRED in NEXT[state]]


def expire(*, now: datetime) -> int:
    """End what nobody decided in time. Nothing in the lake changes. How many."""
    due = ErasureRequest.objects.filter(state__in=UNDECIDED, expires_at__lte=now)
    expired = 0
    for request_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            request = ErasureRequest.objects.select_for_update().get(pk=request_id)
            if request.state not in UNDECIDED:
                continue
            move(request, State.EXPIRED, actor=actors.system(request.namespace_id), now=now)
            messages.enqueue_job(
                name=job_names.TELL_OUTCOME, key=f"{request.pk}", erasure_request_id=request.pk
            )
            expired += 1
    return expired


def remind(*, now: datetime) -> int:
    """Remind the officers of what is due soon or overdue, once each. How many."""
    sent = 0
    for request_id in list(
        ErasureRequest.objects.filter(state__in=OPEN).values_list("pk", flat=True)
    ):
        with transaction.atomic():
            request = ErasureRequest.objects.select_for_update().get(pk=request_id)
            days = reminder_now(due_at=request.due_at, now=now, sent=request.reminded)
            if days is None or is_final(State(request.state)):
                continue
            request.reminded = [*request.reminded, days]
            request.save(update_fields=["reminded", "updated_at"])
            trail.record(
                actor=actors.system(request.namespace_id),
                action="erasure.reminded",
                target=request,
                detail={"days_before": days},
                now=now,
            )
            messages.enqueue_job(
                name=job_names.REMIND,
                key=f"{request.pk}:{days}",
                erasure_request_id=request.pk,
                days=days,
            )
            sent += 1
    return sent
