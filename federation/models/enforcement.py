"""Namespaces that are entered through an identity provider only, and the ways around that."""

from django.db import models

from federation.models.identity_providers import IdentityProvider
from governance.isolation.models import NamespacedModel


class SingleSignOnEnforcement(NamespacedModel):
    """While a namespace has this row, its local users cannot sign in by password.

    `break_glass_user` still can, which is mailed to every IT admin and audited.
    """

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.PROTECT, related_name="enforcements"
    )
    break_glass_user = models.ForeignKey(
        "tenancy.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace"], name="single_sign_on_enforced_once_a_namespace"
            ),
        ]

    def __str__(self) -> str:
        return "Single sign-on only"


class OneTimePassword(NamespacedModel):
    """A local user whose password was made by `recover_access`: good for one sign-in.

    `digest` is SHA-256 of the stored hash, so that a password set later is an ordinary one.
    """

    user = models.ForeignKey("tenancy.User", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], name="one_time_password_once_a_user"),
        ]

    def __str__(self) -> str:
        return "One-time password"
