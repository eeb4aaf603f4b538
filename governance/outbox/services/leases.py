"""Leases: one worker at a time holds a message, and who lost it can write nothing more.

Claiming counts the attempt before the work, in a transaction of its own, so that a message
that kills its worker is given up like any other. While the work runs, a thread prolongs the
lease; `Lease.scope()` checks the token under a share lock inside the very transaction that
writes, which no claimer passes (it skips locked rows).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from django.db import OperationalError, connection, connections, models, transaction
from django.db.models.functions import Now

from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox import registry
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import HEARTBEAT, LEASE
from governance.outbox.models import MessageKind, MessageState, OutboxMessage
from governance.outbox.registry import LeaseLostError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed message: the JobRun that a job is given."""

    message_id: UUID
    namespace_id: UUID | None
    attempt: int
    token: UUID

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A transaction in the message's namespace. Raises LeaseLostError where it is lost."""
        scope = (
            system_scope("outbox job of the platform")
            if self.namespace_id is None
            else namespace_scope(self.namespace_id)
        )
        with scope:
            self._hold()
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        with self.scope():
            OutboxMessage.objects.filter(pk=self.message_id).update(
                progress_done=done, progress_total=total
            )

    def prolong(self) -> bool:
        """Another LEASE from now. False where the message was taken over."""
        with system_scope("outbox heartbeat"), connection.cursor() as cursor:
            # The work's own transaction may hold the row; then nobody can claim it anyway.
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            held = OutboxMessage.objects.filter(
                pk=self.message_id, lease_token=self.token, state=MessageState.LEASED
            )
            return held.update(leased_until=Now() + LEASE) == 1

    def _hold(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM outbox_outboxmessage WHERE id = %s AND lease_token = %s FOR SHARE",
                [self.message_id, self.token],
            )
            if cursor.fetchone() is None:
                message = f"The lease on {self.message_id} was lost."
                raise LeaseLostError(message)


def claim(*, lane: Lane | None = None) -> Lease | None:
    """Take the message that is due longest, or whose lease ran out. None: nothing to do.

    With a lane, one of that lane alone.
    """
    with system_scope("outbox claim"):
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(
                models.Q(state=MessageState.PENDING, due_at__lte=Now())
                | models.Q(state=MessageState.LEASED, leased_until__lt=Now())
            )
            .filter(_in_lane(lane))
            .order_by("due_at")
            .first()
        )
        if message is None:
            return None
        token = uuid4()
        OutboxMessage.objects.filter(pk=message.pk).update(
            state=MessageState.LEASED,
            attempts=models.F("attempts") + 1,
            lease_token=token,
            leased_until=Now() + LEASE,
            started_at=Now(),
        )
        return Lease(
            message_id=message.pk,
            namespace_id=message.namespace_id,
            attempt=message.attempts + 1,
            token=token,
        )


def _in_lane(lane: Lane | None) -> models.Q:
    long = models.Q(kind=MessageKind.JOB, name__in=registry.long_jobs())
    match lane:
        case None:
            return models.Q()
        case Lane.LONG:
            return long
        case Lane.SHORT:
            return ~long


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """Prolong the lease from a thread of its own for as long as the block runs."""
    if connection.in_atomic_block:
        # Only in tests that wrap everything in one transaction: a thread could not see the row.
        yield
        return
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(HEARTBEAT.total_seconds()):
                try:
                    if not lease.prolong():
                        return
                except OperationalError as error:
                    log.warning(
                        "heartbeat_missed", message_id=str(lease.message_id), error=str(error)
                    )
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name="outbox-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def finish(lease: Lease, *, state: MessageState, error: str = "", **changes: object) -> None:
    """Write how it ended, if the lease is still held. Raises LeaseLostError otherwise."""
    with transaction.atomic(), system_scope("outbox finish"):
        count = OutboxMessage.objects.filter(pk=lease.message_id, lease_token=lease.token).update(
            state=state, last_error=error, lease_token=None, leased_until=None, **changes
        )
    if count != 1:
        message = f"The lease on {lease.message_id} was lost before the end was written."
        raise LeaseLostError(message)
