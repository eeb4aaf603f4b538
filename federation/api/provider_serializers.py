"""Shapes of identity providers, claim rules and simulations."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from federation.domain.metadata import LARGEST_METADATA
from federation.domain.saml import ServiceProvider
from federation.models import ClaimRule, IdentityProvider, ProviderCertificate
from federation.selectors import identity_providers
from federation.services.role_grants import Explanation
from governance.restapi.serializers import ModelIn, ModelOut, ScopedRelatedField, StrictSerializer

MOST_SIMULATED = 200
MOST_SIMULATED_VALUES = 2_000


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
            "want_messages_signed",
            "allow_idp_initiated",
            "sign_requests",
            "request_binding",
            "want_assertions_encrypted",
            "sign_metadata",
            "max_validity_seconds",
            "clock_skew_seconds",
            "enabled",
        )


class IdentityProviderOut(ModelOut):
    arn = serializers.SerializerMethodField()
    certificates = CertificateOut(many=True)
    sp = serializers.SerializerMethodField()

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
            "want_messages_signed",
            "allow_idp_initiated",
            "sign_requests",
            "request_binding",
            "want_assertions_encrypted",
            "sign_metadata",
            "max_validity_seconds",
            "clock_skew_seconds",
            "enabled",
            "sp",
        )

    def get_arn(self, row: IdentityProvider) -> str:
        return identity_providers.arn(row)

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


class ValuesField(serializers.ListField):
    """One value or a list of them."""

    child = serializers.CharField(max_length=16_384, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[str]:  # noqa: ANN401 - DRF's own type
        values: list[str] = super().to_internal_value([data] if isinstance(data, str) else data)
        return values


class SimulateIn(StrictSerializer):
    """Attributes as an assertion would carry them: by name, one value or several."""

    attributes = serializers.DictField(child=ValuesField(max_length=MOST_SIMULATED_VALUES))
    name_id = serializers.CharField(max_length=1024, required=False, default="someone")

    def validate_attributes(self, values: dict[str, list[str]]) -> dict[str, list[str]]:
        if len(values) > MOST_SIMULATED:
            message = f"At most {MOST_SIMULATED} attributes."
            raise serializers.ValidationError(message)
        return values


class RuleOutcomeOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="rule.rule_id")
    claim = serializers.CharField(source="rule.claim")
    position = serializers.IntegerField(source="rule.position")
    matched = serializers.BooleanField()
    result = serializers.CharField()
    why = serializers.CharField(source="sentence")
    values = serializers.ListField(child=serializers.CharField())


class RefusalOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(source="__str__")


class SimulationOut(serializers.Serializer[Explanation]):
    """What these attributes would give. `refusal` is null where they give a role."""

    roles = serializers.SerializerMethodField()
    username = serializers.SerializerMethodField()
    session_seconds = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    claims = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()

    def get_roles(self, row: Explanation) -> list[str]:
        return [] if row.grant is None else [role.name for role in row.grant.roles]

    def get_username(self, row: Explanation) -> str:
        return "" if row.grant is None else row.grant.username

    def get_session_seconds(self, row: Explanation) -> int | None:
        return None if row.grant is None else row.grant.session_seconds

    def get_tags(self, row: Explanation) -> dict[str, str]:
        return {} if row.grant is None else dict(row.grant.tags)

    def get_claims(self, row: Explanation) -> dict[str, list[str]]:
        return {} if row.claims is None else {n: list(v) for n, v in row.claims.values.items()}

    @extend_schema_field(RuleOutcomeOut(many=True))
    def get_rules(self, row: Explanation) -> list[dict[str, Any]]:
        outcomes = () if row.claims is None else row.claims.outcomes
        return [dict(RuleOutcomeOut(outcome).data) for outcome in outcomes]

    @extend_schema_field(RefusalOut(allow_null=True))
    def get_refusal(self, row: Explanation) -> dict[str, str] | None:
        if row.refusal is None:
            return None
        return {"code": row.refusal.code, "detail": str(row.refusal)}
