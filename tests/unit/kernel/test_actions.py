"""What a token's scope grants."""

import pytest

from governance.kernel.actions import AREAS, READS, Action, Area, scope_actions


def test_each_action_belongs_to_one_area_but_what_only_a_session_carries() -> None:
    listed = [action for actions in AREAS.values() for action in actions]

    assert len(listed) == len(set(listed))
    assert set(Action) - set(listed) == {Action.APPROVE_ERASURE, Action.OPEN_ADMIN}
    assert set(AREAS) == set(Area)


@pytest.mark.parametrize("area", Area)
def test_reading_grants_only_reads_and_writing_the_whole_area(area: Area) -> None:
    assert scope_actions(f"{area}:read") == frozenset(AREAS[area]) & READS
    assert scope_actions(f"{area}:write") == frozenset(AREAS[area])


@pytest.mark.parametrize("scope", ["", "purge", "purge:", "purge:approve", "Purge:read", "x:read"])
def test_what_is_no_scope_grants_nothing(scope: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        scope_actions(scope)
