"""Celery's entrance: the doorbell, the sweeper, and the tick of periodic jobs."""

from celery import shared_task
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from governance.isolation.scopes import system_scope
from governance.outbox import doorbell, wiring
from governance.outbox.domain.lanes import Lane
from governance.outbox.job_names import DELIVER, SWEEP, TICK
from governance.outbox.models import MessageState, OutboxMessage, PeriodicSlot
from governance.outbox.services import deliveries, messages


@shared_task(name=DELIVER)
def deliver(*, lane: str) -> None:
    """Deliver one message of a lane, and ring there again if there was one.

    Twice is safe: a claim is exclusive.
    """
    if deliveries.deliver_next(mailer=wiring.mailer(), lane=Lane(lane)):
        doorbell.ring(Lane(lane))


@shared_task(name=SWEEP)
def sweep() -> None:
    """Ring once for each message (up to ten) that is due and that nobody rang for."""
    with system_scope("outbox sweep"):
        due = OutboxMessage.objects.filter(
            Q(state=MessageState.PENDING, due_at__lte=Now())
            | Q(state=MessageState.LEASED, leased_until__lt=Now())
        )[:10].count()
    for _ in range(due):
        doorbell.ring()


@shared_task(name=TICK)
def tick(*, name: str, seconds: int) -> None:
    """Write the job of this period's slot. However many beats tick, the slot is unique."""
    slot = int(timezone.now().timestamp()) // seconds
    with system_scope(f"periodic job {name}"):
        fresh = PeriodicSlot(name=name, slot=slot)
        _, created = PeriodicSlot.objects.get_or_create(name=fresh.name, slot=fresh.slot)
        if created:
            messages.enqueue_job(name=name, key=f"slot:{slot}")
            PeriodicSlot.objects.filter(name=name, slot__lt=slot - 1000).delete()
