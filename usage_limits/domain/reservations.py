"""A reservation: held before use, then settled once, on time or late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usage_limits.domain.features import FeatureType
from usage_limits.domain.quantities import EXACT


class ReservationState(StrEnum):
    """Held counts as reserved. Expired and released count nothing; a late settle may still come.

    What was released may be held again under its id: the query was asked once more. So may what
    expired while its query waited or ran after all.
    """

    HELD = "held"
    SETTLED = "settled"
    EXPIRED = "expired"
    RELEASED = "released"


# A withdrawn query was never run, but a crash between its withdrawal and its end must not lose
# what it did use: whatever is not settled may still be.
NEXT: Mapping[ReservationState, frozenset[ReservationState]] = {
    ReservationState.HELD: frozenset(
        {ReservationState.SETTLED, ReservationState.EXPIRED, ReservationState.RELEASED}
    ),
    ReservationState.EXPIRED: frozenset({ReservationState.SETTLED, ReservationState.HELD}),
    ReservationState.RELEASED: frozenset({ReservationState.SETTLED, ReservationState.HELD}),
    ReservationState.SETTLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a counter gains or gives back, in base units."""

    used: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)


def may_become(state: ReservationState, wanted: ReservationState) -> bool:
    return wanted in NEXT[state]


def holding(amount: Decimal) -> Change:
    return Change(reserved=amount)


def settling(*, state: ReservationState, held: Decimal, measured: Decimal) -> Change:
    """Charge what was measured; give back what is still held (nothing once it has expired)."""
    match state:
        case ReservationState.HELD:
            return Change(used=measured, reserved=held.copy_negate())
        case ReservationState.EXPIRED | ReservationState.RELEASED:
            return Change(used=measured)
        case ReservationState.SETTLED:
            return Change()


def going_on(*, state: ReservationState, held: Decimal, needed: Decimal) -> Change:
    """Hold what a query that goes on needs by now, and again what had expired."""
    match state:
        case ReservationState.HELD:
            return Change(reserved=EXACT.subtract(needed, held))
        case ReservationState.EXPIRED:
            return Change(reserved=needed)
        case ReservationState.SETTLED | ReservationState.RELEASED:
            return Change()


def giving_back(*, state: ReservationState, held: Decimal) -> Change:
    """Expiry and withdrawal give back once."""
    return Change(reserved=held.copy_negate()) if state is ReservationState.HELD else Change()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: `id` names the query, `amount` is in base units.

    A query may ask for several features; each is one request with the same id.
    """

    id: str
    feature_type: FeatureType
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a query used of one feature, in base units."""

    key: str
    feature: FeatureType
    measured: Decimal
    used_at: datetime

    @property
    def entry_key(self) -> str:
        """The name under which the ledger books it once."""
        return f"query:{self.key}:{self.feature.value}"
