"""How people and scripts are let in: sessions and API tokens."""

from datetime import datetime

from django.db import models

from governance.isolation.models import ScopedModel
from governance.tenancy.models.access import Role
from governance.tenancy.models.users import User


class ApiToken(ScopedModel):
    """A script's credential. Only its SHA-256 is kept; the token itself is shown once.

    `provider_id` binds a SCIM token to one identity provider.
    """

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    provider_id = models.UUIDField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_live(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class UserSession(ScopedModel):
    """A person signed in, as one role, until `expires_at` or `ended_at`.

    `provider_id`, `name_id` (in its format, with its qualifiers) and `session_index` are how single
    logout finds it.
    `role` is empty for a local session that carries all roles of the person. What was proved at
    sign-in holds until `proof_expires_at`; in a role, the session may end before that.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    role = models.ForeignKey(
        Role, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    provider_id = models.UUIDField(null=True, blank=True)
    name_id = models.CharField(max_length=1024, blank=True)
    name_id_format = models.CharField(max_length=256, blank=True)
    name_qualifier = models.CharField(max_length=1024, blank=True)
    sp_name_qualifier = models.CharField(max_length=1024, blank=True)
    session_index = models.CharField(max_length=256, blank=True)
    tags = models.JSONField(default=dict)
    network = models.CharField(max_length=50, blank=True)
    authenticated_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    proof_expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = (models.Index(fields=("provider_id", "session_index")),)

    def __str__(self) -> str:
        return f"session {self.pk}"

    def is_live(self, *, at: datetime) -> bool:
        return self.ended_at is None and at < self.expires_at
