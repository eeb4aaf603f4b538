"""What sign-ins leave behind: open requests, used assertions, and the log an admin reads."""

from django.db import models

from federation.models.identity_providers import IdentityProvider
from governance.isolation.models import NamespacedModel


class SignInRequest(NamespacedModel):
    """An AuthnRequest that we sent, and the browser that it belongs to. Good for one answer."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="sign_in_requests"
    )
    request_id = models.CharField(max_length=64)
    browser_fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of the cookie of the browser that began."
    )
    landing_path = models.CharField(max_length=2048, default="/")
    is_test = models.BooleanField(default=False)
    session_id = models.UUIDField(
        null=True, blank=True, help_text="The session whose person is to prove it again."
    )
    tester_session_id = models.UUIDField(
        null=True, help_text="The session of the administrator who tests; the request ends with it."
    )
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "request_id"], name="sign_in_request_id_once"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return self.request_id


class RoleChoice(NamespacedModel):
    """A verified sign-in that waits for its person to choose one of several roles. Good once.

    What was proved stays here; the browser holds a secret, of which this is the SHA-256.
    """

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="role_choices"
    )
    user = models.ForeignKey("tenancy.User", on_delete=models.CASCADE, related_name="+")
    secret_digest = models.CharField(max_length=64)
    role_ids = models.JSONField(default=list)
    session_name = models.CharField(max_length=64)
    name_id = models.CharField(max_length=1024)
    name_id_format = models.CharField(max_length=256, blank=True)
    name_qualifier = models.CharField(max_length=1024, blank=True)
    sp_name_qualifier = models.CharField(max_length=1024, blank=True)
    session_index = models.CharField(max_length=256, blank=True)
    tags = models.JSONField(default=dict)
    authenticated_at = models.DateTimeField()
    proof_expires_at = models.DateTimeField()
    landing_path = models.CharField(max_length=2048, default="/")
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "secret_digest"], name="role_choice_secret_once"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"choice {self.pk}"


class ConsumedAssertion(NamespacedModel):
    """An assertion that was used, remembered until it could not be used anyway.

    `digest` is SHA-256 over issuer and assertion ID: both are the sender's text of any length.
    """

    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "digest"], name="assertion_consumed_once_a_namespace"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return self.digest[:16]


class SignInAttempt(NamespacedModel):
    """One message that arrived, and what became of it. `reference` is what the person saw.

    Every response to a sign-in, and the logout messages that were refused.
    """

    class Door(models.TextChoices):
        SIGN_IN = "sign_in", "Sign-in"
        SIGN_OUT_BY_REDIRECT = "out_by_redirect", "Sign-out by HTTP-Redirect"
        SIGN_OUT_BY_FORM = "out_by_form", "Sign-out by HTTP-POST"

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="sign_in_attempts"
    )
    reference = models.CharField(max_length=16)
    door = models.CharField("message", max_length=16, choices=Door, default=Door.SIGN_IN)
    outcome = models.CharField(max_length=16, choices=Outcome)
    is_test = models.BooleanField("test", default=False)
    check_name = models.CharField("failed check", max_length=64, blank=True)
    code = models.CharField(max_length=64, blank=True)
    explanation = models.TextField(blank=True)
    facts = models.JSONField(
        default=list, blank=True, help_text="What arrived beside what is expected. Names nobody."
    )
    rules = models.JSONField(
        default=list, blank=True, help_text="What became of each claim rule, without values."
    )
    user = models.ForeignKey(
        "tenancy.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    role_name = models.CharField(max_length=64, blank=True)
    network = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "line of the sign-in log"
        verbose_name_plural = "sign-ins and sign-outs"
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "reference"], name="sign_in_attempt_reference_once"
            ),
        ]
        indexes = [models.Index(fields=["identity_provider", "at"])]

    def __str__(self) -> str:
        return self.reference
