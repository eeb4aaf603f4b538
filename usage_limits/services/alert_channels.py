"""Making, changing, testing and removing alert channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Conflict, NotFound
from governance.secrets import sealing
from usage_limits.domain import channels
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import MOST_CHANNELS, Channel, ChannelKind
from usage_limits.models import AlertChannel
from usage_limits.services import alerts


class AlertChannelNotFound(NotFound):
    code = "alert_channel_not_found"
    sentence = "There is no such alert channel here."


class AlertChannelTaken(Conflict):
    code = "alert_channel_taken"
    sentence = "There is an alert channel of this kind to this target already."


class TooManyAlertChannels(Conflict):
    code = "too_many_alert_channels"
    sentence = "There are {most} alert channels, which is the most there may be."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What somebody wants of a channel; None leaves as it is, and an empty secret removes it."""

    kind: ChannelKind | None = None
    target: str | None = None
    events: Sequence[AlertEvent] | None = None
    secret: str | None = None
    enabled: bool | None = None


def create(*, wanted: ChannelChange, actor: Actor, now: datetime) -> AlertChannel:
    """Raises ChannelInvalid, AlertChannelTaken and TooManyAlertChannels."""
    with transaction.atomic():
        if AlertChannel.objects.count() >= MOST_CHANNELS:
            raise TooManyAlertChannels(most=MOST_CHANNELS)
        return _save(AlertChannel(), wanted=wanted, verb="created", actor=actor, now=now)


def change(*, channel_id: UUID, wanted: ChannelChange, actor: Actor, now: datetime) -> AlertChannel:
    """Raises AlertChannelNotFound, ChannelInvalid and AlertChannelTaken."""
    with transaction.atomic():
        row = _existing(channel_id)
        return _save(row, wanted=wanted, verb="changed", actor=actor, now=now)


def remove(*, channel_id: UUID, actor: Actor, now: datetime) -> None:
    """What is on its way to the channel is not delivered any more."""
    with transaction.atomic():
        row = _existing(channel_id)
        trail.record(actor=actor, action="alert_channel.removed", target=row, now=now)
        row.delete()


def test(*, channel_id: UUID, actor: Actor, now: datetime) -> AlertChannel:
    """Send a test message. Each call sends one; its fate is seen in the outbox."""
    with transaction.atomic():
        row = _existing(channel_id)
        alerts.send_test(row, key=f"test:{new_id()}")
        trail.record(actor=actor, action="alert_channel.tested", target=row, now=now)
    return row


def _save(
    row: AlertChannel, *, wanted: ChannelChange, verb: str, actor: Actor, now: datetime
) -> AlertChannel:
    row.kind = row.kind if wanted.kind is None else wanted.kind.value
    row.target = row.target if wanted.target is None else wanted.target
    row.enabled = row.enabled if wanted.enabled is None else wanted.enabled
    if wanted.events is not None:
        row.events = [event.value for event in wanted.events]
    channels.check_channel(
        Channel(
            kind=ChannelKind(row.kind),
            target=row.target,
            events=tuple(AlertEvent(event) for event in row.events),
        )
    )
    same = AlertChannel.objects.filter(kind=row.kind, target=row.target).exclude(pk=row.pk)
    if same.exists():
        raise AlertChannelTaken
    row.save()
    if wanted.secret is not None:
        # After the row has its namespace: both are part of what the seal is bound to.
        sealing.put(row, "secret", wanted.secret)
        row.save(update_fields=["secret", "updated_at"])
    detail = {"kind": row.kind, "events": list(row.events), "enabled": row.enabled}
    trail.record(actor=actor, action=f"alert_channel.{verb}", target=row, detail=detail, now=now)
    return row


def _existing(channel_id: UUID) -> AlertChannel:
    row = AlertChannel.objects.select_for_update().filter(pk=channel_id).first()
    if row is None:
        raise AlertChannelNotFound
    return row
