"""Reads, always of the open scope's namespace."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum
from django.db.models.functions import TruncDay, TruncHour

from governance.isolation.scopes import current_namespace_id
from governance.kernel.periods import PeriodKind, period_at
from governance.kernel.refusals import FieldError, Invalid
from governance.outbox.models import MessageState, OutboxMessage
from usage_limits.domain.admissions import Meter, Reading, Standing
from usage_limits.domain.features import MEASURES, FeatureType, from_base
from usage_limits.domain.quantities import EXACT, number
from usage_limits.domain.reservations import ReservationState, Settlement
from usage_limits.job_names import DELIVER_ALERT
from usage_limits.models import (
    AlertChannel,
    AlertDelivery,
    CreditUse,
    LimitCounter,
    MainPoolHour,
    Reservation,
    UsageControlLogEntry,
    UsageEntry,
    UsageLimit,
    WorkloadRule,
)

ZERO = Decimal(0)
# By the name of an interval, the calendar period it is; None is the hour.
INTERVALS: dict[str, PeriodKind | None] = {
    "hour": None,
    "day": PeriodKind.DAILY,
    "week": PeriodKind.WEEKLY,
    "month": PeriodKind.MONTHLY,
    "hourly": None,
    "daily": PeriodKind.DAILY,
    "weekly": PeriodKind.WEEKLY,
    "monthly": PeriodKind.MONTHLY,
}
MOST_STEPS = 1100


class SeriesInvalid(Invalid):
    code = "usage_series_invalid"
    sentence = "The series must begin before it ends, and have at most {most} days or hours."


class DatabaseLedger:
    """The Ledger port over the tables."""

    def standing(self, *, meter: Meter) -> Standing:
        start = max(meter.period.start, meter.measured_from)
        # By the limit's own namespace, since a system scope sees the entries of all.
        owner = UsageLimit.objects.filter(pk=meter.limit_id).values("namespace_id")
        within = Q(
            namespace_id__in=owner,
            feature_type=meter.terms.feature_type.value,
            at__gte=start,
            at__lt=meter.period.end,
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


def given_up_deliveries(channel: AlertChannel) -> list[UUID]:
    """The outbox messages of a channel's dead letters, the oldest first."""
    ids = AlertDelivery.objects.filter(channel=channel, delivered_at=None).values_list("pk")
    wanted = {str(pk) for (pk,) in ids}
    dead = OutboxMessage.objects.filter(name=DELIVER_ALERT, state=MessageState.DEAD)
    rows = dead.order_by("created_at").values_list("pk", "payload")
    return [pk for pk, payload in rows if payload.get("delivery_id") in wanted]


def credit_balance() -> Decimal:
    """Seconds of the burst pool that were earned and are not spent."""
    earned = MainPoolHour.objects.aggregate(total=Sum("earned"))["total"] or ZERO
    spent = CreditUse.objects.aggregate(total=Sum("seconds"))["total"] or ZERO
    return EXACT.subtract(earned, spent)


def credit_held(*, besides: str = "") -> Decimal:
    """Those of them that queries hold, but for the one of this key."""
    held = Reservation.objects.filter(state=ReservationState.HELD.value, credit__gt=0)
    return held.exclude(key=besides).aggregate(total=Sum("credit"))["total"] or ZERO


def booked(keys: Collection[str]) -> dict[str, str]:
    """The fingerprint of each key that is in the ledger."""
    rows = UsageEntry.objects.filter(namespace_id=current_namespace_id(), key__in=keys)
    return dict(rows.values_list("key", "fingerprint"))


def free_seconds() -> Decimal:
    """What a query that asks now may have free of the burst pool."""
    return max(ZERO, EXACT.subtract(credit_balance(), credit_held()))


def is_settled(settlement: Settlement) -> bool:
    """Whether it was booked, whoever paid."""
    free = CreditUse.objects.filter(key=settlement.entry_key)
    return free.exists() or bool(booked([settlement.entry_key]))


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


def course(meter: Meter, *, hourly: bool) -> list[tuple[datetime, Decimal]]:
    """What the meter's period used so far: (UTC hour or day, base amount), oldest first."""
    start = max(meter.period.start, meter.measured_from)
    rows = (
        UsageEntry.objects.filter(
            feature_type=meter.terms.feature_type.value, at__gte=start, at__lt=meter.period.end
        )
        .annotate(moment=(TruncHour if hourly else TruncDay)("at", tzinfo=UTC))
        .values("moment")
        .annotate(total=Sum("amount"))
        .order_by("moment")
    )
    return [(row["moment"], row["total"]) for row in rows]


def usage_series(
    *,
    features: Sequence[FeatureType],
    since: datetime,
    until: datetime,
    interval: str,
    by_source: bool,
) -> list[dict[str, object]]:
    """Use from `since` (included) to `until` (not), by feature (and source), in UTC intervals.

    Raises SeriesInvalid where the range is empty or has more intervals than are answered.
    """
    fold = INTERVALS[interval]
    step = timedelta(hours=1) if fold is None else timedelta(days=1)
    if not since < until or (until - since) / step > MOST_STEPS:
        error = FieldError(pointer="/from", code=SeriesInvalid.code, detail="Out of range.")
        raise SeriesInvalid(most=MOST_STEPS, errors=[error])
    trunc = TruncHour if fold is None else TruncDay
    names = ("feature_type", "source") if by_source else ("feature_type",)
    rows = (
        UsageEntry.objects.filter(
            feature_type__in=[feature.value for feature in features], at__gte=since, at__lt=until
        )
        .annotate(step=trunc("at", tzinfo=UTC))
        .values("step", *names)
        .annotate(total=Sum("amount"))
        .order_by(*names, "step")
    )
    found: dict[tuple[str, ...], dict[datetime, Decimal]] = {}
    if not by_source:
        found = {(feature.value,): {} for feature in features}
    for row in rows:
        start = row["step"] if fold is None else period_at(kind=fold, at=row["step"]).start
        points = found.setdefault(tuple(row[name] for name in names), {})
        points[start] = EXACT.add(points.get(start, ZERO), row["total"])
    return [_series(dict(zip(names, key, strict=True)), points) for key, points in found.items()]


def _series(group: dict[str, str], points: dict[datetime, Decimal]) -> dict[str, object]:
    feature = FeatureType(group["feature_type"])
    total = ZERO
    for amount in points.values():
        total = EXACT.add(total, amount)
    return {
        **group,
        "unit": MEASURES[feature].unit,
        "total": number(from_base(feature=feature, amount=total)),
        "points": [
            {"at": at, "amount": number(from_base(feature=feature, amount=amount))}
            for at, amount in points.items()
        ],
    }
