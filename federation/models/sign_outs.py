"""What single logout leaves behind: the sign-outs that we asked an identity provider for."""

from django.db import models

from federation.models.identity_providers import IdentityProvider
from governance.isolation.models import NamespacedModel


class SignOutRequest(NamespacedModel):
    """A LogoutRequest that we sent, and the browser that it belongs to. Good for one answer."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="sign_out_requests"
    )
    request_id = models.CharField(max_length=64)
    browser_fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of the cookie of the browser that signed out."
    )
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "request_id"], name="sign_out_request_id_once"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return self.request_id
