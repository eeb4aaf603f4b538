"""Moving an erasure to its next state: checked, saved, audited, in the caller's transaction."""

from datetime import datetime

from governance.audit import trail
from governance.kernel.actors import Actor
from purge.domain.erasure import State, check_move, is_final
from purge.models import ErasureRequest


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
