"""Tables of SAML identity providers, claim rules and sign-ins, walled in by namespace."""

import django.core.validators
import django.db.models.deletion
import governance.kernel.identifiers
from django.conf import settings
from django.db import migrations, models
from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0001_initial"),
        ("isolation", "0001_grants"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "name",
                    models.CharField(
                        help_text="Part of the ACS URL and of the provider's ARN. It cannot be changed later.",
                        max_length=128,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Za-z0-9_.-]{1,128}\\Z")
                        ],
                    ),
                ),
                (
                    "display_name",
                    models.CharField(
                        blank=True,
                        help_text="What the sign-in page says; the name if empty.",
                        max_length=200,
                    ),
                ),
                (
                    "entity_id",
                    models.CharField(blank=True, max_length=1024, verbose_name="entity ID"),
                ),
                ("metadata_xml", models.TextField(blank=True, verbose_name="metadata XML")),
                (
                    "metadata_url",
                    models.CharField(blank=True, max_length=2048, verbose_name="metadata URL"),
                ),
                ("metadata_valid_until", models.DateTimeField(blank=True, null=True)),
                ("sso_redirect_url", models.CharField(blank=True, max_length=2048)),
                ("sso_post_url", models.CharField(blank=True, max_length=2048)),
                ("slo_url", models.CharField(blank=True, max_length=2048)),
                ("slo_response_url", models.CharField(blank=True, max_length=2048)),
                (
                    "issuer_alias",
                    models.CharField(
                        blank=True,
                        help_text="A second issuer that signs logout messages, as Microsoft Entra does.",
                        max_length=1024,
                    ),
                ),
                (
                    "groups_attribute",
                    models.CharField(
                        blank=True,
                        help_text="The attribute that carries groups; the usual names are read if empty.",
                        max_length=512,
                    ),
                ),
                (
                    "want_messages_signed",
                    models.BooleanField(
                        default=False,
                        help_text="Demand a signature on the whole response too. Assertions must always be signed.",
                    ),
                ),
                (
                    "allow_idp_initiated",
                    models.BooleanField(
                        default=False,
                        help_text="Accept a response that nobody here asked for. It opens the door to sign-ins that a stranger starts in somebody's browser.",
                        verbose_name="allow IdP-initiated sign-in",
                    ),
                ),
                (
                    "sign_requests",
                    models.BooleanField(
                        default=False,
                        help_text="Sign what we send, with a key that is made here.",
                    ),
                ),
                (
                    "max_validity_seconds",
                    models.PositiveIntegerField(
                        default=4500,
                        help_text="The longest validity that an assertion may claim. Entra uses 70 minutes.",
                        validators=[
                            django.core.validators.MinValueValidator(60),
                            django.core.validators.MaxValueValidator(86400),
                        ],
                    ),
                ),
                (
                    "clock_skew_seconds",
                    models.PositiveSmallIntegerField(
                        default=60, validators=[django.core.validators.MaxValueValidator(120)]
                    ),
                ),
                ("enabled", models.BooleanField(default=False)),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClaimRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "claim",
                    models.CharField(
                        help_text="Role, RoleSessionName, SessionDuration, SAML_SUBJECT or PrincipalTag:Key.",
                        max_length=141,
                    ),
                ),
                (
                    "position",
                    models.PositiveIntegerField(
                        help_text="Rules run top down; the last match wins."
                    ),
                ),
                (
                    "user_type",
                    models.CharField(
                        choices=[
                            ("any", "Any"),
                            ("members", "Members"),
                            ("all_guests", "All guests"),
                            ("entra_guests", "Microsoft Entra guests"),
                            ("external_guests", "External guests"),
                        ],
                        default="any",
                        max_length=16,
                    ),
                ),
                (
                    "groups",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The person is in one of these; everybody if empty.",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("attribute", "Attribute"), ("transformation", "Transformation")],
                        default="attribute",
                        max_length=16,
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        blank=True,
                        help_text='An attribute (user.mail, or its name in the assertion), or a "constant".',
                        max_length=4096,
                    ),
                ),
                ("transformations", models.JSONField(blank=True, default=list)),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claim_rules",
                        to="federation.identityprovider",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProviderCertificate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("pem", models.TextField()),
                (
                    "fingerprint",
                    models.CharField(help_text="SHA-256 of the DER form, in hex.", max_length=64),
                ),
                ("subject", models.CharField(blank=True, max_length=512)),
                ("not_before", models.DateTimeField()),
                ("not_after", models.DateTimeField()),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="certificates",
                        to="federation.identityprovider",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ServiceProviderKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("certificate", models.TextField()),
                ("private_key", models.TextField(help_text="Sealed.")),
                ("fingerprint", models.CharField(max_length=64)),
                ("not_after", models.DateTimeField()),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="service_provider_keys",
                        to="federation.identityprovider",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignInAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=16)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("accepted", "Accepted"), ("refused", "Refused")], max_length=16
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("explanation", models.TextField(blank=True)),
                ("role_name", models.CharField(blank=True, max_length=64)),
                ("network", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_in_attempts",
                        to="federation.identityprovider",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignInRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("request_id", models.CharField(max_length=64)),
                (
                    "browser_fingerprint",
                    models.CharField(
                        help_text="SHA-256 of the cookie of the browser that began.", max_length=64
                    ),
                ),
                ("landing_path", models.CharField(default="/", max_length=2048)),
                ("is_test", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField()),
                ("consumed_at", models.DateTimeField(null=True)),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_in_requests",
                        to="federation.identityprovider",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsumedAssertion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("digest", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField()),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="federation__expires_9394b1_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("namespace", "digest"), name="assertion_consumed_once_a_namespace"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.UniqueConstraint(
                fields=("namespace", "name"), name="identity_provider_name_once_a_namespace"
            ),
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("enabled", False), models.Q(("entity_id", ""), _negated=True), _connector="OR"
                ),
                name="identity_provider_enabled_only_with_metadata",
            ),
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.CheckConstraint(
                condition=models.Q(("clock_skew_seconds__lte", 120)),
                name="identity_provider_skew_is_bounded",
            ),
        ),
        migrations.AddIndex(
            model_name="claimrule",
            index=models.Index(
                fields=["identity_provider", "claim", "position"],
                name="federation__identit_ad6a1f_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="providercertificate",
            constraint=models.UniqueConstraint(
                fields=("identity_provider", "fingerprint"),
                name="provider_certificate_once_a_provider",
            ),
        ),
        migrations.AddConstraint(
            model_name="serviceproviderkey",
            constraint=models.UniqueConstraint(
                fields=("identity_provider", "fingerprint"),
                name="service_provider_key_once_a_provider",
            ),
        ),
        migrations.AddIndex(
            model_name="signinattempt",
            index=models.Index(
                fields=["identity_provider", "at"], name="federation__identit_2aa6d3_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="signinattempt",
            constraint=models.UniqueConstraint(
                fields=("namespace", "reference"), name="sign_in_attempt_reference_once"
            ),
        ),
        migrations.AddIndex(
            model_name="signinrequest",
            index=models.Index(fields=["expires_at"], name="federation__expires_979a62_idx"),
        ),
        migrations.AddConstraint(
            model_name="signinrequest",
            constraint=models.UniqueConstraint(
                fields=("namespace", "request_id"), name="sign_in_request_id_once"
            ),
        ),
        Isolate("IdentityProvider"),
        Isolate("ProviderCertificate"),
        Isolate("ServiceProviderKey"),
        Isolate("ClaimRule"),
        Isolate("SignInRequest"),
        Isolate("ConsumedAssertion"),
        Isolate("SignInAttempt"),
        SameNamespace("ProviderCertificate", "identity_provider", "federation_identityprovider"),
        SameNamespace("ServiceProviderKey", "identity_provider", "federation_identityprovider"),
        SameNamespace("ClaimRule", "identity_provider", "federation_identityprovider"),
        SameNamespace("SignInRequest", "identity_provider", "federation_identityprovider"),
        SameNamespace("SignInAttempt", "identity_provider", "federation_identityprovider"),
        SameNamespace("SignInAttempt", "user", "tenancy_user"),
    ]
