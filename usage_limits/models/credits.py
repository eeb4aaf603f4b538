"""Free seconds of the burst pool: the hours that earn them, and the queries that spend them."""

from django.db import models

from governance.isolation.models import NamespacedModel


class MainPoolHour(NamespacedModel):
    """An hour of the clock in which a query ran in the main pool. It earns once it is over."""

    hour = models.DateTimeField()
    earned = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, help_text="Seconds; none while it goes on."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("namespace", "hour"), name="usage_limits_hour_is_once"),
            models.CheckConstraint(
                condition=models.Q(earned__isnull=True) | models.Q(earned__gte=0),
                name="usage_limits_earned_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00}"


class CreditUse(NamespacedModel):
    """Seconds that a query had free, booked once by its key and never changed."""

    key = models.CharField(max_length=200)
    seconds = models.DecimalField(max_digits=24, decimal_places=6)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "key"), name="usage_limits_credit_is_used_once"
            ),
            models.CheckConstraint(
                condition=models.Q(seconds__gt=0), name="usage_limits_credit_use_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
