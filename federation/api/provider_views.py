"""Identity providers and claim rules over REST."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from federation.api.provider_keys import ProviderKeysMixin
from federation.api.provider_life import ProviderLifeMixin
from federation.api.provider_serializers import (
    ClaimRuleIn,
    ClaimRuleOut,
    IdentityProviderIn,
    IdentityProviderOut,
    PreviewIn,
    PreviewOut,
)
from federation.api.provider_simulations import ProviderSimulationsMixin
from federation.models import ClaimRule, IdentityProvider
from federation.services import (
    claim_rules,
    fetched_metadata,
    identity_providers,
    provider_metadata,
)
from governance.isolation import scopes
from governance.kernel.actions import Action
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin


class IdentityProviderViewSet(
    ProviderLifeMixin,
    ProviderSimulationsMixin,
    ProviderKeysMixin,
    CreateMixin,
    UpdateMixin,
    DestroyMixin,
    ReadViewSet,
):
    """Who may say who a person is."""

    model = IdentityProvider
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    action_permissions: ClassVar[dict[str, Action]] = {
        "simulate": Action.READ_FEDERATION,
        "name_roles": Action.MANAGE_ROLES,
    }
    serializer_class = IdentityProviderOut
    input_serializer_class = IdentityProviderIn
    filterset_fields = ("name", "enabled")
    ordering_fields = ("name", "created_at")

    def get_queryset(self) -> QuerySet[IdentityProvider]:
        rows = IdentityProvider.objects.select_related("namespace")
        return rows.prefetch_related("certificates", "enforcements")

    def ask_ahead(self) -> None:
        """The metadata that the work would fetch."""
        if self.action == "create":
            values = self.get_input()
            url = "" if values.get("metadata_xml") else values.get("metadata_url", "")
        elif self.action == "refresh":
            url = self.get_object().metadata_url
        else:
            return
        if url:
            with scopes.resting():
                self.ports = fetched_metadata.ahead(ports=self.ports, url=url)

    def perform_create(self, values: dict[str, Any]) -> IdentityProvider:
        made = identity_providers.create(
            values=values,  # type: ignore[arg-type] # the serializer's shape
            ports=self.ports,
            actor=self.actor,
            now=self.now,
        )
        return self.get_queryset().get(pk=made.pk)

    def perform_update(self, row: IdentityProvider, values: dict[str, Any]) -> IdentityProvider:
        identity_providers.change(
            provider=row,
            values=values,  # type: ignore[arg-type] # the serializer's shape
            ports=self.ports,
            actor=self.actor,
            now=self.now,
        )
        return self.get_queryset().get(pk=row.pk)

    def perform_destroy(self, row: IdentityProvider) -> None:
        identity_providers.remove(provider=row, actor=self.actor, now=self.now)

    @extend_schema(request=PreviewIn, responses={200: PreviewOut})
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """What metadata holds and what importing it would change. Saves nothing."""
        values = self.validated(PreviewIn)
        seen = provider_metadata.preview(
            provider=self.get_object(),
            xml=values["metadata_xml"],
            entity_id=values["entity_id"],
            reader=self.ports.reader,
            now=self.now,
        )
        return Response(PreviewOut(seen).data)


class ClaimRuleViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Which claim a person gets: rows run top down, and the last match wins."""

    model = ClaimRule
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    serializer_class = ClaimRuleOut
    input_serializer_class = ClaimRuleIn
    filterset_fields = ("identity_provider", "claim", "source")
    ordering_fields = ("position", "claim", "created_at")

    def perform_create(self, values: dict[str, Any]) -> ClaimRule:
        return claim_rules.create(
            values=values,  # type: ignore[arg-type] # the serializer's shape
            actor=self.actor,
            now=self.now,
        )

    def perform_update(self, row: ClaimRule, values: dict[str, Any]) -> ClaimRule:
        return claim_rules.change(
            rule=row,
            values=values,  # type: ignore[arg-type] # the serializer's shape
            actor=self.actor,
            now=self.now,
        )

    def perform_destroy(self, row: ClaimRule) -> None:
        claim_rules.remove(rule=row, actor=self.actor, now=self.now)
