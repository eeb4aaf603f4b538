"""The states of an erasure, walked at random, and who may decide."""

from uuid import uuid4

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import sampled_from

from purge.domain.erasure import (
    NEXT,
    SelfApprovalForbidden,
    State,
    StateConflict,
    SubjectMayNotDecide,
    check_decider,
    check_move,
    failing_from,
    is_final,
)
from purge.domain.people import Person

FINAL = {State.REJECTED, State.COMPLETED, State.CANCELLED, State.EXPIRED}


class ErasureWalk(RuleBasedStateMachine):
    """Tries every move from wherever it is, as a script with a wrong idea of the state would."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.RECEIVED
        self.path = [self.state]

    @rule(after=sampled_from(State))
    def move(self, after: State) -> None:
        try:
            check_move(self.state, after)
        except StateConflict:
            return
        self.state = after
        self.path.append(after)

    @invariant()
    def nothing_is_cut_without_an_approval_of_the_report(self) -> None:
        if State.PURGING in self.path:
            before = self.path[: self.path.index(State.PURGING)]
            assert before[-1] is State.APPROVED
            assert State.AWAITING_APPROVAL in before

    @invariant()
    def nothing_is_completed_without_looking_again(self) -> None:
        if self.state is State.COMPLETED:
            assert self.path[-2] is State.VERIFYING

    @invariant()
    def a_no_is_final(self) -> None:
        for decided in self.path[:-1]:
            assert decided not in FINAL


@pytest.mark.parametrize("before", State)
def test_where_work_is_under_way_giving_up_may_follow(before: State) -> None:
    after = failing_from(before)

    if after is None:
        assert NEXT[before].isdisjoint({State.FAILED, State.PARTIALLY_FAILED})
    else:
        check_move(before, after)


TestErasureWalk = ErasureWalk.TestCase


def test_every_state_says_what_may_follow_it() -> None:
    assert set(NEXT) == set(State)
    assert {state for state in State if is_final(state)} == FINAL


def test_every_state_can_be_reached() -> None:
    assert {State.RECEIVED, *(after for follows in NEXT.values() for after in follows)} == set(
        State
    )


def test_a_move_to_the_same_state_is_refused() -> None:
    with pytest.raises(StateConflict) as refused:
        check_move(State.APPROVED, State.APPROVED)

    assert refused.value.code == "erasure_state_conflict"


def person(*names: str) -> Person:
    return Person(user_id=uuid4(), names=frozenset(names))


def test_another_officer_may_decide() -> None:
    check_decider(
        requester=person("olga@company.example"),
        decider=person("ahmed@company.example", ""),
        subject_values={"dora@customer.example"},
    )


def test_the_requester_may_not_decide() -> None:
    olga = person()

    with pytest.raises(SelfApprovalForbidden):
        check_decider(requester=olga, decider=olga, subject_values=())


def test_the_same_human_by_another_account_may_not_decide() -> None:
    with pytest.raises(SelfApprovalForbidden):
        check_decider(
            requester=person("olga@company.example", "S-1-5-21"),
            decider=person(" OLGA@company.example"),
            subject_values=(),
        )


def test_the_data_subject_may_not_decide() -> None:
    with pytest.raises(SubjectMayNotDecide):
        check_decider(
            requester=person("olga@company.example"),
            decider=person("ahmed@company.example"),
            subject_values={"Ahmed@company.example"},
        )
