"""One table of intents, and one of the periodic slots that were already rung."""

from django.db import models

from governance.isolation.models import ScopedModel


class MessageKind(models.TextChoices):
    JOB = "job", "Job"
    EMAIL = "email", "Email"


class MessageState(models.TextChoices):
    """`dead`: given up after the last attempt, or refused; can be redelivered by hand."""

    PENDING = "pending", "Waiting"
    LEASED = "leased", "Running"
    DONE = "done", "Done"
    DEAD = "dead", "Given up"


class OutboxMessage(ScopedModel):
    """Something that must happen after the transaction that wrote it.

    `lease_token` fences: who holds an old one can write nothing more. `payload` carries ids.
    """

    kind = models.CharField(max_length=8, choices=MessageKind)
    name = models.CharField(max_length=100)
    key = models.CharField(  # noqa: DJ001 - unique where given, so absence must be NULL
        max_length=200, null=True, blank=True, help_text="The same name and key is written once."
    )
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=MessageState, default=MessageState.PENDING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "name", "key"),
                name="outbox_key_is_once",
                condition=models.Q(key__isnull=False),
                nulls_distinct=False,
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",),
                name="outbox_open",
                condition=models.Q(state__in=("pending", "leased")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class PeriodicSlot(models.Model):
    """A periodic job's slot that was rung. However many beats tick, a slot is inserted once."""

    name = models.CharField(max_length=100)
    slot = models.BigIntegerField(help_text="Seconds since 1970 divided by the job's period.")
    rung_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("name", "slot"), name="outbox_slot_is_rung_once"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"
