"""The bars and the recent use that the portal shows to a signed-in person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.periods import PeriodKind
from governance.kernel.permissions import allows
from governance.portal.ports import UsageBar, UsageCourse, UsageEntry
from usage_limits import selectors
from usage_limits.domain.admissions import Meter, short_amount, title
from usage_limits.domain.features import MEASURES, FeatureType, figure
from usage_limits.models import UsageLimit
from usage_limits.selectors import LimitState

RECENT = timedelta(days=14)


class LimitsPanel:
    """The UsagePanel of the portal."""

    def bars(self, *, actor: Actor, now: datetime) -> Sequence[UsageBar]:
        if not allows(actor=actor, action=Action.READ_USAGE):
            return []
        limits = list(UsageLimit.objects.order_by("feature_type", "period", "id"))
        return [_bar(state) for state in selectors.limit_states(limits=limits, now=now)]

    def courses(self, *, actor: Actor, now: datetime) -> Sequence[UsageCourse]:
        if not allows(actor=actor, action=Action.READ_USAGE):
            return []
        limits = list(UsageLimit.objects.order_by("feature_type", "period", "id"))
        meters = [limit.meter(at=now) for limit in limits]
        return [_course(meter) for meter in meters if meter is not None]

    def recent(self, *, actor: Actor, now: datetime) -> Sequence[UsageEntry]:
        if not allows(actor=actor, action=Action.READ_USAGE):
            return []
        days = selectors.daily_use(since=now - RECENT)
        return [
            UsageEntry(
                at=day,
                title=MEASURES[FeatureType(feature)].label,
                figure=figure(feature=FeatureType(feature), amount=amount),
                amount=float(amount),
            )
            for day, feature, amount in days
        ]


def _bar(state: LimitState) -> UsageBar:
    reading, period = state.reading, state.reading.meter.period
    terms = reading.meter.terms
    used = figure(feature=terms.feature_type, amount=reading.standing.used)
    return UsageBar(
        title=title(terms),
        figure=f"{used} of {short_amount(terms)}",
        percent=float(round(reading.percent, 1)),
        period_start=period.start,
        period_end=period.end,
        action=terms.breach_action.spoken,
        disabled=reading.disabled,
        note=_note(state),
    )


def _course(meter: Meter) -> UsageCourse:
    hourly = meter.terms.period is PeriodKind.DAILY
    return UsageCourse(
        title=title(meter.terms),
        start=meter.period.start,
        end=meter.period.end,
        counted_from=max(meter.period.start, meter.measured_from),
        interval=timedelta(hours=1) if hourly else timedelta(days=1),
        ceiling=float(meter.ceiling),
        used=[(at, float(amount)) for at, amount in selectors.course(meter, hourly=hourly)],
    )


def _note(state: LimitState) -> str:
    reading = state.reading
    feature, free = reading.meter.terms.feature_type, Decimal(0)
    if feature is FeatureType.CONCURRENCY_SCALING:
        free = selectors.free_seconds()
    if free:
        return f"{figure(feature=feature, amount=free)} of credits are used first"
    return f"Disabled until {reading.meter.period.end:%-d %B %H:%M} UTC" if reading.disabled else ""
