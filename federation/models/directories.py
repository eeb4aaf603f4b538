"""LDAP directories of a namespace, and which of their people and groups get which role."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from federation.domain.directories import (
    DirectorySettings,
    Mapping,
    MappingKind,
    TLSMode,
)
from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField
from governance.tenancy.models import Role

URL_LENGTH = 512
DN_LENGTH = 1024
FILTER_LENGTH = 2048
ATTRIBUTE = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9-]{0,127}\Z", "Use an attribute's name: letters, digits and hyphens."
)
LEAST_TIMEOUT, MOST_TIMEOUT = 1, 30


def lines(
    max_length: int, *, help_text: str, verbose_name: str | None = None
) -> "ArrayField[list[str], list[str]]":
    """A list of texts, in the order given."""
    return ArrayField(
        models.CharField(max_length=max_length),
        verbose_name=verbose_name,
        default=list,
        blank=True,
        help_text=help_text,
    )


class Directory(NamespacedModel):
    """Somewhere people's passwords are asked. `bind_password` is sealed."""

    name = models.CharField(max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9_.-]{1,64}\Z")])
    enabled = models.BooleanField(default=True)
    urls = lines(
        URL_LENGTH,
        verbose_name="URLs",
        help_text="ldap://host:port or ldaps://host:port, tried in this order until one answers.",
    )
    tls = models.CharField(
        "TLS",
        max_length=16,
        choices=[
            (TLSMode.LDAPS.value, "LDAPS"),
            (TLSMode.START_TLS.value, "StartTLS"),
            (TLSMode.NONE.value, "None: passwords travel readable"),
        ],
        default=TLSMode.LDAPS.value,
    )
    ca_certificates = models.TextField(
        "CA certificates",
        blank=True,
        help_text="PEM. Only these authorities are trusted; the system's where this is empty.",
    )
    bind_dn = models.CharField(
        "bind DN",
        max_length=DN_LENGTH,
        blank=True,
        help_text="The account that looks people up. Without one, people are bound by the "
        "patterns below, which costs one try for each pattern.",
    )
    bind_password = SealedTextField(blank=True)
    base_dn = models.CharField("base DN", max_length=DN_LENGTH)
    domain = models.CharField(
        max_length=255,
        blank=True,
        help_text="What people write behind the @ or before the backslash. No two directories "
        "of this installation share one.",
    )
    user_dn_patterns = lines(
        DN_LENGTH,
        verbose_name="user DN patterns",
        help_text="Used without a bind DN, such as uid=%s,ou=people,dc=acme,dc=example.",
    )
    user_filter = models.CharField(
        max_length=FILTER_LENGTH,
        blank=True,
        help_text="{0} is the user's name. Empty: the user name attribute equals it.",
    )
    username_attribute = models.CharField(
        "user name attribute", max_length=128, default="uid", validators=[ATTRIBUTE]
    )
    group_base_dn = models.CharField(
        "group base DN", max_length=DN_LENGTH, blank=True, help_text="Empty: the base DN."
    )
    group_filter = models.CharField(
        max_length=FILTER_LENGTH,
        blank=True,
        help_text="{0} is the user's name, {1} their DN. Empty: made from the keys below.",
    )
    group_class_key = models.CharField(
        "group class", max_length=128, default="groupOfNames", validators=[ATTRIBUTE]
    )
    group_membership_key = models.CharField(
        "group membership attribute", max_length=128, default="member", validators=[ATTRIBUTE]
    )
    user_membership_key = models.CharField(
        "user membership attribute",
        max_length=128,
        blank=True,
        validators=[ATTRIBUTE],
        help_text="Such as memberOf: read groups from the person's entry, not by searching.",
    )
    nested_groups = models.BooleanField(
        default=False, help_text="Groups of groups count as well, ten levels up at most."
    )
    allowed_groups = lines(256, help_text="Only members of one of these may enter. Empty: all.")
    allowed_users = lines(256, help_text="Only these people may enter. Empty: all.")
    timeout_seconds = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(LEAST_TIMEOUT), MaxValueValidator(MOST_TIMEOUT)],
        help_text="For the whole sign-in, over all URLs.",
    )

    class Meta:
        verbose_name_plural = "directories"
        constraints = (
            models.UniqueConstraint(fields=("namespace", "name"), name="directory_name_is_unique"),
            # Over all namespaces: the domain says whose directory a password is sent to.
            models.UniqueConstraint(
                fields=("domain",),
                condition=~models.Q(domain=""),
                name="directory_domain_is_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(timeout_seconds__range=(LEAST_TIMEOUT, MOST_TIMEOUT)),
                name="directory_timeout_is_bounded",
            ),
            models.CheckConstraint(
                condition=models.Q(tls__in=[mode.value for mode in TLSMode]),
                name="directory_tls_is_known",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def settings_without_secret(self) -> DirectorySettings:
        """How to reach it, but for the bind account's password."""
        return DirectorySettings(
            urls=tuple(self.urls),
            base_dn=self.base_dn,
            tls=TLSMode(self.tls),
            ca_certificates=self.ca_certificates,
            bind_dn=self.bind_dn,
            domain=self.domain,
            user_dn_patterns=tuple(self.user_dn_patterns),
            user_filter=self.user_filter,
            username_attribute=self.username_attribute,
            group_base_dn=self.group_base_dn,
            group_filter=self.group_filter,
            group_class_key=self.group_class_key,
            group_membership_key=self.group_membership_key,
            user_membership_key=self.user_membership_key,
            nested_groups=self.nested_groups,
            allowed_groups=tuple(self.allowed_groups),
            allowed_users=tuple(self.allowed_users),
            timeout_seconds=self.timeout_seconds,
        )


class DirectoryMapping(NamespacedModel):
    """Whoever the identifiers name gets the role. The lowest position that matches is first."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="mappings")
    kind = models.CharField(
        max_length=8,
        choices=[
            (MappingKind.GROUP.value, "Group"),
            (MappingKind.USER.value, "User"),
            (MappingKind.PREFIX.value, "Storage prefix"),
        ],
        default=MappingKind.GROUP.value,
    )
    identifiers = lines(
        DN_LENGTH,
        help_text="Names of users or groups (or groups' DNs), or storage prefixes that a session "
        "may say it works on. Any one of them matches.",
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(
        default=1, help_text="Lower comes first; the first that matches is the default role."
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in MappingKind]),
                name="directory_mapping_kind_is_known",
            ),
        )
        indexes = (models.Index(fields=("directory", "position")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} mapping {self.position}"

    def rule(self) -> Mapping:
        return Mapping(
            kind=MappingKind(self.kind),
            identifiers=tuple(self.identifiers),
            role_id=self.role_id,
            position=self.position,
        )
