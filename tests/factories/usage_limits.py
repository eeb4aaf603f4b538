"""Builders of limits, rules, channels and use. Each works in the scope that is open."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.analytics.domain.queries import Pool, QueryRun, QueryState, QuerySubmission
from governance.isolation.scopes import current_namespace_id
from governance.kernel.identifiers import new_id
from governance.kernel.periods import PeriodKind
from governance.tenancy.services import actors
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import ChannelKind
from usage_limits.domain.features import MEASURES, FeatureType, to_base
from usage_limits.domain.limits import BreachAction, Terms
from usage_limits.domain.reservations import Request
from usage_limits.domain.rules import Metric, Operator, Predicate, Rule, RuleAction
from usage_limits.models import AlertChannel, Reservation, UsageEntry, UsageLimit, WorkloadRule
from usage_limits.services import alert_channels, limits, reservations, workload_rules
from usage_limits.services.alert_channels import ChannelChange

A_LIMIT: dict[str, Any] = {
    "feature_type": "spectrum",
    "limit_type": "data-scanned",
    "amount": 2,
    "period": "weekly",
    "breach_action": "disable",
    "thresholds": [80, 100],
}


def some_terms(
    amount: object = 1,
    *,
    feature: FeatureType = FeatureType.SPECTRUM,
    period: PeriodKind = PeriodKind.WEEKLY,
    action: BreachAction = BreachAction.DISABLE,
    thresholds: tuple[int, ...] = (100,),
) -> Terms:
    """A limit's terms. `amount` in TB or minutes."""
    return Terms(
        feature_type=feature,
        limit_type=MEASURES[feature].limit_type,
        amount=Decimal(str(amount)),
        period=period,
        breach_action=action,
        thresholds=thresholds,
    )


def a_limit(terms: Terms, *, now: datetime) -> UsageLimit:
    return limits.create(terms=terms, actor=actors.system(), now=now)


def a_request(
    key: str,
    amount: object,
    *,
    feature: FeatureType = FeatureType.SPECTRUM,
    at: datetime,
) -> Request:
    """A request of so many TB or minutes."""
    base = to_base(feature=feature, amount=Decimal(str(amount)))
    return Request(id=key, feature_type=feature, amount=base, at=at)


def reserved(
    key: str,
    amount: object,
    *,
    feature: FeatureType = FeatureType.SPECTRUM,
    now: datetime,
) -> None:
    reservations.reserve(requests=[a_request(key, amount, feature=feature, at=now)], now=now)


def settled(
    key: str,
    amount: object,
    *,
    feature: FeatureType = FeatureType.SPECTRUM,
    now: datetime,
) -> None:
    """Settle so many TB or minutes."""
    reservations.settle(
        key=key,
        charges={feature: to_base(feature=feature, amount=Decimal(str(amount)))},
        used_at=now,
        source="query",
        now=now,
    )


def a_rule(
    *predicates: tuple[str, str, int | str], name: str = "rule", action: str
) -> WorkloadRule:
    rule = Rule(
        name=name,
        predicates=tuple(
            Predicate(metric=Metric(metric), operator=Operator(operator), value=value)
            for metric, operator, value in predicates
        ),
        action=RuleAction(action),
    )
    return workload_rules.save(rule=rule, position=0, actor=actors.system(), now=timezone.now())


def an_email_channel(
    target: str = "alerts@customer.example", *, events: tuple[AlertEvent, ...] = ()
) -> AlertChannel:
    return alert_channels.create(
        wanted=ChannelChange(kind=ChannelKind.EMAIL, target=target, events=events),
        actor=actors.system(),
        now=timezone.now(),
    )


def a_submission(
    *,
    now: datetime,
    pool: Pool = Pool.MAIN,
    query_id: UUID | None = None,
    burst_slots: int = 0,
    burst_running: int = 0,
) -> QuerySubmission:
    """A query of the open scope that asks to be admitted."""
    return QuerySubmission(
        query_id=query_id or new_id(),
        namespace_id=current_namespace_id(),
        actor=actors.system(current_namespace_id()),
        engine_id=new_id(),
        engine_kind="duckdb",
        pool=pool,
        submitted_at=now,
        burst_slots=burst_slots,
        burst_running=burst_running,
    )


def a_run(submission: QuerySubmission, **measured: Any) -> QueryRun:
    """The submission's query as it ended, or (with `state`) as it runs."""
    values: dict[str, Any] = {
        "state": QueryState.SUCCEEDED,
        "pool": submission.pool,
        "priority": submission.priority,
        "started_at": submission.submitted_at,
        "finished_at": submission.submitted_at,
        "estimated_bytes": 0,
        "bytes_scanned": 0,
        "rows_scanned": None,
        "rows_returned": 0,
        "queue_milliseconds": 0,
        "run_milliseconds": 1,
        **measured,
    }
    if values["pool"] is Pool.BURST:
        values.setdefault("burst_milliseconds", values["run_milliseconds"])
    return QueryRun(
        query_id=submission.query_id,
        namespace_id=submission.namespace_id,
        user_id=None,
        role_id=None,
        engine_id=submission.engine_id,
        submitted_at=submission.submitted_at,
        **values,
    )


def metered(feature: FeatureType = FeatureType.CONCURRENCY_SCALING) -> tuple[float, float]:
    """Settled and held of a feature, in base units."""
    used = UsageEntry.objects.filter(feature_type=feature)
    held = Reservation.objects.filter(feature_type=feature, state="held")
    return (
        sum(float(row.amount) for row in used),
        sum(float(row.amount) for row in held),
    )


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e-1",
        "feature_type": "spectrum",
        "amount": 0.5,
        "at": timezone.now().isoformat(),
        "source": "spark",
        **changes,
    }
