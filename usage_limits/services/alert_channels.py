"""Making, changing, testing and removing alert channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.personal import Personal
from governance.kernel.refusals import Conflict, NotFound
from governance.outbox.services import messages
from governance.secrets import sealing
from usage_limits import selectors
from usage_limits.domain import channels
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import MOST_CHANNELS, Channel, ChannelKind
from usage_limits.models import AlertChannel
from usage_limits.services import alerts, gates

ROTATION = timedelta(hours=24)


class AlertChannelNotFound(NotFound):
    code = "alert_channel_not_found"
    sentence = "There is no such alert channel here."


class AlertChannelTaken(Conflict):
    code = "alert_channel_taken"
    sentence = "There is an alert channel of this kind to this target already."


class TooManyAlertChannels(Conflict):
    code = "too_many_alert_channels"
    sentence = "There are {most} alert channels, which is the most there may be."


class AlertChannelDisabled(Conflict):
    code = "alert_channel_disabled"
    sentence = "The alert channel is disabled. Enable it first."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What somebody wants of a channel; None leaves as it is, and an empty secret removes it.

    A `target` as it is shown leaves it too.
    """

    kind: ChannelKind | None = None
    target: str | None = None
    events: Sequence[AlertEvent] | None = None
    secret: str | None = None
    enabled: bool | None = None


def create(*, wanted: ChannelChange, actor: Actor, now: datetime) -> AlertChannel:
    """Raises ChannelInvalid, AlertChannelTaken and TooManyAlertChannels."""
    with transaction.atomic():
        gates.hold()
        if AlertChannel.objects.count() >= MOST_CHANNELS:
            raise TooManyAlertChannels(most=MOST_CHANNELS)
        return _save(AlertChannel(), wanted=wanted, verb="created", actor=actor, now=now)


def change(*, channel_id: UUID, wanted: ChannelChange, actor: Actor, now: datetime) -> AlertChannel:
    """Raises AlertChannelNotFound, ChannelInvalid and AlertChannelTaken."""
    with transaction.atomic():
        # What is sealed cannot be compared by a constraint: those who save take turns.
        gates.hold()
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


def redeliver(*, channel_id: UUID, actor: Actor, now: datetime) -> int:
    """Send again what was given up, each message under its own id. How many there were.

    Raises AlertChannelNotFound, and AlertChannelDisabled where nobody is told any more.
    """
    with transaction.atomic():
        row = _existing(channel_id)
        if not row.enabled:
            raise AlertChannelDisabled
        given_up = selectors.given_up_deliveries(row)
        for message_id in given_up:
            messages.redeliver(message_id=message_id, actor=actor, now=now)
        detail = {"count": len(given_up)}
        trail.record(
            actor=actor, action="alert_channel.redelivered", target=row, detail=detail, now=now
        )
    return len(given_up)


def target_of(row: AlertChannel) -> Personal[str]:
    """The whole address, for who delivers to it."""
    return sealing.get(row, "address") or Personal(row.target)


def shown(*, kind: ChannelKind, target: str) -> str:
    """As a target may be read, by the installation's present key."""
    key = sealing.derived_key(purpose="alert channel targets")
    return channels.shown(kind=kind, target=target, key=key)


def tidy(*, now: datetime) -> None:
    """Drop secrets whose day is over, and show addresses as they are shown by now.

    Earlier versions kept them in the open, or showed digits without a key; and keys are rotated.
    """
    for row in AlertChannel.objects.select_for_update():
        target, until = target_of(row).reveal(), row.previous_secret_until
        is_over = until is not None and until <= now
        if is_over:
            row.previous_secret, row.previous_secret_until = "", None
        if is_over or row.target != shown(kind=ChannelKind(row.kind), target=target):
            _aim(row, target)
            row.save()


def _save(
    row: AlertChannel, *, wanted: ChannelChange, verb: str, actor: Actor, now: datetime
) -> AlertChannel:
    before = target_of(row).reveal()
    row.kind = row.kind if wanted.kind is None else wanted.kind.value
    row.enabled = row.enabled if wanted.enabled is None else wanted.enabled
    if wanted.events is not None:
        row.events = [event.value for event in wanted.events]
    kept = wanted.target is None or (bool(before) and wanted.target in {row.target, channels.MASK})
    target = before if kept else str(wanted.target)
    channels.check_channel(
        Channel(
            kind=ChannelKind(row.kind),
            target=target,
            events=tuple(AlertEvent(event) for event in row.events),
        )
    )
    others = AlertChannel.objects.filter(kind=row.kind).exclude(pk=row.pk)
    if target in {target_of(other).reveal() for other in others}:
        raise AlertChannelTaken
    # A seal is bound to the row's namespace, which the row has from here on.
    row.namespace_id = current_namespace_id()
    _aim(row, target)
    if wanted.secret is not None:
        _change_secret(row, wanted.secret, now=now)
    row.save()
    detail = {"kind": row.kind, "events": list(row.events), "enabled": row.enabled}
    trail.record(actor=actor, action=f"alert_channel.{verb}", target=row, detail=detail, now=now)
    return row


def _aim(row: AlertChannel, target: str) -> None:
    """Keep what may be shown in the open, and a webhook's whole address sealed."""
    kind = ChannelKind(row.kind)
    row.target = shown(kind=kind, target=target)
    sealing.put(row, "address", target if kind is ChannelKind.WEBHOOK else "")


def _change_secret(row: AlertChannel, secret: str, *, now: datetime) -> None:
    """The secret that was there signs too for a day, so that a receiver may change over in peace.

    https://www.standardwebhooks.com: several signatures, with spaces between them.
    """
    before = sealing.get(row, "secret")
    is_turning = before is not None and bool(secret) and before.reveal() != secret
    if is_turning or not secret:
        old = before.reveal() if before is not None and is_turning else ""
        sealing.put(row, "previous_secret", old)
        row.previous_secret_until = now + ROTATION if is_turning else None
    sealing.put(row, "secret", secret)


def _existing(channel_id: UUID) -> AlertChannel:
    row = AlertChannel.objects.select_for_update().filter(pk=channel_id).first()
    if row is None:
        raise AlertChannelNotFound
    return row
