"""People, the identities by which providers know them, and the names they had."""

from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from governance.isolation.models import NamespacedModel, ScopedManager, ScopedModel


class UserSource(models.TextChoices):
    SAML = "saml", "SAML"
    LDAP = "ldap", "Directory"
    SCIM = "scim", "SCIM"
    LOCAL = "local", "Local"


class UserManager(ScopedManager["User"]):
    """Users of the open scope; local ones are found by their login name."""

    def get_by_natural_key(self, login_name: str | None) -> "User":
        return self.get(login_name=login_name)


class User(AbstractBaseUser, ScopedModel):
    """A person. One without a namespace is a platform administrator.

    `username` is a label, such as `Role/RoleSessionName`, and may change at each sign-in.
    `login_name` is set for local users only and is unique over the installation.
    """

    # `last_sign_in_at` says it, for every source.
    last_login = None

    username = models.CharField(max_length=256)
    login_name = models.CharField(max_length=150, unique=True, null=True, blank=True)
    email = models.EmailField(blank=True)
    display_name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField("active", default=True)
    source = models.CharField(max_length=8, choices=UserSource, default=UserSource.LOCAL)
    last_sign_in_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Self]] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "login_name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(namespace__isnull=False) | models.Q(source="local"),
                name="user_of_the_platform_is_local",
            ),
            models.CheckConstraint(
                condition=models.Q(source="local") | models.Q(login_name__isnull=True),
                name="user_with_login_name_is_local",
            ),
        )
        indexes = (models.Index(fields=("namespace", "username")),)

    def __str__(self) -> str:
        return self.username

    @property
    def is_platform_administrator(self) -> bool:
        return self.namespace_id is None and self.is_active

    @property
    def is_staff(self) -> bool:
        """Django's admin asks; who really may enter is decided by policy on every request."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        """Never: Django's own permission shortcuts are not used here."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002 - Django's shape
        """Django's model permissions are not used: policies decide, in the entrances."""
        return False

    def has_module_perms(self, app_label: str) -> bool:  # noqa: ARG002 - Django's shape
        return False


class Identity(NamespacedModel):
    """How a provider knows a person: its own row and the subject it names. Never an email."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider_kind = models.CharField(max_length=8, choices=UserSource)
    provider_id = models.UUIDField(help_text="The identity provider's or directory's row.")
    subject = models.CharField(max_length=1024)

    class Meta:
        verbose_name_plural = "identities"
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "provider_id", "subject"), name="identity_is_one_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_provider_kind_display()} identity"


class UsernameChange(NamespacedModel):
    """A username that a person had until `created_at`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_usernames")
    username = models.CharField(max_length=256)

    def __str__(self) -> str:
        return self.username
