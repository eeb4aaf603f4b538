"""Booking usage that is reported from outside, each event exactly once by its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from governance.isolation.scopes import current_namespace_id
from usage_limits import selectors
from usage_limits.domain import events
from usage_limits.domain.admissions import Reading
from usage_limits.domain.events import UsageEvent
from usage_limits.domain.features import FeatureType, to_base
from usage_limits.domain.quantities import EXACT
from usage_limits.domain.reservations import Change
from usage_limits.models import UsageEntry
from usage_limits.services import breaches, gates
from usage_limits.services.counters import COUNTERS


@dataclass(frozen=True, slots=True)
class Booked:
    """How many events of a batch were new, and how many had been booked before."""

    accepted: int
    duplicates: int


def book(*, batch: Sequence[UsageEvent], now: datetime) -> Booked:
    """All of the batch or nothing. The same id with the same payload is charged once.

    Raises UsageEventInvalid (a bad id, a time out of bounds) and UsageEventConflict (an id that
    stands for another payload). An id is unique over all features.
    """
    for position, event in enumerate(batch):
        events.check(event, now=now, position=position)
    once = events.unique(batch)
    with transaction.atomic():
        gates.hold()
        known = selectors.booked([_key(event.id) for event in once])
        booked = {event.id: known[_key(event.id)] for event in once if _key(event.id) in known}
        new = events.unbooked(once, booked=booked)
        readings = _count(new)
        UsageEntry.objects.bulk_create([_entry(event) for event in new], batch_size=1000)
        breaches.record(readings=readings, now=now)
    return Booked(accepted=len(new), duplicates=len(batch) - len(new))


def _count(new: Sequence[UsageEvent]) -> tuple[Reading, ...]:
    """Add each event to the meters of its own time; one statement a limit and period."""
    readings: list[Reading] = []
    for feature in FeatureType:
        mine = [event for event in new if event.feature_type is feature]
        for limit in selectors.limits_of([feature]) if mine else ():
            totals: dict[datetime, Decimal] = {}
            meters = {}
            for event in mine:
                meter = limit.meter(at=event.at)
                if meter is not None:
                    start = meter.period.start
                    meters[start] = meter
                    amount = to_base(feature=feature, amount=event.amount)
                    totals[start] = EXACT.add(totals.get(start, Decimal(0)), amount)
            for start, meter in sorted(meters.items()):
                readings += COUNTERS.change(meters=[meter], change=Change(used=totals[start]))
    return tuple(readings)


def _entry(event: UsageEvent) -> UsageEntry:
    return UsageEntry(
        namespace_id=current_namespace_id(),
        key=_key(event.id),
        feature_type=event.feature_type.value,
        amount=to_base(feature=event.feature_type, amount=event.amount),
        at=event.at,
        source=event.source,
        fingerprint=event.fingerprint,
    )


def _key(event_id: str) -> str:
    return f"event:{event_id}"
