"""What people may do: policies, roles that hold them, bindings of roles to people."""

import re

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from governance.isolation.models import NamespacedModel
from governance.kernel.arns import role_arn
from governance.tenancy.models.users import User, UserSource

ROLE_NAME = RegexValidator(
    r"\A[\w+=,.@-]{1,64}\Z",
    "Use 1 to 64 letters, digits and any of + = , . @ _ - (the rule of IAM).",
    flags=re.ASCII,
)


class Policy(NamespacedModel):
    """A named IAM policy document."""

    name = models.CharField(max_length=128, validators=[ROLE_NAME])
    description = models.CharField(max_length=400, blank=True)
    document = models.JSONField(help_text="IAM JSON: Version and Statement.")

    class Meta:
        verbose_name_plural = "policies"
        constraints = (
            models.UniqueConstraint(fields=("namespace", "name"), name="policy_name_is_unique"),
        )

    def __str__(self) -> str:
        return self.name


class BindingSource(models.TextChoices):
    """Who gave a role: what a provider gave it takes back; what was given by hand stays."""

    MANUAL = "manual", "By hand"
    SAML = UserSource.SAML.value, "SAML"
    LDAP = UserSource.LDAP.value, "Directory"
    SCIM = UserSource.SCIM.value, "SCIM"


class Role(NamespacedModel):
    name = models.CharField(max_length=64, validators=[ROLE_NAME])
    description = models.CharField(max_length=1000, blank=True)
    max_session_seconds = models.PositiveIntegerField(
        default=3600,
        validators=[MinValueValidator(3600), MaxValueValidator(43200)],
        help_text="How long a session in this role may last: 3600 to 43200 seconds.",
    )
    trust_policy = models.JSONField(
        default=dict,
        blank=True,
        help_text="Which identity providers may assume this role. Empty: all of the namespace.",
    )
    storage_prefixes = models.JSONField(
        default=list,
        blank=True,
        help_text="Folders of the lake that this role may read. Empty: all of the namespace's.",
    )
    policies = models.ManyToManyField(Policy, through="RolePolicy", related_name="roles")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("namespace", "name"), name="role_name_is_unique"),
            models.CheckConstraint(
                condition=models.Q(max_session_seconds__range=(3600, 43200)),
                name="role_session_is_one_to_twelve_hours",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return role_arn(account_id=self.namespace.account_id, name=self.name)


class RolePolicy(NamespacedModel):
    """A policy attached to a role."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="attachments")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="attachments")

    class Meta:
        verbose_name_plural = "role policies"
        constraints = (
            models.UniqueConstraint(fields=("role", "policy"), name="role_policy_attached_once"),
        )

    def __str__(self) -> str:
        return f"{self.policy_id} on {self.role_id}"


class RoleBinding(NamespacedModel):
    """A role that a person has, and who gave it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="bindings")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="bindings")
    source = models.CharField(max_length=8, choices=BindingSource, default=BindingSource.MANUAL)
    provider_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "source", "provider_id"),
                name="role_binding_is_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(source="manual", provider_id__isnull=True)
                | (~models.Q(source="manual") & models.Q(provider_id__isnull=False)),
                name="role_binding_names_its_provider",
            ),
        )

    def __str__(self) -> str:
        return f"{self.role_id} by {self.source}"
