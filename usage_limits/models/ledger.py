"""The ledger: what was used, what is held, and what limits did about it."""

from decimal import Decimal

from django.db import models

from governance.isolation.models import NamespacedModel
from usage_limits.domain.breaches import BreachCause
from usage_limits.domain.features import FeatureType
from usage_limits.domain.quantities import EXACT
from usage_limits.domain.reservations import ReservationState
from usage_limits.models.limits import ACTIONS, FEATURES, LIMIT_TYPES, PERIODS

STATES = [(state.value, state.value.capitalize()) for state in ReservationState]
CAUSES = [
    (BreachCause.CROSSED.value, "Threshold crossed"),
    (BreachCause.REFUSED.value, "Query refused"),
]


class UsageEntry(NamespacedModel):
    """Use, booked once by its key and never changed. `at` decides the period; base units."""

    key = models.CharField(max_length=200)
    feature_type = models.CharField(max_length=32, choices=FEATURES)
    amount = models.DecimalField(max_digits=48, decimal_places=12)
    at = models.DateTimeField()
    source = models.CharField(max_length=128, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "key"), name="usage_limits_entry_is_booked_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="usage_limits_entry_not_negative"
            ),
        )
        indexes = (
            models.Index(fields=("namespace", "feature_type", "at"), name="usage_limits_ledger"),
        )

    def __str__(self) -> str:
        return f"{self.feature_type} {self.at:%Y-%m-%d %H:%M}"


class Reservation(NamespacedModel):
    """What a query may use, held before it runs. `at` decides the period that is charged.

    `amount` is what limits count; `credit` is held beside it and costs nothing.
    """

    key = models.CharField(max_length=128)
    feature_type = models.CharField(max_length=32, choices=FEATURES)
    amount = models.DecimalField(max_digits=48, decimal_places=12)
    credit = models.DecimalField(max_digits=24, decimal_places=6, default=0, db_default=0)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default=ReservationState.HELD.value)
    settled_amount = models.DecimalField(max_digits=48, decimal_places=12, null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "key", "feature_type"), name="usage_limits_reserved_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("expires_at",),
                condition=models.Q(state="held"),
                name="usage_limits_held",
            ),
        )

    def __str__(self) -> str:
        return f"{self.feature_type} {self.key}"

    @property
    def feature(self) -> FeatureType:
        return FeatureType(self.feature_type)

    @property
    def held(self) -> Decimal:
        """All that is held, whoever pays."""
        return EXACT.add(self.amount, self.credit)

    @property
    def stands(self) -> ReservationState:
        return ReservationState(self.state)


class UsageControlLogEntry(NamespacedModel):
    """A threshold crossed, or a first refusal: once per limit, threshold, period and amount.

    It outlives its limit, so it holds the limit's id and terms and no foreign key.
    """

    at = models.DateTimeField()
    limit_id = models.UUIDField()
    query_id = models.UUIDField(null=True)
    feature_type = models.CharField(max_length=32, choices=FEATURES)
    limit_type = models.CharField(max_length=16, choices=LIMIT_TYPES)
    period = models.CharField(max_length=8, choices=PERIODS)
    period_start = models.DateTimeField()
    amount = models.DecimalField(max_digits=16, decimal_places=6)
    used = models.DecimalField(
        max_digits=48, decimal_places=12, help_text="Terabytes or minutes, as the amount."
    )
    threshold = models.PositiveSmallIntegerField(help_text="Per cent of the amount.")
    cause = models.CharField(max_length=8, choices=CAUSES)
    action = models.CharField(max_length=12, choices=ACTIONS)

    class Meta:
        verbose_name = "usage-control log entry"
        verbose_name_plural = "usage-control log entries"
        constraints = (
            models.UniqueConstraint(
                fields=("limit_id", "threshold", "period_start", "amount", "cause"),
                name="usage_limits_breach_is_said_once",
            ),
        )
        indexes = (models.Index(fields=("namespace", "at"), name="usage_limits_control_log"),)

    def __str__(self) -> str:
        return f"{self.feature_type} {self.threshold} %"
