"""Two append-only tables, the events and the seals that chain them; and the keys of the seals."""

from django.db import models

from governance.isolation.models import ScopedModel
from governance.kernel.actors import ActorKind
from governance.secrets.fields import SealedTextField


class AuditEvent(ScopedModel):
    """One thing that was done, in ids, network prefixes and fingerprints.

    Names resolve when it is shown.
    """

    at = models.DateTimeField()
    actor_kind = models.CharField(
        max_length=8, choices=[(kind.value, kind.value) for kind in ActorKind]
    )
    actor_id = models.UUIDField(null=True)
    actor_role = models.CharField(max_length=64, blank=True)
    network = models.CharField(max_length=50, blank=True)
    action = models.CharField(max_length=100)
    target_kind = models.CharField(max_length=100, blank=True)
    target_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("namespace", "at")),
            models.Index(fields=("target_kind", "target_id")),
        )

    def __str__(self) -> str:
        return self.action


class AuditSeal(ScopedModel):
    """An event's place in its namespace's chain: `hash` covers the event and `previous_hash`."""

    sequence = models.BigIntegerField()
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    key_id = models.CharField(max_length=32)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "sequence"),
                name="audit_seal_sequence_is_unique",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"seal {self.sequence}"


class AuditKey(ScopedModel):
    """What seals were made with, sealed by the key in force: rotating leaves old seals provable."""

    key_id = models.CharField(max_length=32, unique=True)
    key = SealedTextField()

    def __str__(self) -> str:
        return self.key_id
