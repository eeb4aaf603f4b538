"""Reported usage: checked, and the same twice is the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from usage_limits.domain import events
from usage_limits.domain.events import UsageEvent
from usage_limits.domain.features import FeatureType

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
EVENT = UsageEvent(
    id="e-1", feature_type=FeatureType.SPECTRUM, amount=Decimal("0.5"), at=NOW, source="spark"
)


def test_an_event_of_now_is_accepted() -> None:
    events.check(EVENT, now=NOW)
    events.check(replace(EVENT, at=NOW + timedelta(minutes=5)), now=NOW)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        (replace(EVENT, id=""), "/3/id"),
        (replace(EVENT, id="a b"), "/3/id"),
        (replace(EVENT, id="x" * 129), "/3/id"),
        (replace(EVENT, at=NOW + timedelta(minutes=5, seconds=1)), "/3/at"),
        (replace(EVENT, at=datetime(9999, 12, 31, tzinfo=UTC)), "/3/at"),
        (replace(EVENT, at=datetime(1, 1, 1, tzinfo=UTC)), "/3/at"),
    ],
)
def test_an_event_out_of_bounds_is_refused_with_its_place(
    changed: UsageEvent, pointer: str
) -> None:
    with pytest.raises(events.UsageEventInvalid) as refused:
        events.check(changed, now=NOW, position=3)

    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_the_same_payload_written_otherwise_has_the_same_fingerprint() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))

    assert replace(EVENT, amount=Decimal("0.500"), at=elsewhere).fingerprint == EVENT.fingerprint
    assert replace(EVENT, amount=Decimal("0.501")).fingerprint != EVENT.fingerprint
    assert replace(EVENT, source="hive").fingerprint != EVENT.fingerprint


def test_a_batch_counts_an_id_once() -> None:
    assert events.unique([EVENT, EVENT, replace(EVENT, id="e-2")]) == (
        EVENT,
        replace(EVENT, id="e-2"),
    )


def test_a_batch_that_says_two_things_of_one_id_is_refused() -> None:
    with pytest.raises(events.UsageEventConflict, match="e-1"):
        events.unique([EVENT, replace(EVENT, amount=Decimal(1))])


def test_what_is_booked_is_not_booked_again() -> None:
    other = replace(EVENT, id="e-2")

    assert events.unbooked([EVENT, other], booked={"e-1": EVENT.fingerprint}) == (other,)
    with pytest.raises(events.UsageEventConflict):
        events.unbooked([EVENT], booked={"e-1": "another"})
