"""Reserve before a query on its estimate, settle after it on what was measured.

Each use case holds the namespace's gate (`gates.py`), so decisions over all limits of a
feature are one at a time and all or nothing. The order inside matters: counters are changed
before the ledger's rows are written, because a missing counter is added up from those rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from usage_limits import selectors
from usage_limits.domain import admissions, reservations
from usage_limits.domain.admissions import Reading, ReservationConflict
from usage_limits.domain.burst_credits import Split, split
from usage_limits.domain.features import FeatureType
from usage_limits.domain.reservations import Change, Request, ReservationState, Settlement
from usage_limits.models import Reservation, UsageEntry
from usage_limits.services import breaches, burst_credits, gates
from usage_limits.services.counters import COUNTERS

LEASE = timedelta(minutes=15)
FRESH = timedelta(minutes=10)
MOST_AT_ONCE = 500
LIVE = frozenset({ReservationState.HELD, ReservationState.EXPIRED})


def reserve(*, requests: Sequence[Request], now: datetime) -> None:
    """Hold what is asked of each feature, all or nothing.

    Idempotent by id: what is held or was settled under it is not held again. Raises
    ReservationConflict where the id stands for another amount, and UsageLimitReached, having
    held nothing, where a limit with the action `disable` would be exceeded.
    """
    with transaction.atomic():
        gates.hold()
        for request in sorted(requests, key=lambda request: request.feature_type):
            _reserve_one(request, now=now)


def settle(
    *,
    key: str,
    charges: Mapping[FeatureType, Decimal],
    used_at: datetime,
    source: str,
    now: datetime,
) -> None:
    """Charge what was measured of each feature, once, to the period in which it was reserved.

    What credits pay of it is spent from them, and limits count the rest.

    A feature that was not reserved is charged to the period of `used_at`; one that was and is
    not in `charges` is given back. A settle that comes after the reservation has expired charges
    all the same; a second one does nothing.
    """
    with transaction.atomic():
        gates.hold()
        held = {row.feature for row in Reservation.objects.filter(key=key)}
        features = sorted({*held, *(name for name, amount in charges.items() if amount)})
        for feature in features:
            measured = charges.get(feature, Decimal(0))
            settlement = Settlement(key=key, feature=feature, measured=measured, used_at=used_at)
            _settle_one(settlement, source=source, now=now)


def release(*, key: str, now: datetime) -> None:
    """Give back what is held under the id, of every feature. Harmless where nothing is."""
    _give_back(Reservation.objects.filter(key=key), wanted=ReservationState.RELEASED, now=now)


def expire(*, now: datetime) -> int:
    """Give back what was held too long (its query was lost). How many were."""
    overdue = Reservation.objects.filter(expires_at__lte=now)
    return _give_back(overdue, wanted=ReservationState.EXPIRED, now=now)


def go_on(*, key: str, needs: Mapping[FeatureType, Decimal], now: datetime) -> None:
    """Keep what a query holds while it waits or runs, and hold what it has grown to need.

    Nobody is refused by this: the query was admitted. Those that ask next see what it takes.
    What had expired (its worker was away) is held again. Writes only where something changes.
    """
    rows = [row for row in Reservation.objects.filter(key=key) if _is_behind(row, needs, now=now)]
    if not rows:
        return
    with transaction.atomic():
        gates.hold()
        for row in Reservation.objects.select_for_update().filter(pk__in=[row.pk for row in rows]):
            if row.stands not in LIVE:
                continue
            needed = max(row.held, needs.get(row.feature, row.held))
            part = _split(row.feature, needed, key=key, now=now)
            change = reservations.going_on(state=row.stands, held=row.amount, needed=part.paid)
            _count(row.feature, at=row.at, change=change)
            row.amount, row.credit, row.expires_at = part.paid, part.free, now + LEASE
            row.state = ReservationState.HELD.value
            row.ended_at = None
            row.save()


def _is_behind(row: Reservation, needs: Mapping[FeatureType, Decimal], *, now: datetime) -> bool:
    grown = needs.get(row.feature, row.held) > row.held
    return row.stands in LIVE and (grown or row.expires_at < now + FRESH)


def _reserve_one(request: Request, *, now: datetime) -> None:
    rows = Reservation.objects.filter(key=request.id, feature_type=request.feature_type.value)
    row = rows.first()
    if row is not None and row.held != request.amount:
        raise ReservationConflict(reservation_id=request.id)
    if row is not None and not reservations.may_become(row.stands, ReservationState.HELD):
        return
    part = _split(request.feature_type, request.amount, key=request.id, now=now)
    if part.paid or not part.free:
        _admit(request.feature_type, part.paid, at=request.at, now=now)
    values = {
        "amount": part.paid,
        "credit": part.free,
        "at": request.at,
        "expires_at": now + LEASE,
        "state": ReservationState.HELD.value,
        "ended_at": None,
    }
    Reservation.objects.update_or_create(
        key=request.id, feature_type=request.feature_type.value, defaults=values
    )


def _admit(feature: FeatureType, amount: Decimal, *, at: datetime, now: datetime) -> None:
    """Raises UsageLimitReached."""
    meters = selectors.meters_at(limits=selectors.limits_of([feature]), at=at)
    refusing = COUNTERS.admit(meters=meters, requested=amount)
    if refusing is not None:
        raise admissions.refusal(refusing, requested=amount, now=now)


def _split(feature: FeatureType, amount: Decimal, *, key: str, now: datetime) -> Split:
    """What credits pay of an amount, as far as other queries leave them."""
    if feature is not FeatureType.CONCURRENCY_SCALING:
        return Split(free=Decimal(0), paid=amount)
    return split(amount=amount, available=burst_credits.available(now=now, besides=key))


def _settle_one(settlement: Settlement, *, source: str, now: datetime) -> None:
    feature, key = settlement.feature, settlement.key
    row = Reservation.objects.filter(key=key, feature_type=feature.value).first()
    if row is None and (settlement.measured == 0 or selectors.is_settled(settlement)):
        return
    if row is not None and not reservations.may_become(row.stands, ReservationState.SETTLED):
        return
    part = _split(feature, settlement.measured, key=key, now=now)
    charged_at, change = settlement.used_at, Change(used=part.paid)
    if row is not None:
        charged_at = row.at
        change = reservations.settling(state=row.stands, held=row.amount, measured=part.paid)
    readings = _count(feature, at=charged_at, change=change)
    if row is not None:
        _end(row, state=ReservationState.SETTLED, settled=part.paid, now=now)
    burst_credits.spend(key=settlement.entry_key, seconds=part.free, now=now)
    if part.paid:
        UsageEntry.objects.create(
            key=settlement.entry_key,
            feature_type=feature.value,
            amount=part.paid,
            at=charged_at,
            source=source,
        )
    breaches.record(readings=readings, query_key=key, now=now)


def _count(feature: FeatureType, *, at: datetime, change: Change) -> tuple[Reading, ...]:
    limits = selectors.limits_of([feature])
    meters = selectors.meters_at(limits=limits, at=at)
    return COUNTERS.change(meters=meters, change=change)


def _end(
    row: Reservation, *, state: ReservationState, settled: Decimal | None, now: datetime
) -> None:
    row.state = state.value
    row.settled_amount = settled
    row.ended_at = now
    row.save(update_fields=["state", "settled_amount", "ended_at", "updated_at"])


def _give_back(rows: QuerySet[Reservation], *, wanted: ReservationState, now: datetime) -> int:
    held = rows.filter(state=ReservationState.HELD.value).order_by("expires_at")
    with transaction.atomic():
        gates.hold()
        found = list(held[:MOST_AT_ONCE])
        for row in found:
            change = reservations.giving_back(state=row.stands, held=row.amount)
            _count(row.feature, at=row.at, change=change)
            _end(row, state=wanted, settled=None, now=now)
        return len(found)
