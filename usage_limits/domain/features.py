"""What is limited: the metered features, the kind of limit each has, and their units.

The ledger counts in base units (bytes, seconds); people and the API speak in units (TB, minutes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum

from usage_limits.domain.quantities import EXACT

SHOWN_PLACES = Decimal("1e-12")
ROUNDED = Context(prec=80, rounding=ROUND_HALF_EVEN)


class FeatureType(StrEnum):
    CONCURRENCY_SCALING = "concurrency-scaling"
    SPECTRUM = "spectrum"


class LimitType(StrEnum):
    DATA_SCANNED = "data-scanned"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a feature is metered. `base` is how many base units (bytes, seconds) one unit has."""

    limit_type: LimitType
    label: str
    unit: str
    base: int
    base_unit: str


MEASURES: Mapping[FeatureType, Measure] = {
    # A terabyte is 2^40 bytes, so that it is a whole number of the megabytes that are billed.
    FeatureType.SPECTRUM: Measure(
        limit_type=LimitType.DATA_SCANNED,
        label="Data scanned",
        unit="TB",
        base=2**40,
        base_unit="bytes",
    ),
    FeatureType.CONCURRENCY_SCALING: Measure(
        limit_type=LimitType.TIME,
        label="Concurrency scaling",
        unit="minutes",
        base=60,
        base_unit="seconds",
    ),
}


def to_base(*, feature: FeatureType, amount: Decimal) -> Decimal:
    """TB to bytes, minutes to seconds; exact, so possibly with a fraction of a byte."""
    return EXACT.multiply(amount, Decimal(MEASURES[feature].base))


def from_base(*, feature: FeatureType, amount: Decimal) -> Decimal:
    """Bytes to TB, seconds to minutes, for showing: rounded to twelve places."""
    exact = ROUNDED.divide(amount, Decimal(MEASURES[feature].base))
    return exact.quantize(SHOWN_PLACES, context=ROUNDED)


def figure(*, feature: FeatureType, amount: Decimal) -> str:
    """A base amount for people: "0.31 TB", "12.4 MB", "3.5 minutes"."""
    match feature:
        case FeatureType.SPECTRUM:
            return _size(amount)
        case FeatureType.CONCURRENCY_SCALING:
            minutes = _short(amount / 60)
            return f"{minutes} minute{'' if minutes == '1' else 's'}"


def _size(amount: Decimal) -> str:
    if amount * 100 >= 2**40:
        return f"{_short(amount / 2**40)} TB"
    if amount >= 2**30:
        return f"{_short(amount / 2**30)} GB"
    return f"{_short(amount / 2**20)} MB"


def _short(amount: Decimal) -> str:
    rounded = amount.quantize(Decimal("0.01"), context=ROUNDED)
    return f"{rounded.normalize(ROUNDED):f}"
