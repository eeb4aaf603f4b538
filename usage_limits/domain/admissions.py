"""Whether use may begin: every limit of a feature, what is used and held of it, what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from governance.kernel.periods import Period, period_at, spoken
from governance.kernel.refusals import Conflict, Exhausted
from usage_limits.domain.features import MEASURES, figure, from_base, to_base
from usage_limits.domain.limits import Terms
from usage_limits.domain.quantities import EXACT, number, text

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One limit in one period: the key of a counter, and the ceiling above it.

    `ceiling` is in base units (bytes, seconds). What happened before `measured_from` does not
    count, so that a limit made in the middle of a period starts at 0.
    """

    limit_id: UUID
    terms: Terms
    period: Period
    measured_from: datetime

    @property
    def ceiling(self) -> Decimal:
        return to_base(feature=self.terms.feature_type, amount=self.terms.amount)


@dataclass(frozen=True, slots=True)
class Standing:
    """A counter: settled use, and what is held for use that has not been settled."""

    used: Decimal = ZERO
    reserved: Decimal = ZERO

    @property
    def taken(self) -> Decimal:
        return EXACT.add(self.used, self.reserved)


@dataclass(frozen=True, slots=True)
class Reading:
    """A meter and where it stands."""

    meter: Meter
    standing: Standing

    @property
    def percent(self) -> Decimal:
        return self.standing.used * 100 / self.meter.ceiling

    @property
    def disabled(self) -> bool:
        """The limit turns its feature off: all of it is used, and its action says so."""
        return self.meter.terms.breach_action.refuses and self.standing.used >= self.meter.ceiling

    def refuses(self, requested: Decimal) -> bool:
        """Used and asked together may equal the amount, not exceed it."""
        wanted = EXACT.add(self.standing.taken, requested)
        return self.meter.terms.breach_action.refuses and wanted > self.meter.ceiling


class UsageLimitReached(Exhausted):
    """The answer to use that would exceed a limit.

    `values` carries what a client needs: limit, feature, period, amount, used, requested (in TB
    or minutes), reset_at and retry_after_seconds. `reading` is where the limit stood.
    """

    reading: "Reading"
    requested: Decimal

    code = "usage_limit_reached"
    members = (
        *("limit", "feature", "period", "amount", "used", "requested", "reset_at"),
        "retry_after_seconds",
    )
    sentence = (
        "Query reached usage limit: {title} is limited to {amount_text}; {used_text} is used or "
        "reserved and {requested_text} more was asked for. The limit resets on {reset_text}."
    )


class ReservationConflict(Conflict):
    code = "reservation_conflict"
    sentence = "The reservation {reservation_id} exists with another feature or amount."


def meter_at(
    *, limit_id: UUID, terms: Terms, measured_from: datetime, at: datetime
) -> Meter | None:
    """The meter that use at `at` counts on; None where it happened before the limit."""
    if at < measured_from:
        return None
    period = period_at(kind=terms.period, at=at)
    return Meter(limit_id=limit_id, terms=terms, period=period, measured_from=measured_from)


def refusing(readings: Sequence[Reading], *, requested: Decimal) -> Reading | None:
    """The limit that refuses; of several, the one that stays used up the longest."""
    refusals = [reading for reading in readings if reading.refuses(requested)]
    return max(refusals, key=lambda reading: reading.meter.period.end, default=None)


def refusal(reading: Reading, *, requested: Decimal, now: datetime) -> UsageLimitReached:
    """The answer to the person whose query was refused."""
    terms, period = reading.meter.terms, reading.meter.period
    feature = terms.feature_type
    taken = reading.standing.taken
    retry_after = max(1, int(-(-(period.end - now).total_seconds() // 1)))
    refused = UsageLimitReached(
        limit=str(reading.meter.limit_id),
        feature=feature.value,
        period=terms.period.value,
        amount=number(terms.amount),
        used=number(from_base(feature=feature, amount=taken)),
        requested=number(from_base(feature=feature, amount=requested)),
        reset_at=period.end.isoformat().replace("+00:00", "Z"),
        reset_text=spoken(period.end),
        retry_after_seconds=retry_after,
        title=title(terms),
        amount_text=amount_text(terms),
        used_text=figure(feature=feature, amount=taken),
        requested_text=figure(feature=feature, amount=requested),
    )
    refused.reading, refused.requested = reading, requested
    refused.retry_after_seconds = retry_after
    return refused


def title(terms: Terms) -> str:
    """Such as "Data scanned, weekly"."""
    return f"{MEASURES[terms.feature_type].label}, {terms.period.value}"


def amount_text(terms: Terms) -> str:
    """Such as "2 TB", and "209.72 MB (0.0002 TB)" where terabytes say little."""
    said, short = f"{text(terms.amount)} {terms.unit}", short_amount(terms)
    return short if short == said else f"{short} ({said})"


def short_amount(terms: Terms) -> str:
    """Such as "2 TB" or "209.72 MB", beside a figure of what is used."""
    feature = terms.feature_type
    small = figure(feature=feature, amount=to_base(feature=feature, amount=terms.amount))
    said = f"{text(terms.amount)} {terms.unit}"
    return said if small.endswith(f" {terms.unit}") else small
