"""Delivering one webhook message: signed, at least once, always with the same id."""

import json
from datetime import datetime
from uuid import UUID

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.personal import Personal
from governance.kernel.refusals import Conflict, Unavailable
from governance.secrets import sealing
from usage_limits.domain import signatures
from usage_limits.models import AlertChannel, AlertDelivery
from usage_limits.ports import WebhookAnswer
from usage_limits.services import alert_channels

GONE = 410
TOO_MANY = 429
SERVER_ERROR = 500


class WebhookRefused(Conflict):
    code = "webhook_refused"
    sentence = "The webhook's receiver answered {status}; it is not asked again."


class WebhookBusy(Unavailable):
    code = "webhook_busy"
    sentence = "The webhook's receiver answered {status}; it is asked again later."


def prepared(
    *, delivery_id: UUID, now: datetime
) -> tuple[Personal[str], bytes, dict[str, str]] | None:
    """What to post: address, body and headers. None where it was delivered, or its channel is gone.

    A retry has the same body: `timestamp` in it is when it was first said.
    Raises AlertChannelDisabled where nobody is to be told any more.
    """
    delivery = AlertDelivery.objects.select_related("channel").filter(pk=delivery_id).first()
    if delivery is None or delivery.delivered_at is not None:
        return None
    if not delivery.channel.enabled:
        raise alert_channels.AlertChannelDisabled
    said = {**delivery.body, "timestamp": delivery.created_at.isoformat()}
    body = json.dumps(said, sort_keys=True).encode()
    headers = signatures.headers(
        message_id=str(delivery.pk),
        timestamp=int(now.timestamp()),
        body=body,
        secrets=_secrets(delivery.channel, now=now),
    )
    return alert_channels.target_of(delivery.channel), body, headers


def _secrets(channel: AlertChannel, *, now: datetime) -> list[str]:
    """The secret, and for a while the one before it."""
    columns = ["secret"]
    if channel.previous_secret_until is not None and now < channel.previous_secret_until:
        columns.append("previous_secret")
    found = (sealing.get(channel, column) for column in columns)
    return [secret.reveal() for secret in found if secret is not None]


def answered(*, delivery_id: UUID, answer: WebhookAnswer, now: datetime) -> None:
    """Keep what the receiver said; one that is gone for good (410) is told nothing more."""
    delivery = AlertDelivery.objects.select_related("channel").filter(pk=delivery_id).first()
    if delivery is None:
        return  # its channel was removed while the receiver answered
    delivery.last_status = answer.status
    if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        delivery.delivered_at = now
    delivery.save(update_fields=["last_status", "delivered_at", "updated_at"])
    if answer.status == GONE:
        channel = delivery.channel
        channel.enabled = False
        channel.save(update_fields=["enabled", "updated_at"])
        trail.record(
            actor=Actor(kind=ActorKind.SYSTEM, namespace_id=current_namespace_id()),
            action="alert_channel.disabled",
            target=channel,
            detail={"status": answer.status},
            now=now,
        )


def check(answer: WebhookAnswer) -> None:
    """Raise WebhookBusy where asking again may help, WebhookRefused where it will not."""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        return
    if answer.status == TOO_MANY or answer.status >= SERVER_ERROR:
        busy = WebhookBusy(status=answer.status)
        busy.retry_after_seconds = answer.retry_after_seconds or None
        raise busy
    raise WebhookRefused(status=answer.status)
