"""Moves of an erasure from state to state: checked, saved, audited, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

import structlog

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.outbox.services import messages
from governance.tenancy.services import actors
from purge import job_names
from purge.domain.erasure import State, check_move, failing_from, is_final
from purge.models import ErasureRequest

log = structlog.get_logger(__name__)


def move(request: ErasureRequest, after: State, *, actor: Actor, now: datetime) -> None:
    """The row must be locked. A final state destroys the subjects. Raises StateConflict."""
    before = State(request.state)
    check_move(before, after)
    request.state = after.value
    if is_final(after):
        request.subjects = ""
        request.finished_at = now
    request.save()
    trail.record(
        actor=actor,
        action=f"erasure.{after.value}",
        target=request,
        detail={"before": before.value},
        now=now,
    )


def give_up(*, request_id: UUID, now: datetime) -> None:
    """For an erasure whose worker could not go on after every attempt: fail it, tell the people.

    `retry` goes on from there. What waits for people or has ended has no work left that could
    fail, so there only the log says that a late job died. Needs the scope.
    """
    request = ErasureRequest.objects.select_for_update().get(pk=request_id)
    state = State(request.state)
    after = failing_from(state)
    if after is None:
        log.warning("nothing_to_give_up", erasure_request=str(request_id), state=state.value)
        return
    request.problems = [{"name": "", "reason": "given_up", "count": 1}]
    move(request, after, actor=actors.system(request.namespace_id), now=now)
    messages.enqueue_job(
        name=job_names.TELL_OUTCOME,
        key=f"{request.pk}:{now.isoformat()}",
        erasure_request_id=request.pk,
    )
