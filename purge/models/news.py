"""What was heard of objects: which are to be looked at, and the newest word on each."""

from django.db import models

from governance.isolation.models import NamespacedModel
from purge.models.data_map import StorageLayer


class ObjectNews(NamespacedModel):
    """The newest event of one key. `key` is emptied once it was followed: it can name a person.

    `key_fingerprint` stays for a while, so that an older event that arrives later is known as such.
    """

    storage_layer = models.ForeignKey(StorageLayer, on_delete=models.CASCADE, related_name="news")
    key_fingerprint = models.CharField(max_length=64)
    key = models.TextField(blank=True)
    sequencer = models.CharField(max_length=64, blank=True)
    is_pending = models.BooleanField(default=True)
    retags = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "object news"
        constraints = (
            models.UniqueConstraint(
                fields=("storage_layer", "key_fingerprint"), name="object_news_is_one_a_key"
            ),
        )
        indexes = (
            models.Index(
                fields=("storage_layer",),
                condition=models.Q(is_pending=True),
                name="object_news_pending",
            ),
        )

    def __str__(self) -> str:
        return f"news {str(self.pk)[-12:]}"
