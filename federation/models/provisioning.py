"""What SCIM clients provisioned: people and groups of an identity provider."""

from django.conf import settings
from django.db import models

from federation.models.identity_providers import IdentityProvider
from governance.isolation.models import NamespacedModel


class ScimUser(NamespacedModel):
    """A person as the provider's SCIM client wrote them. `key` compares without case."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="scim_users"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="scim_users"
    )
    user_name = models.CharField(max_length=256)
    key = models.CharField(max_length=256, editable=False)
    external_id = models.CharField(max_length=256, blank=True)
    active = models.BooleanField(default=True)
    resource = models.JSONField(default=dict)

    class Meta:
        verbose_name = "SCIM user"
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "key"], name="scim_user_name_once_a_provider"
            ),
            models.UniqueConstraint(
                fields=["identity_provider", "user"], name="scim_user_is_one_person"
            ),
        ]
        indexes = [
            models.Index(fields=["identity_provider", "external_id"]),
            # Asked with every statement of a Hive client.
            models.Index(fields=["namespace", "key"]),
        ]

    def __str__(self) -> str:
        return f"SCIM user {self.pk}"


class ScimGroup(NamespacedModel):
    """A group as the provider's SCIM client wrote it, and the role its members are given."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="scim_groups"
    )
    display_name = models.CharField(max_length=256)
    key = models.CharField(max_length=256, editable=False)
    external_id = models.CharField(max_length=256, blank=True)
    role = models.ForeignKey(
        "tenancy.Role",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="scim_groups",
        help_text="What members of this group may do. Empty: the group grants nothing.",
    )

    class Meta:
        verbose_name = "SCIM group"
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "key"], name="scim_group_name_once_a_provider"
            ),
        ]
        indexes = [models.Index(fields=["identity_provider", "external_id"])]

    def __str__(self) -> str:
        return self.display_name


class ScimMembership(NamespacedModel):
    """A person in a group. Deactivated people keep theirs."""

    group = models.ForeignKey(ScimGroup, on_delete=models.CASCADE, related_name="memberships")
    member = models.ForeignKey(ScimUser, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = "SCIM membership"
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="scim_member_once_a_group"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.group_id}"
