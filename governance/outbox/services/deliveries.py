"""Delivering messages: claim, run, then done, again later, or given up.

1. claim one message that is due (the attempt is counted now);
2. run its function, or send its email, with the lease prolonged meanwhile;
3. write the end: done; a refusal is final; anything else is tried again as often as its job may.
"""

import secrets as randomness

import structlog
from django.db.models.functions import Now

from governance.isolation.scopes import system_scope
from governance.kernel.refusals import Refusal, Unavailable
from governance.outbox import registry
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import wait_after
from governance.outbox.models import MessageKind, MessageState, OutboxMessage
from governance.outbox.ports import Mailer
from governance.outbox.services import emails, leases

log = structlog.get_logger(__name__)


def deliver_next(*, mailer: Mailer, lane: Lane | None = None) -> bool:
    """Deliver one message that is due (in a lane). False: there was none."""
    lease = leases.claim(lane=lane)
    if lease is None:
        return False
    with system_scope("outbox read"):
        message = OutboxMessage.objects.get(pk=lease.message_id)
    most = registry.attempts_of(message.name)
    if lease.attempt > most:
        error = message.last_error or "Every attempt ended without a word: its worker was killed."
        leases.finish(lease, state=MessageState.DEAD, error=error, finished_at=Now())
        return True
    bound = log.bind(message_id=str(message.pk), name=message.name, attempt=lease.attempt)
    try:
        with leases.kept_alive(lease):
            _run(message=message, lease=lease, mailer=mailer)
    except registry.LeaseLostError:
        bound.warning("lease_lost")
    except Unavailable as refusal:
        _retry(lease, most, error=str(refusal), after_seconds=refusal.retry_after_seconds)
    except Refusal as refusal:
        bound.warning("message_refused", code=refusal.code)
        leases.finish(lease, state=MessageState.DEAD, error=str(refusal), finished_at=Now())
    except Exception as error:  # noqa: BLE001 - the worker survives any job
        bound.exception("message_failed")
        _retry(lease, most, error=f"{type(error).__name__}")
    else:
        leases.finish(lease, state=MessageState.DONE, finished_at=Now())
    return True


def _run(*, message: OutboxMessage, lease: leases.Lease, mailer: Mailer) -> None:
    match MessageKind(message.kind):
        case MessageKind.EMAIL:
            with lease.scope():
                email = emails.rendered(message)
            mailer.send(email)
        case MessageKind.JOB:
            function = registry.function_of(message.name)
            if function is None:
                unknown = f"No function is registered for the job {message.name!r}."
                raise LookupError(unknown)
            function(lease, **message.payload)


def _retry(lease: leases.Lease, most: int, *, error: str, after_seconds: int | None = None) -> None:
    share = randomness.randbelow(1001) / 1000
    wait = wait_after(attempts=lease.attempt, most=most, asked_seconds=after_seconds, share=share)
    if wait is None:
        leases.finish(lease, state=MessageState.DEAD, error=error, finished_at=Now())
    else:
        leases.finish(lease, state=MessageState.PENDING, error=error, due_at=Now() + wait)
