"""The settings of Cookpad's data platform, made small enough to be reached by hand.

They had spectrum limited by the week with an alert, concurrency scaling by an hour a day, and a
rule that stops a query which would scan more than a terabyte. Here the week's alert comes at
0.0001 TB: about ten queries, since each counts for at least 10 MB. Twice that a day is refused, so
that a refusal can be seen: that one is ours.
"""

from datetime import datetime
from decimal import Decimal

from governance.kernel.actors import Actor
from governance.kernel.periods import PeriodKind
from usage_limits.domain.channels import ChannelKind
from usage_limits.domain.features import FeatureType, LimitType
from usage_limits.domain.limits import BreachAction, Terms
from usage_limits.domain.rules import Metric, Operator, Predicate, Rule, RuleAction
from usage_limits.models import AlertChannel, UsageLimit, WorkloadRule
from usage_limits.services import alert_channels, limits, workload_rules
from usage_limits.services.alert_channels import ChannelChange

WEEKLY_BUDGET = Terms(
    feature_type=FeatureType.SPECTRUM,
    limit_type=LimitType.DATA_SCANNED,
    amount=Decimal("0.0001"),
    period=PeriodKind.WEEKLY,
    breach_action=BreachAction.EMIT_METRIC,
    thresholds=(50, 80, 100),
)
AN_HOUR_A_DAY = Terms(
    feature_type=FeatureType.CONCURRENCY_SCALING,
    limit_type=LimitType.TIME,
    amount=Decimal(60),
    period=PeriodKind.DAILY,
    breach_action=BreachAction.DISABLE,
    thresholds=(100,),
)
TO_SEE_A_REFUSAL = Terms(
    feature_type=FeatureType.SPECTRUM,
    limit_type=LimitType.DATA_SCANNED,
    amount=Decimal("0.0002"),
    period=PeriodKind.DAILY,
    breach_action=BreachAction.DISABLE,
    thresholds=(100,),
)
LIMITS = (WEEKLY_BUDGET, AN_HOUR_A_DAY, TO_SEE_A_REFUSAL)
THE_TEAM = ChannelChange(kind=ChannelKind.EMAIL, target="data-platform@customer.example")
NOT_MORE_THAN_A_TERABYTE = Rule(
    name="not_more_than_a_terabyte",
    predicates=(
        Predicate(
            metric=Metric.SPECTRUM_SCAN_SIZE_MB, operator=Operator.GREATER, value=1024 * 1024
        ),
    ),
    action=RuleAction.ABORT,
)


def make(*, actor: Actor, now: datetime) -> None:
    if not UsageLimit.objects.exists():
        for terms in LIMITS:
            limits.create(terms=terms, actor=actor, now=now)
    if not WorkloadRule.objects.filter(name=NOT_MORE_THAN_A_TERABYTE.name).exists():
        workload_rules.save(rule=NOT_MORE_THAN_A_TERABYTE, position=0, actor=actor, now=now)
    if not AlertChannel.objects.exists():
        alert_channels.create(wanted=THE_TEAM, actor=actor, now=now)
