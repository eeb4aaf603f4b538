"""Who may decide on an erasure: another human, whom the requester did not make an officer."""

from uuid import UUID

from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.permissions import require
from governance.kernel.refusals import Forbidden
from purge import selectors
from purge.domain.erasure import State, check_decider, check_move
from purge.models import ErasureRequest
from purge.services import subjects


class DecisionNeedsPerson(Forbidden):
    code = "decision_needs_person"
    sentence = "Only a person who is signed in may decide on an erasure, never a token."


def check(request: ErasureRequest, *, after: State, actor: Actor) -> UUID:
    """The deciding person's id, if this actor may decide so now. The request must be locked.

    Who may decide at all, then whether it is open, then whether they are another human. Raises
    DecisionNeedsPerson, PermissionDenied, StateConflict and what `check_decider` raises.
    """
    user_id = person(actor)
    require(actor=actor, action=Action.APPROVE_ERASURE)
    check_move(State(request.state), after)
    before = [
        one.decided_by_id for one in selectors.approvals(request) if one.decided_by_id != user_id
    ]
    check_decider(
        requester=selectors.person(request.requested_by_id),
        decider=selectors.person(user_id),
        before=[selectors.person(one) for one in before],
        made_by_them=selectors.made_by([request.requested_by_id, *before]),
        subject_values=subjects.values_in(subjects.of(request)),
    )
    return user_id


def person(actor: Actor) -> UUID:
    """Who it is, asked first: no scope that a token could ask for would let it decide."""
    if actor.kind is not ActorKind.PERSON or actor.user_id is None:
        raise DecisionNeedsPerson
    return actor.user_id
