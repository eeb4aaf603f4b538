"""Usage that is reported from outside: one event, its time, and what makes two the same."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NoReturn

from governance.kernel.refusals import Conflict, FieldError, Invalid
from usage_limits.domain.features import FeatureType
from usage_limits.domain.quantities import text

FUTURE = timedelta(minutes=5)
PAST = timedelta(days=3 * 366)
MOST_EVENTS = 5_000
EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}")
LONGEST_SOURCE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """`amount` is in the feature's unit, TB or minutes. `id` is the reporter's own."""

    id: str
    feature_type: FeatureType
    amount: Decimal
    at: datetime
    source: str = ""

    @property
    def fingerprint(self) -> str:
        """Equal for equal payloads, however the number and the time were written."""
        parts = (
            self.feature_type.value,
            text(self.amount),
            str(self.at.timestamp()),
            self.source,
        )
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


class UsageEventInvalid(Invalid):
    code = "usage_event_invalid"
    sentence = "The usage event is not valid. {problem}"


class UsageEventConflict(Conflict):
    code = "usage_event_conflict"
    sentence = "The usage event {event_id} was reported before with another payload."


def check(event: UsageEvent, *, now: datetime, position: int = 0) -> None:
    """Raise UsageEventInvalid, with the field named, unless the event can be booked."""
    if not EVENT_ID.fullmatch(event.id):
        _refuse("An id is 1 to 128 visible ASCII characters.", position, "id")
    if event.at > now + FUTURE:
        _refuse("The time lies more than five minutes in the future.", position, "at")
    if event.at < now - PAST:
        _refuse("The time lies more than three years in the past.", position, "at")


def _refuse(problem: str, position: int, name: str) -> NoReturn:
    pointer = f"/{position}/{name}"
    error = FieldError(pointer=pointer, code=UsageEventInvalid.code, detail=problem)
    raise UsageEventInvalid(problem=problem, errors=[error])


def unique(batch: Sequence[UsageEvent]) -> tuple[UsageEvent, ...]:
    """The batch with each id once. Raises UsageEventConflict where one id says two things."""
    kept: dict[str, UsageEvent] = {}
    for event in batch:
        same = kept.setdefault(event.id, event)
        if same.fingerprint != event.fingerprint:
            raise UsageEventConflict(event_id=event.id)
    return tuple(kept.values())


def unbooked(batch: Iterable[UsageEvent], *, booked: Mapping[str, str]) -> tuple[UsageEvent, ...]:
    """The events that are not booked yet. `booked` gives the fingerprint of each id that is.

    Raises UsageEventConflict where one is booked with another payload.
    """
    new = []
    for event in batch:
        known = booked.get(event.id)
        if known is None:
            new.append(event)
        elif known != event.fingerprint:
            raise UsageEventConflict(event_id=event.id)
    return tuple(new)
