"""Usage limits with their live state, and how much of each is used."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.decorators import display

from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from governance.kernel.periods import PeriodKind
from usage_limits import selectors
from usage_limits.admin.forms import UsageLimitForm
from usage_limits.domain.admissions import Reading, short_amount, title
from usage_limits.domain.features import MEASURES, FeatureType, figure
from usage_limits.domain.limits import FULL, BreachAction, Terms, TermsChange
from usage_limits.models import UsageLimit
from usage_limits.services import limits

FIXED = ("feature_type", "period")
LIVE = ("where_it_stands", "state", "held", "credits", "present_period", "counted_from")
NEARLY = 80
BAR_WIDTH, MARK_WIDTH = 240, 2
CALM, WARNING, DANGER = "#2563eb", "#d97706", "#dc2626"


@admin.register(UsageLimit)
class UsageLimitAdmin(NamespacedModelAdmin):
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    form = UsageLimitForm
    list_display = ("name", "where_it_stands", "action_shown", "state_pill")
    list_filter = ("feature_type", "period", "breach_action")
    readonly_fields = LIVE
    ordering = ("feature_type", "period", "id")
    empty_state = "No usage limit yet: queries may use as much as they like."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        del request
        terms = ("feature_type", "amount", "period", "breach_action", "thresholds")
        if obj is None:
            return ((None, {"fields": terms}),)
        return (("Now", {"fields": LIVE}), ("The limit", {"fields": terms}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        fixed = () if obj is None else FIXED
        return (*super().get_readonly_fields(request, obj), *fixed)

    @display(description="Limit")
    def name(self, row: UsageLimit) -> str:
        return title(row.terms)

    @display(description="Used")
    def where_it_stands(self, row: UsageLimit) -> str:
        reading = _reading(row)
        feature = reading.meter.terms.feature_type
        used = figure(feature=feature, amount=reading.standing.used)
        percent = float(round(reading.percent, 1))
        scale = max(FULL, percent)
        return render_to_string(
            "usage_limits/admin/bar.html",
            {
                "percent": f"{percent:g}",
                "width": f"{percent / scale * BAR_WIDTH:.1f}",
                "mark": f"{FULL / scale * BAR_WIDTH - MARK_WIDTH:.1f}",
                "colour": _colour(percent),
                "figure": f"{used} of {short_amount(reading.meter.terms)}",
            },
        )

    @display(description="Present period (UTC)")
    def present_period(self, row: UsageLimit) -> str:
        period = _reading(row).meter.period
        return f"{period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M}"

    @display(description="Counts use since")
    def counted_from(self, row: UsageLimit) -> str:
        return f"{row.measured_from:%Y-%m-%d %H:%M:%S} UTC"

    @display(
        description="At 100 %",
        label={"log": "info", "emit-metric": "warning", "disable": "danger"},
    )
    def action_shown(self, row: UsageLimit) -> tuple[str, str]:
        return row.breach_action, row.get_breach_action_display()

    @display(
        description="State",
        label={"within": "success", "nearly": "warning", "reached": "danger", "off": "danger"},
    )
    def state_pill(self, row: UsageLimit) -> tuple[str, str]:
        return _state(_reading(row))

    @display(description="State")
    def state(self, row: UsageLimit) -> str:
        return _state(_reading(row))[1]

    @display(description="Reserved by queries that have not ended")
    def held(self, row: UsageLimit) -> str:
        reading = _reading(row)
        feature = reading.meter.terms.feature_type
        return figure(feature=feature, amount=reading.standing.reserved)

    @display(description="Credits that are used first")
    def credits(self, row: UsageLimit) -> str:
        feature = FeatureType(row.feature_type)
        if feature is not FeatureType.CONCURRENCY_SCALING:
            return "None: they are of concurrency scaling."
        return figure(feature=feature, amount=selectors.free_seconds())

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001 - the base's
        values, actor, now = form.cleaned_data, self.actor(request), timezone.now()
        action, thresholds = BreachAction(values["breach_action"]), tuple(values["thresholds"])
        if change:
            wanted = TermsChange(
                amount=values["amount"], breach_action=action, thresholds=thresholds
            )
            return limits.change(limit_id=row.pk, wanted=wanted, actor=actor, now=now)
        feature = FeatureType(values["feature_type"])
        terms = Terms(
            feature_type=feature,
            limit_type=MEASURES[feature].limit_type,
            amount=values["amount"],
            period=PeriodKind(values["period"]),
            breach_action=action,
            thresholds=thresholds,
        )
        return limits.create(terms=terms, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: Any) -> None:  # noqa: ANN401 - any model
        limits.remove(limit_id=row.pk, actor=self.actor(request), now=timezone.now())


def _reading(row: UsageLimit) -> Reading:
    [state] = selectors.limit_states(limits=[row], now=timezone.now())
    return state.reading


def _state(reading: Reading) -> tuple[str, str]:
    if reading.disabled:
        return "off", f"Disabled until {reading.meter.period.end:%-d %B %H:%M} UTC"
    if reading.percent >= FULL:
        return "reached", "Reached"
    return ("nearly", "Nearly reached") if reading.percent >= NEARLY else ("within", "Within")


def _colour(percent: float) -> str:
    if percent >= FULL:
        return DANGER
    return WARNING if percent >= NEARLY else CALM
