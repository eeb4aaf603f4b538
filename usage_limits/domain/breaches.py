"""Which thresholds of a limit are crossed, each once per limit, threshold, period and amount."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usage_limits.domain.admissions import Reading
from usage_limits.domain.limits import FULL
from usage_limits.domain.quantities import EXACT


class BreachCause(StrEnum):
    """Settled use crossed a threshold, or a `disable` limit turned a request away."""

    CROSSED = "crossed"
    REFUSED = "refused"


class AlertEvent(StrEnum):
    """What an alert channel can be told of."""

    THRESHOLD = "usage_limit.threshold"
    REACHED = "usage_limit.reached"
    DISABLED = "usage_limit.disabled"
    REFUSED = "usage_limit.refused"
    RULE = "workload_rule.matched"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One message: the thresholds newly crossed, ascending; the highest one speaks.

    `over`: the period had ended (a late settle or event), so nothing is disabled by it now.
    """

    reading: Reading
    thresholds: tuple[int, ...]
    cause: BreachCause
    requested: Decimal = Decimal(0)
    over: bool = False

    @property
    def event(self) -> AlertEvent:
        if self.cause is BreachCause.REFUSED:
            return AlertEvent.REFUSED
        if self.reading.disabled and not self.over:
            return AlertEvent.DISABLED
        return AlertEvent.REACHED if self.thresholds[-1] >= FULL else AlertEvent.THRESHOLD


def crossed(reading: Reading, *, known: Collection[int]) -> tuple[int, ...]:
    """The thresholds that settled use has reached (at or above) and that are not in `known`."""
    reached = EXACT.multiply(reading.standing.used, Decimal(FULL))
    ceiling = reading.meter.ceiling
    return tuple(
        percent
        for percent in reading.meter.terms.watched
        if reached >= EXACT.multiply(Decimal(percent), ceiling) and percent not in known
    )


def breach_of(reading: Reading, *, known: Collection[int], now: datetime) -> Breach | None:
    """What is to be logged and said now; None where nothing is newly crossed."""
    thresholds = crossed(reading, known=known)
    if not thresholds:
        return None
    over = reading.meter.period.end <= now
    return Breach(reading=reading, thresholds=thresholds, cause=BreachCause.CROSSED, over=over)
