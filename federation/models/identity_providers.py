"""SAML identity providers of a namespace, what they sign with, and their claim rules."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from governance.isolation.models import NamespacedModel

URL_LENGTH = 2048
ENTITY_ID_LENGTH = 1024  # SAML 2.0 core, 8.3.6: at most 1024 characters.
LONGEST_SKEW_SECONDS = 120


class IdentityProvider(NamespacedModel):
    """Somebody who may say who a person is. Without metadata it is a name and two addresses.

    That an assertion must be signed is not a field: nothing can switch it off.
    """

    class RequestBinding(models.TextChoices):
        AUTOMATIC = "auto", "Automatic"
        REDIRECT = "redirect", "HTTP-Redirect"
        POST = "post", "HTTP-POST"

    name = models.CharField(
        max_length=128,
        validators=[RegexValidator(r"\A[A-Za-z0-9_.-]{1,128}\Z")],
        help_text="Part of the ACS URL and of the provider's ARN. It cannot be changed later.",
    )
    display_name = models.CharField(
        max_length=200, blank=True, help_text="What the sign-in page says; the name if empty."
    )
    entity_id = models.CharField("entity ID", max_length=ENTITY_ID_LENGTH, blank=True)
    metadata_xml = models.TextField("metadata XML", blank=True)
    metadata_url = models.CharField("metadata URL", max_length=URL_LENGTH, blank=True)
    metadata_valid_until = models.DateTimeField(null=True, blank=True)
    sso_redirect_url = models.CharField(max_length=URL_LENGTH, blank=True)
    sso_post_url = models.CharField(max_length=URL_LENGTH, blank=True)
    slo_url = models.CharField(max_length=URL_LENGTH, blank=True)
    slo_response_url = models.CharField(max_length=URL_LENGTH, blank=True)
    issuer_alias = models.CharField(
        max_length=ENTITY_ID_LENGTH,
        blank=True,
        help_text="A second issuer that signs logout messages, as Microsoft Entra does.",
    )
    groups_attribute = models.CharField(
        max_length=512,
        blank=True,
        help_text="The attribute that carries groups; the usual names are read if empty.",
    )
    want_messages_signed = models.BooleanField(
        default=False,
        help_text="Demand a signature on the whole response too. Assertions must always be signed.",
    )
    allow_idp_initiated = models.BooleanField(
        "allow IdP-initiated sign-in",
        default=False,
        help_text="Accept a response that nobody here asked for. It opens the door to sign-ins "
        "that a stranger starts in somebody's browser.",
    )
    sign_requests = models.BooleanField(
        default=False, help_text="Sign what we send, with a key that is made here."
    )
    request_binding = models.CharField(
        "how requests are sent",
        max_length=8,
        choices=RequestBinding,
        default=RequestBinding.AUTOMATIC,
        help_text="Automatic: HTTP-Redirect, or HTTP-POST where the provider offers only that.",
    )
    want_assertions_encrypted = models.BooleanField(
        default=False,
        help_text="Refuse assertions that are not encrypted to a key that is made here.",
    )
    sign_metadata = models.BooleanField(
        "sign our metadata",
        default=False,
        help_text="Sign the metadata that we publish for this provider, with a key made here.",
    )
    scim_shuts_directories = models.BooleanField(
        "SCIM shuts directories too",
        default=True,
        help_text="Whom its SCIM client deactivates or deletes may not sign in by a directory of "
        "this namespace under the same name either. Switch it off for a provider of another "
        "company, which could name your people.",
    )
    max_validity_seconds = models.PositiveIntegerField(
        default=4500,
        validators=[MinValueValidator(60), MaxValueValidator(86_400)],
        help_text="The longest validity that an assertion may claim. Entra uses 70 minutes.",
    )
    clock_skew_seconds = models.PositiveSmallIntegerField(
        default=60, validators=[MaxValueValidator(LONGEST_SKEW_SECONDS)]
    )
    enabled = models.BooleanField(default=False)
    last_refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_refresh_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_refresh_problem = models.CharField(
        max_length=500,
        blank=True,
        editable=False,
        help_text="Why the last refresh failed.",
    )
    keys_sought_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When a signature by an unknown key last made us fetch the metadata.",
    )
    keys_search_ended_at = models.DateTimeField(null=True, editable=False)
    proved_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When somebody last signed in, or a test succeeded, with what is configured.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "name"], name="identity_provider_name_once_a_namespace"
            ),
            models.CheckConstraint(
                condition=models.Q(enabled=False) | ~models.Q(entity_id=""),
                name="identity_provider_enabled_only_with_metadata",
            ),
            models.CheckConstraint(
                condition=models.Q(clock_skew_seconds__lte=LONGEST_SKEW_SECONDS),
                name="identity_provider_skew_is_bounded",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return self.display_name or self.name


class ProviderCertificate(NamespacedModel):
    """A certificate that an identity provider may sign with. Several are trusted at once."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="certificates"
    )
    pem = models.TextField()
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the DER form, in hex.")
    subject = models.CharField(max_length=512, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "fingerprint"],
                name="provider_certificate_once_a_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"SHA-256 {self.fingerprint[:16]}"


class ServiceProviderKey(NamespacedModel):
    """Our own key pair towards one identity provider: signs requests, opens encrypted answers.

    At most two. The one whose `signs_from` passed last signs; both are published and both open.
    """

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="service_provider_keys"
    )
    certificate = models.TextField()
    private_key = models.TextField(help_text="Sealed.")
    fingerprint = models.CharField(max_length=64)
    signs_from = models.DateTimeField(
        null=True, blank=True, help_text="Empty until somebody says when it takes over."
    )
    not_after = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "fingerprint"],
                name="service_provider_key_once_a_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"SHA-256 {self.fingerprint[:16]}"


class ClaimRule(NamespacedModel):
    """One row of a claim's conditions, as an Entra administrator writes it."""

    class UserType(models.TextChoices):
        ANY = "any", "Any"
        MEMBERS = "members", "Members"
        ALL_GUESTS = "all_guests", "All guests"
        ENTRA_GUESTS = "entra_guests", "Microsoft Entra guests"
        EXTERNAL_GUESTS = "external_guests", "External guests"

    class Source(models.TextChoices):
        ATTRIBUTE = "attribute", "Attribute"
        TRANSFORMATION = "transformation", "Transformation"

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="claim_rules"
    )
    claim = models.CharField(
        max_length=141,
        help_text="Role, RoleSessionName, SessionDuration, SAML_SUBJECT or PrincipalTag:Key.",
    )
    position = models.PositiveIntegerField(help_text="Rules run top down; the last match wins.")
    user_type = models.CharField(max_length=16, choices=UserType, default=UserType.ANY)
    groups = models.JSONField(
        default=list, blank=True, help_text="The person is in one of these; everybody if empty."
    )
    source = models.CharField(max_length=16, choices=Source, default=Source.ATTRIBUTE)
    value = models.CharField(
        max_length=4096,
        blank=True,
        help_text='An attribute (user.mail, or its name in the assertion), or a "constant".',
    )
    transformations = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [models.Index(fields=["identity_provider", "claim", "position"])]

    def __str__(self) -> str:
        return f"{self.claim}, row {self.position}"
