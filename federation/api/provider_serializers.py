"""Shapes of identity providers, claim rules and simulations."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from federation.domain.metadata import LARGEST_METADATA
from federation.domain.saml import ServiceProvider
from federation.models import ClaimRule, IdentityProvider, ProviderCertificate
from federation.selectors import identity_providers
from governance.restapi.serializers import ModelIn, ModelOut, ScopedRelatedField, StrictSerializer


class CertificateOut(serializers.ModelSerializer[ProviderCertificate]):
    class Meta:
        model = ProviderCertificate
        fields = ("fingerprint", "subject", "not_before", "not_after", "pem")
        read_only_fields = fields


class ServiceProviderOut(serializers.Serializer[ServiceProvider]):
    """What to type into the identity provider's own configuration."""

    entity_id = serializers.CharField()
    acs_url = serializers.CharField()
    sls_url = serializers.CharField()
    metadata_url = serializers.CharField()
    login_url = serializers.CharField()


# What an administrator chooses, and reads again.
CHOICES = (
    "want_messages_signed",
    "allow_idp_initiated",
    "sign_requests",
    "request_binding",
    "want_assertions_encrypted",
    "sign_metadata",
    "scim_shuts_directories",
    "max_validity_seconds",
    "clock_skew_seconds",
    "enabled",
)


class IdentityProviderIn(ModelIn):
    """With a name alone it exists and has its addresses; metadata makes it usable."""

    metadata_xml = serializers.CharField(
        required=False, max_length=LARGEST_METADATA, trim_whitespace=False
    )
    metadata_url = serializers.CharField(required=False, allow_blank=True, max_length=2048)
    entity_id = serializers.CharField(
        required=False,
        max_length=1024,
        help_text="Which entity of a federation's file is meant. It is pinned once imported.",
    )

    class Meta:
        model = IdentityProvider
        fields = (
            "name",
            "display_name",
            "metadata_xml",
            "metadata_url",
            "entity_id",
            "issuer_alias",
            "groups_attribute",
            *CHOICES,
        )


class IdentityProviderOut(ModelOut):
    arn = serializers.SerializerMethodField()
    certificates = CertificateOut(many=True)
    sp = serializers.SerializerMethodField()
    enforced = serializers.SerializerMethodField(
        help_text="Whether the namespace is entered through its identity provider only."
    )

    class Meta:
        model = IdentityProvider
        fields = (
            *ModelOut.BASE,
            "name",
            "display_name",
            "arn",
            "entity_id",
            "metadata_xml",
            "metadata_url",
            "metadata_valid_until",
            "sso_redirect_url",
            "sso_post_url",
            "slo_url",
            "slo_response_url",
            "issuer_alias",
            "groups_attribute",
            "certificates",
            *CHOICES,
            "last_refreshed_at",
            "last_refresh_tried_at",
            "last_refresh_problem",
            "proved_at",
            "enforced",
            "sp",
        )

    def get_arn(self, row: IdentityProvider) -> str:
        return identity_providers.arn(row)

    def get_enforced(self, row: IdentityProvider) -> bool:
        return bool(row.enforcements.all())

    @extend_schema_field(ServiceProviderOut)
    def get_sp(self, row: IdentityProvider) -> dict[str, Any]:
        own = identity_providers.service_provider(row, public_url=settings.PUBLIC_URL)
        return dict(ServiceProviderOut(own).data)


class PreviewIn(StrictSerializer):
    metadata_xml = serializers.CharField(max_length=LARGEST_METADATA, trim_whitespace=False)
    entity_id = serializers.CharField(required=False, max_length=1024, default="")


class PreviewOut(serializers.Serializer[Any]):
    """What the metadata holds, and what importing it would change."""

    entity_id = serializers.CharField(source="metadata.entity_id")
    sso_redirect_url = serializers.CharField(source="metadata.sso_redirect_url")
    sso_post_url = serializers.CharField(source="metadata.sso_post_url")
    slo_url = serializers.CharField(source="metadata.slo_url")
    valid_until = serializers.DateTimeField(source="metadata.valid_until", allow_null=True)
    wants_requests_signed = serializers.BooleanField(source="metadata.wants_requests_signed")
    remarks = serializers.ListField(child=serializers.CharField(), source="metadata.remarks")
    new_certificates = serializers.ListField(child=serializers.CharField())
    lost_certificates = serializers.ListField(child=serializers.CharField())


class TransformationIn(StrictSerializer):
    """One function; its parameters by name, or in Entra's order."""

    function = serializers.CharField(max_length=64)
    parameters = serializers.JSONField(required=False, default=dict)
    multivalued = serializers.BooleanField(required=False, default=False)


class ClaimRuleIn(ModelIn):
    identity_provider = ScopedRelatedField(model=IdentityProvider)
    groups = serializers.ListField(
        child=serializers.CharField(max_length=512), required=False, max_length=50
    )
    transformations = TransformationIn(many=True, required=False)

    class Meta:
        model = ClaimRule
        fields = (
            "identity_provider",
            "claim",
            "position",
            "user_type",
            "groups",
            "source",
            "value",
            "transformations",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"position": {"required": False}}


class ClaimRuleOut(ModelOut):
    groups = serializers.ListField(child=serializers.CharField())
    transformations = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = ClaimRule
        fields = (*ModelOut.BASE, *ClaimRuleIn.Meta.fields)
