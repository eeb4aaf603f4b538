"""Builders of limits, rules, channels and use. Each works in the scope that is open."""

from datetime import datetime
from decimal import Decimal

from governance.kernel.periods import PeriodKind
from governance.tenancy.services import actors
from usage_limits.domain.features import MEASURES, FeatureType, to_base
from usage_limits.domain.limits import BreachAction, Terms
from usage_limits.domain.reservations import Request
from usage_limits.models import UsageLimit
from usage_limits.services import limits, reservations


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
