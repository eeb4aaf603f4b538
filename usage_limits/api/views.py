"""Limits, usage, the log, rules and channels over REST."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.kernel.periods import PeriodKind
from governance.restapi.views import (
    CreateMixin,
    DestroyMixin,
    NamespacedViewSet,
    ReadViewSet,
    UpdateMixin,
)
from usage_limits import selectors
from usage_limits.api import serializers as shapes
from usage_limits.api.fields import ExactJSONParser
from usage_limits.api.filters import ControlLogFilters, RuleMatchFilters
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.burst_credits import MOST_KEPT
from usage_limits.domain.channels import ChannelKind
from usage_limits.domain.events import MOST_EVENTS, UsageEvent
from usage_limits.domain.features import FeatureType, LimitType, from_base
from usage_limits.domain.limits import BreachAction, Terms, TermsChange
from usage_limits.domain.rules import Metric, Operator, Predicate, Rule, RuleAction
from usage_limits.models import (
    AlertChannel,
    UsageControlLogEntry,
    UsageLimit,
    WorkloadRule,
    WorkloadRuleMatch,
)
from usage_limits.services import alert_channels, limits, usage_events, workload_rules
from usage_limits.services.alert_channels import ChannelChange

MONTH = timedelta(days=30)


class UsageLimitViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """What a namespace may spend of a feature in a period, and where it stands."""

    model = UsageLimit
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    serializer_class = shapes.UsageLimitOut
    input_serializer_class = shapes.UsageLimitIn
    parser_classes = (ExactJSONParser,)
    filterset_fields = ("feature_type", "period", "breach_action")
    ordering_fields = ("created_at", "feature_type", "period")

    def perform_create(self, values: dict[str, Any]) -> UsageLimit:
        terms = Terms(
            feature_type=FeatureType(values["feature_type"]),
            limit_type=LimitType(values["limit_type"]),
            amount=values["amount"],
            period=PeriodKind(values["period"]),
            breach_action=BreachAction(values["breach_action"]),
            thresholds=tuple(values["thresholds"]),
        )
        return limits.create(terms=terms, actor=self.actor, now=self.now)

    def perform_update(self, row: UsageLimit, values: dict[str, Any]) -> UsageLimit:
        wanted = TermsChange(
            feature_type=_member(FeatureType, values.get("feature_type")),
            limit_type=_member(LimitType, values.get("limit_type")),
            amount=values.get("amount"),
            period=_member(PeriodKind, values.get("period")),
            breach_action=_member(BreachAction, values.get("breach_action")),
            thresholds=tuple(values["thresholds"]) if "thresholds" in values else None,
        )
        return limits.change(limit_id=row.pk, wanted=wanted, actor=self.actor, now=self.now)

    def perform_destroy(self, row: UsageLimit) -> None:
        limits.remove(limit_id=row.pk, actor=self.actor, now=self.now)


class UsageViewSet(NamespacedViewSet):
    """What was used, as a series; and the door for usage that is metered elsewhere."""

    read_action = Action.READ_USAGE
    write_action = Action.RECORD_USAGE
    serializer_class = shapes.UsageOut
    input_serializer_class = shapes.UsageEventIn
    parser_classes = (ExactJSONParser,)
    pagination_class = None
    filter_backends = ()

    @extend_schema(parameters=[shapes.SeriesIn], responses=shapes.UsageOut)
    def list(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        asked = shapes.SeriesIn(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        until: datetime = values.get("to", self.now)
        since: datetime = values.get("from", until - MONTH)
        feature = values.get("feature_type")
        series = selectors.usage_series(
            features=list(FeatureType) if feature is None else [FeatureType(feature)],
            since=since,
            until=until,
            interval=values["interval"],
            by_source=values["group_by"] == "source",
        )
        body = {
            "from": since,
            "to": until,
            "interval": values["interval"],
            "group_by": values["group_by"],
            "series": series,
            "credits": _credits(),
        }
        return Response(shapes.UsageOut(body).data)

    @extend_schema(
        request=shapes.UsageEventIn(many=True), responses={200: shapes.BookedOut}, filters=False
    )
    @action(detail=False, methods=["post"])
    def events(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Book a list of events, each exactly once by its id; all of them or none."""
        shape: serializers.ListSerializer[Any] = serializers.ListSerializer(
            child=shapes.UsageEventIn(), data=request.data, max_length=MOST_EVENTS
        )
        shape.is_valid(raise_exception=True)
        batch = [
            UsageEvent(
                id=item["id"],
                feature_type=FeatureType(item["feature_type"]),
                amount=item["amount"],
                at=item["at"],
                source=item["source"],
            )
            for item in shape.validated_data
        ]
        booked = usage_events.book(batch=batch, now=self.now)
        return Response(shapes.BookedOut(booked).data)


class UsageControlLogViewSet(ReadViewSet):
    """Thresholds that were crossed and first refusals. Only ever added to."""

    model = UsageControlLogEntry
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    serializer_class = shapes.UsageControlLogEntryOut
    filterset_class = ControlLogFilters
    ordering_fields = ("at",)
    ordering = ("-at", "id")


class WorkloadRuleViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """What is done with a query whose estimate or measures fit all predicates."""

    model = WorkloadRule
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    serializer_class = shapes.WorkloadRuleOut
    input_serializer_class = shapes.WorkloadRuleIn
    parser_classes = (ExactJSONParser,)
    filterset_fields = ("action",)
    ordering_fields = ("position", "name")
    ordering = ("position", "name")

    def perform_create(self, values: dict[str, Any]) -> WorkloadRule:
        rule = Rule(
            name=values["name"],
            predicates=_predicates(values["predicates"]),
            action=RuleAction(values["action"]),
            priority=values["priority"],
        )
        return workload_rules.save(
            rule=rule, position=values["position"], actor=self.actor, now=self.now
        )

    def perform_update(self, row: WorkloadRule, values: dict[str, Any]) -> WorkloadRule:
        before = row.rule
        rule = replace(
            before,
            name=values.get("name", before.name),
            predicates=_predicates(values["predicates"])
            if "predicates" in values
            else before.predicates,
            action=RuleAction(values.get("action", before.action)),
            priority=values.get("priority", before.priority),
        )
        return workload_rules.save(
            rule=rule,
            position=values.get("position", row.position),
            rule_id=row.pk,
            actor=self.actor,
            now=self.now,
        )

    def perform_destroy(self, row: WorkloadRule) -> None:
        workload_rules.remove(rule_id=row.pk, actor=self.actor, now=self.now)


class WorkloadRuleMatchViewSet(ReadViewSet):
    """The queries that matched a rule: one row a query and rule. Only ever added to."""

    model = WorkloadRuleMatch
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_USAGE_LIMITS
    serializer_class = shapes.WorkloadRuleMatchOut
    filterset_class = RuleMatchFilters
    ordering_fields = ("at",)
    ordering = ("-at", "id")


class AlertChannelViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Who is told of breaches: an email address, or a webhook signed as Standard Webhooks say."""

    model = AlertChannel
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_ALERT_CHANNELS
    serializer_class = shapes.AlertChannelOut
    input_serializer_class = shapes.AlertChannelIn
    filterset_fields = ("kind", "enabled")

    def perform_create(self, values: dict[str, Any]) -> AlertChannel:
        return alert_channels.create(wanted=_channel(values), actor=self.actor, now=self.now)

    def perform_update(self, row: AlertChannel, values: dict[str, Any]) -> AlertChannel:
        return alert_channels.change(
            channel_id=row.pk, wanted=_channel(values), actor=self.actor, now=self.now
        )

    def perform_destroy(self, row: AlertChannel) -> None:
        alert_channels.remove(channel_id=row.pk, actor=self.actor, now=self.now)

    @extend_schema(request=None, responses={202: shapes.AlertTestOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Send a test message to the channel."""
        row = alert_channels.test(channel_id=self.get_object().pk, actor=self.actor, now=self.now)
        return self.accepted(shapes.AlertTestOut({"channel": row.pk, "sent": True}))

    @extend_schema(request=None, responses={202: shapes.RedeliveredOut})
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Send again the webhook messages of the channel that were given up."""
        row = self.get_object()
        count = alert_channels.redeliver(channel_id=row.pk, actor=self.actor, now=self.now)
        return self.accepted(shapes.RedeliveredOut({"channel": row.pk, "count": count}))


def _credits() -> dict[str, float]:
    feature = FeatureType.CONCURRENCY_SCALING
    seconds = {
        "available": selectors.free_seconds(),
        "held": selectors.credit_held(),
        "most": MOST_KEPT,
    }
    return {
        name: float(from_base(feature=feature, amount=amount)) for name, amount in seconds.items()
    }


def _member(kind: Any, value: str | None) -> Any:  # noqa: ANN401 - an enum and its member
    return None if value is None else kind(value)


def _predicates(items: list[Mapping[str, Any]]) -> tuple[Predicate, ...]:
    return tuple(
        Predicate(
            metric=Metric(item["metric"]),
            operator=Operator(item["operator"]),
            value=_value(item["value"], position=position),
        )
        for position, item in enumerate(items)
    )


def _value(value: object, *, position: int) -> int | str:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    error = {"value": ["A whole number or a priority is wanted."]}
    raise serializers.ValidationError({"predicates": [{}] * position + [error]})


def _channel(values: Mapping[str, Any]) -> ChannelChange:
    events = values.get("events")
    return ChannelChange(
        kind=_member(ChannelKind, values.get("kind")),
        target=values.get("target"),
        events=None if events is None else [AlertEvent(event) for event in events],
        secret=values.get("secret"),
        enabled=values.get("enabled"),
    )
