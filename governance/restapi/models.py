"""Idempotency keys: what a POST answered the first time, so that a repetition answers the same."""

from django.db import models

from governance.isolation.models import ScopedModel


class IdempotentAnswer(ScopedModel):
    """The answer to one key of one principal. Written in the transaction of its effects."""

    principal = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, help_text="JSON, in the order it was answered.")
    location = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "principal", "key"),
                name="idempotency_key_is_used_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"idempotency key of {self.principal}"
