"""The simulator over REST: what attributes, or a captured response, would give."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from federation import wiring
from federation.domain import explanations
from federation.domain.captures import LONGEST_RESPONSE, Fact
from federation.domain.limits import LimitCheck
from federation.services import simulations
from federation.services.simulations import Simulation
from governance.restapi.serializers import StrictSerializer
from governance.restapi.views import ReadViewSet

MOST_SIMULATED = 200
MOST_SIMULATED_VALUES = 2_000


class ValuesField(serializers.ListField):
    """One value or a list of them."""

    child = serializers.CharField(max_length=16_384, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[str]:  # noqa: ANN401 - DRF's own type
        values: list[str] = super().to_internal_value([data] if isinstance(data, str) else data)
        return values


class SimulateIn(StrictSerializer):
    """Attributes as an assertion carries them, one value or several by name; or a response.

    `saml_response` is what a browser posted (base64). It is read without any proof.
    """

    attributes = serializers.DictField(
        child=ValuesField(max_length=MOST_SIMULATED_VALUES), required=False
    )
    saml_response = serializers.CharField(required=False, max_length=LONGEST_RESPONSE)
    name_id = serializers.CharField(max_length=1024, required=False, default="someone")

    def validate_attributes(self, values: dict[str, list[str]]) -> dict[str, list[str]]:
        if len(values) > MOST_SIMULATED:
            message = f"At most {MOST_SIMULATED} attributes."
            raise serializers.ValidationError(message)
        return values

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("attributes" in attrs) == ("saml_response" in attrs):
            message = "Give either attributes or a captured saml_response."
            raise serializers.ValidationError({"attributes": message})
        return attrs


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
    detail = serializers.CharField()
    what_to_change = serializers.CharField()


class LimitOut(serializers.Serializer[LimitCheck]):
    claim = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField(source="sentence")


class FactOut(serializers.Serializer[Fact]):
    what = serializers.CharField()
    found = serializers.CharField()
    expected = serializers.CharField()
    fits = serializers.BooleanField()


class SimulationOut(serializers.Serializer[Simulation]):
    """What these attributes would give. `refusal` is null where they give a role.

    `proved` is always false: nothing was verified. `arrived` compares a captured response with
    what is configured.
    """

    proved = serializers.SerializerMethodField()
    name_id = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    limits = LimitOut(many=True)
    arrived = FactOut(many=True, source="facts")

    roles = serializers.SerializerMethodField()
    username = serializers.SerializerMethodField()
    session_seconds = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    claims = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()

    def get_proved(self, row: Simulation) -> bool:  # noqa: ARG002 - DRF's
        return False

    def get_roles(self, row: Simulation) -> list[str]:
        return (
            []
            if row.explanation.grant is None
            else [role.name for role in row.explanation.grant.roles]
        )

    def get_username(self, row: Simulation) -> str:
        return "" if row.explanation.grant is None else row.explanation.grant.username

    def get_session_seconds(self, row: Simulation) -> int | None:
        return None if row.explanation.grant is None else row.explanation.grant.session_seconds

    def get_tags(self, row: Simulation) -> dict[str, str]:
        return {} if row.explanation.grant is None else dict(row.explanation.grant.tags)

    def get_claims(self, row: Simulation) -> dict[str, list[str]]:
        return (
            {}
            if row.explanation.claims is None
            else {n: list(v) for n, v in row.explanation.claims.values.items()}
        )

    @extend_schema_field(RuleOutcomeOut(many=True))
    def get_rules(self, row: Simulation) -> list[dict[str, Any]]:
        outcomes = () if row.explanation.claims is None else row.explanation.claims.outcomes
        return [dict(RuleOutcomeOut(outcome).data) for outcome in outcomes]

    @extend_schema_field(RefusalOut(allow_null=True))
    def get_refusal(self, row: Simulation) -> dict[str, str] | None:
        if row.explanation.refusal is None:
            return None
        refusal = row.explanation.refusal
        return {
            "code": refusal.code,
            "detail": str(refusal),
            "what_to_change": explanations.remedy(refusal.code),
        }


class ProviderSimulationsMixin(ReadViewSet):
    """Adds `simulate/` to a provider."""

    @extend_schema(request=SimulateIn, responses={200: SimulationOut})
    @action(detail=True, methods=["post"])
    def simulate(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Which role these attributes would give, rule by rule. Nobody is signed in."""
        values = self.validated(SimulateIn)
        provider = self.get_object()
        if "saml_response" in values:
            simulation = simulations.of_response(
                provider=provider,
                saml_response=values["saml_response"],
                reader=wiring.response_reader(),
                public_url=settings.PUBLIC_URL,
            )
        else:
            simulation = simulations.of_attributes(
                provider=provider,
                name_id=values["name_id"],
                attributes=values["attributes"],
                public_url=settings.PUBLIC_URL,
            )
        return Response(SimulationOut(simulation).data)
