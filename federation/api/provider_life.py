"""A provider's refreshes, its enforcement and the roles it may name, over REST."""

from functools import cached_property
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from federation import wiring
from federation.api.provider_serializers import IdentityProviderOut
from federation.ports import ProviderPorts
from federation.services import enforcements, metadata_refreshes, role_trust
from governance.restapi.serializers import ScopedRelatedField, StrictSerializer
from governance.restapi.views import ReadViewSet
from governance.tenancy.models import Role, User


class EnforceIn(StrictSerializer):
    """The one local administrator who may still sign in by password."""

    break_glass_user = ScopedRelatedField(model=User)


class NameRolesIn(StrictSerializer):
    roles = ScopedRelatedField(model=Role, many=True)


class ProviderLifeMixin(ReadViewSet):
    """Adds `refresh/`, `enforce/`, `lift/` and `name-roles/` to a provider."""

    @cached_property
    def ports(self) -> ProviderPorts:
        return wiring.provider_ports()

    @extend_schema(request=None, responses={200: IdentityProviderOut})
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Fetch the metadata from its URL again. A failure keeps what worked."""
        row = self.get_object()
        metadata_refreshes.refresh(
            provider=row,
            ports=self.ports,
            actor=self.actor,
            now=self.now,
        )
        return self._again()

    @extend_schema(request=EnforceIn, responses={200: IdentityProviderOut})
    @action(detail=True, methods=["post"])
    def enforce(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Close password sign-in of local users. Needs a sign-in or test that succeeded."""
        enforcements.enforce(
            provider=self.get_object(),
            break_glass_user=self.validated(EnforceIn)["break_glass_user"],
            actor=self.actor,
            now=self.now,
        )
        return self._again()

    @extend_schema(request=None, responses={200: IdentityProviderOut})
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Allow passwords again."""
        enforcements.lift(provider=self.get_object(), actor=self.actor, now=self.now)
        return self._again()

    @extend_schema(request=NameRolesIn, responses={200: IdentityProviderOut})
    @action(detail=True, methods=["post"], url_path="name-roles")
    def name_roles(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Let the provider name these roles itself: their trust policies name it from now on."""
        role_trust.entrust(
            provider=self.get_object(),
            roles=self.validated(NameRolesIn)["roles"],
            public_url=settings.PUBLIC_URL,
            actor=self.actor,
            now=self.now,
        )
        return self._again()

    def _again(self) -> Response:
        return Response(self.rendered(self.get_object()))
