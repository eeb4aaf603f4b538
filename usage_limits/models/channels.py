"""Alert channels, and the webhook messages that are on their way to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import CHOOSABLE, Channel, ChannelKind

KINDS = [(ChannelKind.EMAIL.value, "Email"), (ChannelKind.WEBHOOK.value, "Webhook")]
EVENTS = [(event.value, event.value) for event in CHOOSABLE]


class AlertChannel(NamespacedModel):
    """Who is told. The id of a delivery is the webhook's own id.

    `target` is what may be shown; a webhook's whole `address` is sealed, for its path is often a
    token. `previous_secret` signs beside `secret` until its time is over.
    """

    kind = models.CharField(max_length=8, choices=KINDS)
    target = models.CharField(
        max_length=2000,
        help_text=(
            "An email address, or an https:// address for a webhook, of which nothing past the "
            "host is shown again."
        ),
    )
    address = SealedTextField(blank=True, default="", db_default="", editable=False)
    secret = SealedTextField(
        blank=True, help_text="Signs webhooks (Standard Webhooks). Write-only."
    )
    previous_secret = SealedTextField(blank=True, default="", db_default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    events = ArrayField(
        models.CharField(max_length=32, choices=EVENTS),
        default=list,
        blank=True,
        help_text="What it is told of; nothing chosen means everything.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "kind", "target"), name="usage_limits_channel_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} channel"

    def wants(self, event: AlertEvent) -> bool:
        chosen = tuple(AlertEvent(name) for name in self.events)
        return Channel(kind=ChannelKind(self.kind), target=self.target, events=chosen).wants(event)


class AlertDelivery(NamespacedModel):
    """One webhook message to one channel. Its id is the `webhook-id`, stable over retries."""

    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=200)
    event = models.CharField(max_length=32)
    body = models.JSONField()
    delivered_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name_plural = "alert deliveries"
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "key"), name="usage_limits_delivery_is_once"
            ),
        )

    def __str__(self) -> str:
        return self.event
