"""The keys that a namespace's fingerprints and certificates are made with."""

from django.db import models
from django.db.models.expressions import Func

from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField


class NextNumber(Func):
    """The next value of a sequence, as a column's default."""

    function = "nextval"
    output_field = models.IntegerField()


class PurgeKeys(NamespacedModel):
    """One row a namespace. Both keys are sealed; they stay while the sealing keys rotate.

    `number` stands for the namespace in the index, where sixteen bytes a row would be dear.
    """

    number = models.IntegerField(
        unique=True,
        editable=False,
        db_default=NextNumber(models.Value("purge_keys_number")),
    )
    fingerprint_key = SealedTextField(editable=False)
    signing_key = SealedTextField(editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "purge keys"
        constraints = (
            models.UniqueConstraint(fields=("namespace",), name="purge_keys_are_one_row"),
        )

    def __str__(self) -> str:
        return f"keys {self.number}"
