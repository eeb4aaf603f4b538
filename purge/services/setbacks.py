"""What becomes of an erasure whose worker could not go on after every attempt."""

from datetime import datetime
from uuid import UUID

from governance.outbox.services import messages
from governance.tenancy.services import actors
from purge import job_names
from purge.domain.erasure import NEXT, State
from purge.models import ErasureRequest
from purge.services.moves import move


def give_up(*, request_id: UUID, now: datetime) -> None:
    """Say that it failed, and tell the people. `retry` goes on from there. Needs the scope."""
    request = ErasureRequest.objects.select_for_update().get(pk=request_id)
    for after in (State.FAILED, State.PARTIALLY_FAILED):
        if after in NEXT[State(request.state)]:
            request.problems = [{"name": "", "reason": "given_up", "count": 1}]
            move(request, after, actor=actors.system(request.namespace_id), now=now)
            messages.enqueue_job(
                name=job_names.TELL_OUTCOME,
                key=f"{request.pk}:{now.isoformat()}",
                erasure_request_id=request.pk,
            )
            return
