"""An erasure from request to certificate: its states, what may follow what, and who may decide."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from uuid import UUID

from governance.kernel.refusals import Conflict, Forbidden
from purge.domain.people import Person


class State(StrEnum):
    RECEIVED = "received"
    LOCATING = "locating"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    PURGING = "purging"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    PARTIALLY_FAILED = "partially_failed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


# What may follow what. A state that nothing follows is final: there the subjects are destroyed.
# PURGING is reached from APPROVED alone, or by trying again what an approval already covered.
NEXT: Mapping[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.LOCATING, State.FAILED, State.CANCELLED, State.EXPIRED}),
    State.LOCATING: frozenset({State.AWAITING_APPROVAL, State.FAILED, State.CANCELLED}),
    State.AWAITING_APPROVAL: frozenset(
        {State.APPROVED, State.REJECTED, State.LOCATING, State.CANCELLED, State.EXPIRED}
    ),
    State.APPROVED: frozenset(
        {State.PURGING, State.AWAITING_APPROVAL, State.FAILED, State.CANCELLED}
    ),
    State.REJECTED: frozenset(),
    State.PURGING: frozenset({State.VERIFYING, State.PARTIALLY_FAILED, State.CANCELLED}),
    State.VERIFYING: frozenset({State.COMPLETED, State.PARTIALLY_FAILED, State.PURGING}),
    State.COMPLETED: frozenset(),
    State.PARTIALLY_FAILED: frozenset({State.PURGING, State.LOCATING, State.CANCELLED}),
    State.FAILED: frozenset({State.LOCATING, State.CANCELLED, State.EXPIRED}),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}


class StateConflict(Conflict):
    code = "erasure_state_conflict"
    sentence = "This erasure is {before}; it cannot become {after} from there."


class SelfApprovalForbidden(Forbidden):
    code = "self_approval_forbidden"
    sentence = "Whoever asked for an erasure may not decide on it. Ask another officer."


class MadeByRequester(Forbidden):
    code = "decider_made_by_requester"
    sentence = (
        "Your account, its password or its right to decide was given to you by whoever asked for "
        "this erasure. Ask an officer who has them from somebody else, or from an identity "
        "provider."
    )


class SameHuman(Forbidden):
    code = "same_human"
    sentence = (
        "The other approval is yours already, or by an account of yours. Ask a second person."
    )


class SubjectMayNotDecide(Forbidden):
    code = "subject_may_not_decide"
    sentence = "This erasure is about you. Ask another officer to decide."


def is_final(state: State) -> bool:
    return not NEXT[state]


def failing_from(before: State) -> State | None:
    """What an erasure becomes whose worker gave up. None where no worker is at it."""
    match before:
        case State.RECEIVED | State.LOCATING | State.APPROVED:
            return State.FAILED
        case State.PURGING | State.VERIFYING:
            return State.PARTIALLY_FAILED
        case State.AWAITING_APPROVAL | State.PARTIALLY_FAILED | State.FAILED:
            return None
        case State.REJECTED | State.COMPLETED | State.CANCELLED | State.EXPIRED:
            return None


def check_move(before: State, after: State) -> None:
    if after not in NEXT[before]:
        raise StateConflict(before=before.value, after=after.value)


def check_decider(
    *,
    requester: Person,
    decider: Person,
    before: Collection[Person] = (),
    made_by_them: Collection[UUID] = (),
    subject_values: Collection[str],
) -> None:
    """Decided by another human: not the requester under any account, nor the data subject.

    `before` approved already; `made_by_them` are accounts that the requester, or one of those,
    made or gave the right to decide. Raises SelfApprovalForbidden, SameHuman, MadeByRequester,
    SubjectMayNotDecide.
    """
    if decider.may_be(requester):
        raise SelfApprovalForbidden
    if any(decider.may_be(other) for other in before):
        raise SameHuman
    if decider.user_id in made_by_them:
        raise MadeByRequester
    if decider.is_named_in(subject_values):
        raise SubjectMayNotDecide
