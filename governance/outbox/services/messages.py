"""Writing what must happen later, in the transaction that causes it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.audit import trail
from governance.isolation.scopes import current_scope
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Conflict
from governance.outbox import doorbell
from governance.outbox.models import MessageKind, MessageState, OutboxMessage


class MessageNotDead(Conflict):
    code = "message_not_dead"
    sentence = "Only a message that was given up can be redelivered. This one is {state}."


def enqueue_job(
    *,
    name: str,
    key: str | None = None,
    due_at: datetime | None = None,
    **ids: UUID | str | int,
) -> OutboxMessage:
    """A job for the worker. The same name and key in a namespace is written once.

    `ids` become the job's keyword arguments (UUIDs as text).
    """
    payload = {
        name: str(value) if isinstance(value, UUID) else value for name, value in ids.items()
    }
    return _enqueue(kind=MessageKind.JOB, name=name, key=key, due_at=due_at, payload=payload)


def enqueue_email(
    *,
    template: str,
    to_user_id: UUID | None = None,
    to_address: str | None = None,
    context: Mapping[str, object] | None = None,
    key: str | None = None,
) -> OutboxMessage:
    """An email, rendered and addressed when it is sent.

    Give a user (whose address is read at that moment) or, for what an administrator
    configured, an address.
    """
    if (to_user_id is None) == (to_address is None):
        message = "An email goes to a user or to an address."
        raise TypeError(message)
    payload = {
        "to_user_id": None if to_user_id is None else str(to_user_id),
        "to_address": to_address,
        "context": dict(context or {}),
    }
    return _enqueue(kind=MessageKind.EMAIL, name=template, key=key, due_at=None, payload=payload)


def redeliver(*, message_id: UUID, actor: Actor, now: datetime) -> OutboxMessage:
    """Give a dead message a fresh set of attempts. Raises MessageNotDead otherwise."""
    message = OutboxMessage.objects.select_for_update().get(pk=message_id)
    if message.state != MessageState.DEAD:
        raise MessageNotDead(state=MessageState(message.state).label.lower())
    message.state = MessageState.PENDING
    message.attempts = 0
    message.due_at = now
    message.finished_at = None
    message.save(update_fields=["state", "attempts", "due_at", "finished_at"])
    trail.record(actor=actor, action="outbox.redelivered", target=message, now=now)
    transaction.on_commit(doorbell.ring)
    return message


def _enqueue(
    *,
    kind: MessageKind,
    name: str,
    key: str | None,
    due_at: datetime | None,
    payload: Mapping[str, object],
) -> OutboxMessage:
    # The due time orders deliveries and is no decision, so it may be read here.
    message = OutboxMessage(
        id=new_id(),
        namespace_id=current_scope().namespace_id,
        kind=kind,
        name=name,
        key=key,
        payload=dict(payload),
        due_at=due_at or timezone.now(),
    )
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=key is not None)
    if key is not None:
        message = OutboxMessage.objects.get(namespace=message.namespace_id, name=name, key=key)
    transaction.on_commit(doorbell.ring)
    return message
