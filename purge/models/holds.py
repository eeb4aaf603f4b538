"""Legal holds: whom or what no erasure may touch, and until when."""

from django.db import models
from django.db.models import Q

from governance.isolation.models import NamespacedModel
from purge.models.data_map import Dataset


class LegalHold(NamespacedModel):
    """A person (by fingerprints, never by name) or a whole dataset that must be kept.

    `fingerprints` are the public ones, as reports show them; `index_fingerprints` find the
    records that name the person in the index. In force until `until` or until it is lifted.
    """

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, null=True, blank=True, related_name="holds"
    )
    fingerprints = models.JSONField(default=list, editable=False)
    index_fingerprints = models.JSONField(default=list, editable=False)
    reason = models.CharField(max_length=1000, help_text="Why it must be kept. Names nobody.")
    until = models.DateTimeField(help_text="When the duty to keep ends.")
    placed_by_id = models.UUIDField(editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)
    lifted_by_id = models.UUIDField(null=True, blank=True, editable=False)
    lifted_because = models.CharField(max_length=1000, blank=True, editable=False)

    class Meta:
        indexes = (models.Index(fields=("namespace", "until")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(dataset__isnull=False, fingerprints=[])
                | (Q(dataset__isnull=True) & ~Q(fingerprints=[])),
                name="legal_hold_is_of_a_person_or_a_dataset",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by_id__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by_id__isnull=False),
                name="legal_hold_is_lifted_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"hold {str(self.pk)[-12:]}"
