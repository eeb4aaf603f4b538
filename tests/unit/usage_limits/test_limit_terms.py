"""What a usage limit may say, and what may stand beside it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from governance.kernel.periods import PeriodKind
from usage_limits.domain import limits
from usage_limits.domain.features import FeatureType, LimitType
from usage_limits.domain.limits import BreachAction, Terms, TermsChange

WEEKLY = Terms(
    feature_type=FeatureType.SPECTRUM,
    limit_type=LimitType.DATA_SCANNED,
    amount=Decimal(1),
    period=PeriodKind.WEEKLY,
)
BURST = replace(WEEKLY, feature_type=FeatureType.CONCURRENCY_SCALING, limit_type=LimitType.TIME)
DISABLING = replace(WEEKLY, breach_action=BreachAction.DISABLE)


def test_a_limit_is_monthly_and_only_logs_unless_it_says_otherwise() -> None:
    plain = Terms(
        feature_type=FeatureType.SPECTRUM, limit_type=LimitType.DATA_SCANNED, amount=Decimal(1)
    )

    assert plain.period is PeriodKind.MONTHLY
    assert plain.breach_action is BreachAction.LOG
    assert not plain.breach_action.alerts
    assert BreachAction.EMIT_METRIC.alerts


def test_every_action_says_what_happens_at_the_limit() -> None:
    assert [action.spoken for action in BreachAction] == [
        "it is logged",
        "it is logged and an alert is sent",
        "more is refused",
    ]


@pytest.mark.parametrize("terms", [WEEKLY, BURST, DISABLING])
def test_the_valid_pairs_are_accepted(terms: Terms) -> None:
    limits.check_terms(terms)


@pytest.mark.parametrize(
    ("feature", "limit_type"),
    [
        (FeatureType.SPECTRUM, LimitType.TIME),
        (FeatureType.CONCURRENCY_SCALING, LimitType.DATA_SCANNED),
    ],
)
def test_any_other_pair_is_refused(feature: FeatureType, limit_type: LimitType) -> None:
    with pytest.raises(limits.LimitPairInvalid) as refused:
        limits.check_terms(replace(WEEKLY, feature_type=feature, limit_type=limit_type))

    assert [error.pointer for error in refused.value.errors] == ["/limit_type"]


@pytest.mark.parametrize("thresholds", [(0,), (-1,), (1001,), (80, 80), tuple(range(1, 30))])
def test_thresholds_outside_their_range_are_refused(thresholds: tuple[int, ...]) -> None:
    with pytest.raises(limits.ThresholdsInvalid):
        limits.check_terms(replace(WEEKLY, thresholds=thresholds))


def test_reaching_the_limit_is_always_watched() -> None:
    assert replace(WEEKLY, thresholds=()).watched == (100,)
    assert replace(WEEKLY, thresholds=(120, 80)).watched == (80, 100, 120)


def test_a_fifth_limit_of_a_feature_is_refused() -> None:
    limits.check_beside(WEEKLY, others=[WEEKLY] * 3 + [BURST] * 4)

    with pytest.raises(limits.TooManyLimits):
        limits.check_beside(WEEKLY, others=[WEEKLY] * 4)


def test_only_one_limit_of_a_feature_disables() -> None:
    limits.check_beside(DISABLING, others=[replace(BURST, breach_action=BreachAction.DISABLE)])
    limits.check_beside(WEEKLY, others=[DISABLING])

    with pytest.raises(
        limits.SecondDisableForbidden, match="Only one DISABLE usage limit allowed per feature"
    ):
        limits.check_beside(DISABLING, others=[DISABLING])


def test_only_amount_action_and_thresholds_change() -> None:
    changed = limits.changed(
        WEEKLY,
        change=TermsChange(
            amount=Decimal(2),
            breach_action=BreachAction.DISABLE,
            thresholds=(),
            period=PeriodKind.WEEKLY,
        ),
    )

    assert changed == replace(
        WEEKLY, amount=Decimal(2), breach_action=BreachAction.DISABLE, thresholds=()
    )
    assert limits.changed(WEEKLY, change=TermsChange()) == WEEKLY
    with pytest.raises(limits.LimitFieldFixed) as refused:
        limits.changed(WEEKLY, change=TermsChange(amount=Decimal(2), period=PeriodKind.DAILY))

    assert [error.pointer for error in refused.value.errors] == ["/period"]
