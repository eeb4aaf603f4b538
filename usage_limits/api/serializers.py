"""Shapes of limits, usage, the log, rules and channels."""

from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.kernel.periods import PeriodKind
from governance.restapi.serializers import ModelOut, SecretField, StrictSerializer
from usage_limits import selectors
from usage_limits.api.fields import AmountField, InstantField, WholeNumberField
from usage_limits.domain.channels import CHOOSABLE, ChannelKind
from usage_limits.domain.events import LONGEST_SOURCE
from usage_limits.domain.features import FeatureType, LimitType, from_base
from usage_limits.domain.limits import FULL, HIGHEST_THRESHOLD, MOST_THRESHOLDS, BreachAction
from usage_limits.domain.quantities import LIMIT_PLACES, USAGE_PLACES, number
from usage_limits.domain.rules import PRIORITIES, Metric, Operator, RuleAction
from usage_limits.models import (
    AlertChannel,
    UsageControlLogEntry,
    UsageLimit,
    WorkloadRule,
    WorkloadRuleMatch,
)
from usage_limits.selectors import INTERVALS

UNITS = "TB (2^40 bytes) for spectrum, minutes for concurrency-scaling."


def choices(names: Any) -> list[str]:  # noqa: ANN401 - any enum of strings
    return [name.value for name in names]


class UsageLimitIn(StrictSerializer):
    feature_type = serializers.ChoiceField(choices=choices(FeatureType))
    limit_type = serializers.ChoiceField(choices=choices(LimitType))
    amount = AmountField(places=LIMIT_PLACES, help_text=UNITS)
    period = serializers.ChoiceField(choices=choices(PeriodKind), default=PeriodKind.MONTHLY.value)
    breach_action = serializers.ChoiceField(
        choices=choices(BreachAction), default=BreachAction.LOG.value
    )
    thresholds = serializers.ListField(
        child=WholeNumberField(least=1, most=HIGHEST_THRESHOLD),
        default=[FULL],
        max_length=MOST_THRESHOLDS,
        help_text="Per cent of the amount at which to log and alert; 100 is always watched.",
    )


class LimitStateOut(serializers.Serializer[Any]):
    """Where a limit stands in the present period; used and reserved in the limit's unit."""

    used = serializers.FloatField()
    reserved = serializers.FloatField()
    amount = serializers.FloatField()
    unit = serializers.CharField()
    percent = serializers.FloatField()
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()
    disabled = serializers.BooleanField()
    free = serializers.FloatField(help_text="Minutes of credits that are spent before the amount.")


class UsageLimitOut(ModelOut):
    amount = AmountField(places=LIMIT_PLACES, help_text=UNITS)
    state = serializers.SerializerMethodField()

    class Meta:
        model = UsageLimit
        fields: ClassVar[tuple[str, ...]] = (
            *ModelOut.BASE,
            "feature_type",
            "limit_type",
            "amount",
            "period",
            "breach_action",
            "thresholds",
            "measured_from",
            "state",
        )

    @extend_schema_field(LimitStateOut)
    def get_state(self, row: UsageLimit) -> dict[str, Any]:
        view = self.context.get("view")
        now = getattr(view, "now", None) or timezone.now()
        [state] = selectors.limit_states(limits=[row], now=now)
        reading, terms = state.reading, state.reading.meter.terms
        standing, feature = reading.standing, terms.feature_type
        return LimitStateOut(
            {
                "used": number(from_base(feature=feature, amount=standing.used)),
                "reserved": number(from_base(feature=feature, amount=standing.reserved)),
                "amount": number(terms.amount),
                "unit": terms.unit,
                "percent": float(round(reading.percent, 2)),
                "period_start": reading.meter.period.start,
                "period_end": reading.meter.period.end,
                "disabled": reading.disabled,
                "free": number(from_base(feature=feature, amount=_free(feature))),
            }
        ).data


def _free(feature: FeatureType) -> Decimal:
    is_metered = feature is FeatureType.CONCURRENCY_SCALING
    return selectors.free_seconds() if is_metered else Decimal(0)


class UsageControlLogEntryOut(ModelOut):
    usage_limit = serializers.UUIDField(source="limit_id")
    query = serializers.UUIDField(source="query_id", allow_null=True)
    amount = AmountField(places=LIMIT_PLACES, help_text=UNITS)
    used = AmountField(places=USAGE_PLACES, help_text=UNITS)

    class Meta:
        model = UsageControlLogEntry
        fields: ClassVar[tuple[str, ...]] = (
            *ModelOut.BASE,
            "at",
            "usage_limit",
            "query",
            "feature_type",
            "limit_type",
            "period",
            "period_start",
            "amount",
            "used",
            "threshold",
            "cause",
            "action",
        )


class UsageEventIn(StrictSerializer):
    id = serializers.CharField(
        max_length=128, trim_whitespace=False, help_text="The reporter's own: booked once."
    )
    feature_type = serializers.ChoiceField(choices=choices(FeatureType))
    amount = AmountField(places=USAGE_PLACES, zero_allowed=True, help_text=UNITS)
    at = InstantField(help_text="When it was used, at most five minutes ahead of now.")
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=LONGEST_SOURCE, required=False, allow_blank=True, default=""
    )


class BookedOut(serializers.Serializer[Any]):
    accepted = serializers.IntegerField(help_text="Events that were new.")
    duplicates = serializers.IntegerField(help_text="Events that had been booked before.")


class SeriesIn(StrictSerializer):
    """The parameters of a series. `from` is a word of Python's, so it is added by name."""

    feature_type = serializers.ChoiceField(choices=choices(FeatureType), required=False)
    to = InstantField(required=False)
    interval = serializers.ChoiceField(choices=list(INTERVALS), default="day")
    group_by = serializers.ChoiceField(choices=["feature_type", "source"], default="feature_type")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": InstantField(required=False)}


class PointOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="The start of the interval, in UTC.")
    amount = serializers.FloatField(help_text=UNITS)


class SeriesOut(serializers.Serializer[Any]):
    feature_type = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="Where grouped by source."
    )
    unit = serializers.CharField()
    total = serializers.FloatField()
    points = PointOut(many=True)


class CreditsOut(serializers.Serializer[Any]):
    """Free minutes of the burst pool: spent before those that a limit counts."""

    available = serializers.FloatField()
    held = serializers.FloatField(help_text="By queries that have not ended.")
    most = serializers.FloatField(help_text="More are not kept.")


class UsageOut(serializers.Serializer[Any]):
    to = serializers.DateTimeField()
    interval = serializers.CharField()
    group_by = serializers.CharField()
    series = SeriesOut(many=True)
    credits = CreditsOut()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class PredicateIn(StrictSerializer):
    metric = serializers.ChoiceField(choices=choices(Metric))
    operator = serializers.ChoiceField(choices=choices(Operator))
    value = serializers.JSONField(
        help_text="A whole number, or for query_priority one of LOWEST LOW NORMAL HIGH HIGHEST."
    )


class WorkloadRuleIn(StrictSerializer):
    name = serializers.CharField(max_length=32, trim_whitespace=False)
    predicates = PredicateIn(many=True)
    action = serializers.ChoiceField(choices=choices(RuleAction), default=RuleAction.LOG.value)
    priority = serializers.ChoiceField(
        choices=list(PRIORITIES), default="LOW", help_text="What change_priority sets."
    )
    position = WholeNumberField(most=32_767, default=0)


class PredicateOut(serializers.Serializer[Any]):
    metric = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.JSONField()


class WorkloadRuleOut(ModelOut):
    predicates = PredicateOut(many=True)

    class Meta:
        model = WorkloadRule
        fields: ClassVar[tuple[str, ...]] = (
            *ModelOut.BASE,
            "name",
            "predicates",
            "action",
            "priority",
            "position",
        )


class WorkloadRuleMatchOut(ModelOut):
    query = serializers.UUIDField(source="query_id")
    workload_rule = serializers.UUIDField(source="rule_id")

    class Meta:
        model = WorkloadRuleMatch
        fields: ClassVar[tuple[str, ...]] = (
            *ModelOut.BASE,
            "at",
            "query",
            "workload_rule",
            "rule_name",
            "action",
            "condition",
            "on_estimate",
        )


class AlertChannelIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=choices(ChannelKind))
    target = serializers.CharField(
        max_length=2000,
        help_text=(
            "An email address or an https:// URL. Of a URL nothing past the host is shown again; "
            "what is shown, sent back, keeps it."
        ),
    )
    secret = SecretField(required=False, allow_blank=True, max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=choices(CHOOSABLE)),
        required=False,
        max_length=len(CHOOSABLE),
        help_text="What it is told of; none means everything.",
    )
    enabled = serializers.BooleanField(required=False)


class AlertChannelOut(ModelOut):
    secret = SecretField()

    class Meta:
        model = AlertChannel
        fields: ClassVar[tuple[str, ...]] = (
            *ModelOut.BASE,
            "kind",
            "target",
            "secret",
            "previous_secret_until",
            "events",
            "enabled",
        )


class AlertTestOut(serializers.Serializer[Any]):
    channel = serializers.UUIDField()
    sent = serializers.BooleanField(help_text="Handed to the outbox; its fate is seen in jobs.")


class RedeliveredOut(serializers.Serializer[Any]):
    channel = serializers.UUIDField()
    count = serializers.IntegerField(help_text="Messages that are sent again.")
