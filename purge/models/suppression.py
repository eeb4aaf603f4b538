"""The ledger of who was erased, in keyed fingerprints, and what came back since."""

from django.db import models

from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField
from purge.models.data_map import Dataset
from purge.models.erasures import ErasureRequest


class Suppression(NamespacedModel):
    """One identifier value of an erased person. `fingerprint` is as the index has it."""

    fingerprint = models.BigIntegerField()
    public_fingerprint = models.CharField(max_length=100)
    account_fingerprint = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="As accounts are compared; empty where none is called so.",
    )
    erasure_request = models.ForeignKey(
        ErasureRequest,
        on_delete=models.PROTECT,
        null=True,
        related_name="suppressions",
        help_text="None where only its certificate outlived a restored database.",
    )
    person = models.PositiveIntegerField(
        null=True,
        help_text="Which of the people of its erasure: they are numbered. "
        "None where nobody noted it.",
    )
    erased_at = models.DateTimeField()
    lifted_at = models.DateTimeField(
        null=True, blank=True, help_text="The person wanted to be known again."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "fingerprint", "public_fingerprint"),
                name="suppression_is_one_value",
            ),
        )
        indexes = (
            models.Index(
                fields=("namespace", "account_fingerprint"),
                condition=~models.Q(account_fingerprint=""),
                name="suppression_of_account",
            ),
        )

    def __str__(self) -> str:
        return self.public_fingerprint


class ReturnState(models.TextChoices):
    """`asked`: another erasure was asked for. `dismissed`: somebody says that it may stay."""

    OPEN = "open", "To decide"
    ASKED = "asked", "Erasure asked for"
    DISMISSED = "dismissed", "May stay"


class Return(NamespacedModel):
    """An erased person's identifier was seen again in a dataset.

    `subject` is what was read there, sealed, so that an erasure can be asked for; it is emptied
    as soon as somebody decided.
    """

    suppression = models.ForeignKey(Suppression, on_delete=models.PROTECT, related_name="returns")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="returns")
    state = models.CharField(
        max_length=10, choices=ReturnState, default=ReturnState.OPEN, editable=False
    )
    subject = SealedTextField(blank=True, editable=False)
    seen_at = models.DateTimeField(editable=False)
    erasure_request = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_by_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "return of an erased person"
        verbose_name_plural = "returns of erased people"
        constraints = (
            models.UniqueConstraint(
                fields=("suppression", "dataset"),
                condition=models.Q(state=ReturnState.OPEN),
                name="return_is_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ReturnState.OPEN) | models.Q(subject=""),
                name="return_forgets_its_subject",
            ),
        )

    def __str__(self) -> str:
        return f"return {str(self.pk)[-12:]}"
