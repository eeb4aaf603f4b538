"""Reads, always of the open scope's namespace."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import TruncDay

from governance.isolation.scopes import current_namespace_id
from usage_limits.domain.admissions import Meter, Reading, Standing
from usage_limits.domain.features import FeatureType
from usage_limits.domain.reservations import ReservationState
from usage_limits.models import (
    LimitCounter,
    Reservation,
    UsageControlLogEntry,
    UsageEntry,
    UsageLimit,
    WorkloadRule,
)

ZERO = Decimal(0)


class DatabaseLedger:
    """The Ledger port over the tables."""

    def standing(self, *, meter: Meter) -> Standing:
        start = max(meter.period.start, meter.measured_from)
        within = Q(
            feature_type=meter.terms.feature_type.value, at__gte=start, at__lt=meter.period.end
        )
        used = UsageEntry.objects.filter(within).aggregate(total=Sum("amount"))["total"]
        held = Reservation.objects.filter(within, state=ReservationState.HELD.value)
        reserved = held.aggregate(total=Sum("amount"))["total"]
        return Standing(used=used or ZERO, reserved=reserved or ZERO)


LEDGER = DatabaseLedger()


@dataclass(frozen=True, slots=True)
class LimitState:
    """A limit and where it stands in the present period."""

    limit: UsageLimit
    reading: Reading


def limits_of(features: Collection[FeatureType]) -> list[UsageLimit]:
    """In the order in which their counters are touched."""
    names = [feature.value for feature in features]
    return list(UsageLimit.objects.filter(feature_type__in=names).order_by("feature_type", "id"))


def meters_at(*, limits: Sequence[UsageLimit], at: datetime) -> tuple[Meter, ...]:
    """The meters that use at `at` counts on."""
    return tuple(meter for limit in limits if (meter := limit.meter(at=at)) is not None)


def counters_of(meters: Sequence[Meter]) -> dict[tuple[object, datetime], LimitCounter]:
    wanted = Q(pk__in=())
    for meter in meters:
        wanted |= Q(limit_id=meter.limit_id, period_start=meter.period.start)
    rows = LimitCounter.objects.filter(wanted).order_by("limit_id", "period_start")
    return {(row.limit_id, row.period_start): row for row in rows}


def readings_of(meters: Sequence[Meter]) -> tuple[Reading, ...]:
    """Where the meters stand; one without a counter is added up from the ledger."""
    counters = counters_of(meters)
    return tuple(
        Reading(
            meter,
            counter.standing
            if (counter := counters.get((meter.limit_id, meter.period.start)))
            else LEDGER.standing(meter=meter),
        )
        for meter in meters
    )


def limit_states(*, limits: Sequence[UsageLimit], now: datetime) -> list[LimitState]:
    """Each limit with its present reading, in the order given."""
    metered = {
        meter.limit_id: meter
        for limit in limits
        if (meter := limit.meter(at=max(now, limit.measured_from))) is not None
    }
    readings = {reading.meter.limit_id: reading for reading in readings_of(tuple(metered.values()))}
    return [LimitState(limit=limit, reading=readings[limit.pk]) for limit in limits]


def known_breaches(meters: Sequence[Meter]) -> dict[tuple[object, datetime], set[tuple[int, str]]]:
    """The (threshold, cause) pairs that are logged, by limit and period, for today's amounts."""
    wanted = Q(pk__in=())
    for meter in meters:
        wanted |= Q(
            limit_id=meter.limit_id, period_start=meter.period.start, amount=meter.terms.amount
        )
    known: dict[tuple[object, datetime], set[tuple[int, str]]] = {}
    for entry in UsageControlLogEntry.objects.filter(wanted):
        said = known.setdefault((entry.limit_id, entry.period_start), set())
        said.add((entry.threshold, entry.cause))
    return known


def workload_rules() -> list[WorkloadRule]:
    return list(WorkloadRule.objects.order_by("position", "name"))


def booked(keys: Collection[str]) -> dict[str, str]:
    """The fingerprint of each key that is in the ledger."""
    rows = UsageEntry.objects.filter(namespace_id=current_namespace_id(), key__in=keys)
    return dict(rows.values_list("key", "fingerprint"))


def daily_use(*, since: datetime) -> list[tuple[datetime, str, Decimal]]:
    """(day, feature, base amount), newest first. Days are UTC days."""
    rows = (
        UsageEntry.objects.filter(at__gte=since)
        .annotate(day=TruncDay("at", tzinfo=UTC))
        .values("day", "feature_type")
        .annotate(total=Sum("amount"))
        .order_by("-day", "feature_type")
    )
    return [(row["day"], row["feature_type"], row["total"]) for row in rows]
