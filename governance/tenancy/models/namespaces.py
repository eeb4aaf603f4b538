"""Namespaces: the tenants of the lake."""

from typing import ClassVar

from django.db import models

from governance.isolation.scopes import current_scope
from governance.kernel.identifiers import new_id


class NamespaceStatus(models.TextChoices):
    """The life of a namespace (Amazon QuickSight, Namespace API), and a pause in it of ours."""

    CREATING = "CREATING", "Creating"
    CREATED = "CREATED", "Created"
    SUSPENDED = "SUSPENDED", "Suspended"
    DELETING = "DELETING", "Deleting"
    RETRYABLE_FAILURE = "RETRYABLE_FAILURE", "Failed, can be retried"
    NON_RETRYABLE_FAILURE = "NON_RETRYABLE_FAILURE", "Failed"


class NamespaceManager(models.Manager["Namespace"]):
    """In a namespace's scope, that namespace alone; in a system scope, all."""

    def get_queryset(self) -> models.QuerySet["Namespace"]:
        rows = super().get_queryset()
        scope = current_scope()
        return rows if scope.namespace_id is None else rows.filter(id=scope.namespace_id)


class Namespace(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(
        max_length=64,
        unique=True,
        help_text="Letters, digits, dot, underscore and hyphen. Fixed once made.",
    )
    display_name = models.CharField(max_length=200, blank=True)
    account_id = models.CharField(
        max_length=12, help_text="Twelve digits: the account in the ARNs of roles and providers."
    )
    status = models.CharField(
        max_length=24, choices=NamespaceStatus, default=NamespaceStatus.CREATED
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["Namespace"]] = NamespaceManager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[A-Za-z0-9._-]{1,64}$"),
                name="namespace_name_is_plain",
            ),
            models.CheckConstraint(
                condition=models.Q(account_id__regex=r"^[0-9]{12}$"),
                name="namespace_account_is_twelve_digits",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether its people and scripts may come in, and those inside may go on."""
        return self.status == NamespaceStatus.CREATED
