"""A usage limit: its terms, and what may be made, changed and combined."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from governance.kernel.periods import PeriodKind
from governance.kernel.refusals import Conflict, FieldError, Invalid
from usage_limits.domain.features import MEASURES, FeatureType, LimitType

MOST_LIMITS_PER_FEATURE = 4
FULL = 100
HIGHEST_THRESHOLD = 1000
MOST_THRESHOLDS = 20
FIXED = ("feature_type", "limit_type", "period")


class BreachAction(StrEnum):
    """What happens when a threshold is crossed. Each later one does what the earlier do too.

    `log` writes the usage-control log; `emit-metric` also publishes the limit's metrics and sends
    alerts; `disable` also refuses the feature from 100 % until the period ends.
    """

    LOG = "log"
    EMIT_METRIC = "emit-metric"
    DISABLE = "disable"

    @property
    def alerts(self) -> bool:
        match self:
            case BreachAction.LOG:
                return False
            case BreachAction.EMIT_METRIC | BreachAction.DISABLE:
                return True

    @property
    def refuses(self) -> bool:
        return self is BreachAction.DISABLE

    @property
    def spoken(self) -> str:
        """What happens at 100 %, as the end of a sentence."""
        match self:
            case BreachAction.LOG:
                return "it is logged"
            case BreachAction.EMIT_METRIC:
                return "it is logged and an alert is sent"
            case BreachAction.DISABLE:
                return "more is refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a limit says. `amount` is in the feature's unit: TB or minutes."""

    feature_type: FeatureType
    limit_type: LimitType
    amount: Decimal
    period: PeriodKind = PeriodKind.MONTHLY
    breach_action: BreachAction = BreachAction.LOG
    thresholds: tuple[int, ...] = (FULL,)

    @property
    def unit(self) -> str:
        return MEASURES[self.feature_type].unit

    @property
    def watched(self) -> tuple[int, ...]:
        """The thresholds in per cent, ascending. Reaching the limit itself is always watched."""
        return tuple(sorted({*self.thresholds, FULL}))


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChange:
    """What somebody wants changed; None leaves as it is."""

    feature_type: FeatureType | None = None
    limit_type: LimitType | None = None
    amount: Decimal | None = None
    period: PeriodKind | None = None
    breach_action: BreachAction | None = None
    thresholds: tuple[int, ...] | None = None


class LimitPairInvalid(Invalid):
    code = "limit_pair_invalid"
    sentence = "The feature {feature} is limited by {wanted}, not by {given}."


class ThresholdsInvalid(Invalid):
    code = "thresholds_invalid"
    sentence = (
        "Thresholds are up to {most} different whole percentages between 1 and {highest}, "
        "such as 80 and 100."
    )


class LimitFieldFixed(Invalid):
    code = "limit_field_fixed"
    sentence = (
        "{fields} cannot be changed once the limit is made; only its amount, breach action and "
        "thresholds can. Make another limit instead."
    )


class TooManyLimits(Conflict):
    code = "too_many_limits"
    sentence = "The feature {feature} has {most} usage limits, which is the most it may have."


class SecondDisableForbidden(Conflict):
    code = "second_disable_limit"
    sentence = "Only one DISABLE usage limit allowed per feature, and {feature} has one already."


def check_terms(terms: Terms) -> None:
    """Raise LimitPairInvalid or ThresholdsInvalid unless the terms make sense by themselves."""
    wanted = MEASURES[terms.feature_type].limit_type
    if terms.limit_type is not wanted:
        raise LimitPairInvalid(
            feature=terms.feature_type.value,
            wanted=wanted.value,
            given=terms.limit_type.value,
            errors=[
                FieldError(
                    pointer="/limit_type",
                    code=LimitPairInvalid.code,
                    detail=f"Use {wanted.value} with {terms.feature_type.value}.",
                )
            ],
        )
    check_thresholds(terms.thresholds)


def check_thresholds(thresholds: Sequence[int]) -> None:
    different = len(set(thresholds)) == len(thresholds) <= MOST_THRESHOLDS
    if not different or not all(1 <= percent <= HIGHEST_THRESHOLD for percent in thresholds):
        error = FieldError(
            pointer="/thresholds",
            code=ThresholdsInvalid.code,
            detail=f"Whole percentages between 1 and {HIGHEST_THRESHOLD}, each once.",
        )
        raise ThresholdsInvalid(most=MOST_THRESHOLDS, highest=HIGHEST_THRESHOLD, errors=[error])


def check_beside(terms: Terms, *, others: Collection[Terms]) -> None:
    """Raise TooManyLimits or SecondDisableForbidden unless the limit fits beside the others.

    `others` are the namespace's other limits, of any feature.
    """
    same = [other for other in others if other.feature_type is terms.feature_type]
    if len(same) >= MOST_LIMITS_PER_FEATURE:
        raise TooManyLimits(feature=terms.feature_type.value, most=MOST_LIMITS_PER_FEATURE)
    if terms.breach_action.refuses and any(other.breach_action.refuses for other in same):
        raise SecondDisableForbidden(feature=terms.feature_type.value)


def changed(before: Terms, *, change: TermsChange) -> Terms:
    """The terms after the change. Raises LimitFieldFixed where a fixed field would differ."""
    fixed = [
        name
        for name in FIXED
        if (wanted := getattr(change, name)) is not None and wanted != getattr(before, name)
    ]
    if fixed:
        errors = [
            FieldError(pointer=f"/{name}", code=LimitFieldFixed.code, detail="Fixed once made.")
            for name in fixed
        ]
        raise LimitFieldFixed(fields=", ".join(fixed), errors=errors)
    return replace(
        before,
        amount=before.amount if change.amount is None else change.amount,
        breach_action=change.breach_action or before.breach_action,
        thresholds=before.thresholds if change.thresholds is None else change.thresholds,
    )
