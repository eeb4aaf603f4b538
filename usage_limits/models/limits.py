"""Limits, the gate that serialises decisions, and where each limit stands."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.isolation.models import NamespacedModel
from governance.kernel.periods import PeriodKind
from usage_limits.domain.admissions import Meter, Standing, meter_at
from usage_limits.domain.features import FeatureType, LimitType
from usage_limits.domain.limits import FULL, BreachAction, Terms

FEATURES = [
    (FeatureType.SPECTRUM.value, "Spectrum"),
    (FeatureType.CONCURRENCY_SCALING.value, "Concurrency scaling"),
]
LIMIT_TYPES = [(LimitType.DATA_SCANNED.value, "Data scanned"), (LimitType.TIME.value, "Time")]
PERIODS = [(kind.value, kind.value.capitalize()) for kind in PeriodKind]
ACTIONS = [
    (BreachAction.LOG.value, "Log"),
    (BreachAction.EMIT_METRIC.value, "Emit metric and alert"),
    (BreachAction.DISABLE.value, "Disable the feature"),
]


def full_only() -> list[int]:
    return [FULL]


class UsageLimit(NamespacedModel):
    """What a namespace may spend of a feature in a period."""

    feature_type = models.CharField(max_length=32, choices=FEATURES)
    limit_type = models.CharField(
        max_length=16, choices=LIMIT_TYPES, help_text="Data scanned for spectrum, time otherwise."
    )
    amount = models.DecimalField(
        max_digits=16, decimal_places=6, help_text="Terabytes (2^40 bytes) or minutes."
    )
    period = models.CharField(
        max_length=8,
        choices=PERIODS,
        default=PeriodKind.MONTHLY.value,
        help_text="In UTC. A week begins on Sunday, a month on the 1st.",
    )
    breach_action = models.CharField(
        max_length=12,
        choices=ACTIONS,
        default=BreachAction.LOG.value,
        help_text=(
            "Log writes the usage-control log. Emit metric also alerts. Disable also refuses the "
            "feature until the period ends."
        ),
    )
    thresholds = ArrayField(
        models.PositiveSmallIntegerField(),
        default=full_only,
        blank=True,
        help_text="Per cent of the amount at which to log and alert. 100 is always watched.",
    )
    measured_from = models.DateTimeField(editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "feature_type"),
                condition=models.Q(breach_action="disable"),
                name="usage_limits_one_disable",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="usage_limits_amount_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(feature_type="spectrum", limit_type="data-scanned")
                | models.Q(feature_type="concurrency-scaling", limit_type="time"),
                name="usage_limits_valid_pair",
            ),
        )

    def __str__(self) -> str:
        return f"{self.feature_type} {self.period}"

    @property
    def terms(self) -> Terms:
        return Terms(
            feature_type=FeatureType(self.feature_type),
            limit_type=LimitType(self.limit_type),
            amount=self.amount,
            period=PeriodKind(self.period),
            breach_action=BreachAction(self.breach_action),
            thresholds=tuple(self.thresholds),
        )

    def meter(self, *, at: datetime) -> Meter | None:
        """What use at `at` counts on; None where it happened before the limit was made."""
        return meter_at(limit_id=self.pk, terms=self.terms, measured_from=self.measured_from, at=at)


class UsageGate(NamespacedModel):
    """One row a namespace, locked by whoever changes its ledger, so that decisions take turns."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("namespace",), name="usage_limits_one_gate"),
        )

    def __str__(self) -> str:
        return "gate"


class LimitCounter(NamespacedModel):
    """Where a limit stands in one period, in base units. Derived: the ledger can rebuild it."""

    limit = models.ForeignKey(UsageLimit, on_delete=models.CASCADE, related_name="counters")
    period_start = models.DateTimeField()
    used = models.DecimalField(max_digits=48, decimal_places=12, default=0)
    reserved = models.DecimalField(max_digits=48, decimal_places=12, default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("limit", "period_start"), name="usage_limits_one_counter"
            ),
            models.CheckConstraint(
                condition=models.Q(used__gte=0, reserved__gte=0),
                name="usage_limits_counter_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.limit_id} {self.period_start:%Y-%m-%d}"

    @property
    def standing(self) -> Standing:
        return Standing(used=self.used, reserved=self.reserved)
