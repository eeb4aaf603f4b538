"""Alert channels, each with a button that tries it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from usage_limits import selectors
from usage_limits.admin.forms import AlertChannelForm
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import ChannelKind
from usage_limits.models import AlertChannel, AlertDelivery
from usage_limits.services import alert_channels
from usage_limits.services.alert_channels import ChannelChange


@admin.register(AlertChannel)
class AlertChannelAdmin(NamespacedModelAdmin):
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_ALERT_CHANNELS
    form = AlertChannelForm
    fields = ("kind", "target", "secret", "events", "enabled")
    secret_fields = ("secret",)
    list_display = ("target", "kind", "told_of", "state_pill")
    list_filter = ("kind", "enabled")
    search_fields = ("target",)
    ordering = ("kind", "target")
    empty_state = "Nobody is told of breaches yet. Add an email address or a webhook."

    @display(description="Told of")
    def told_of(self, row: AlertChannel) -> str:
        return ", ".join(row.events) or "everything"

    @display(description="State", label={"on": "success", "off": "warning"})
    def state_pill(self, row: AlertChannel) -> tuple[str, str]:
        return ("on", "Enabled") if row.enabled else ("off", "Disabled")

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001 - the base's
        values, actor, now = form.cleaned_data, self.actor(request), timezone.now()
        wanted = ChannelChange(
            kind=ChannelKind(values["kind"]),
            target=values["target"],
            events=[AlertEvent(event) for event in values["events"]],
            secret=values["secret"],
            enabled=values["enabled"],
        )
        if change:
            return alert_channels.change(channel_id=row.pk, wanted=wanted, actor=actor, now=now)
        return alert_channels.create(wanted=wanted, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: Any) -> None:  # noqa: ANN401 - any model
        alert_channels.remove(channel_id=row.pk, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Send a test", action=Action.MANAGE_ALERT_CHANNELS, icon="notifications_active"
    )
    def send_a_test(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        del values
        alert_channels.test(channel_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "A test message is on its way: see Outbox for its fate."

    @detail_action(
        label="Deliver again",
        action=Action.MANAGE_ALERT_CHANNELS,
        icon="replay",
        shown=lambda row: row.enabled and bool(selectors.given_up_deliveries(row)),
    )
    def deliver_again(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        del values
        count = alert_channels.redeliver(
            channel_id=row.pk, actor=self.actor(request), now=timezone.now()
        )
        return f"Messages that were given up and are sent again: {count}."


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(NamespacedModelAdmin):
    read_action = Action.READ_USAGE
    write_action = Action.MANAGE_ALERT_CHANNELS
    can_add = False
    can_change = False
    can_delete = False
    fields = ("channel", "event", "body", "created_at", "delivered_at", "last_status")
    list_display = ("created_at", "channel", "event", "last_status", "delivered_at")
    list_filter = ("event",)
    ordering = ("-id",)
    empty_state = "No webhook message was sent yet."
