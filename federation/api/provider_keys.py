"""Our own keys towards an identity provider over REST: their turns, and the steps of a rollover."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from federation import wiring
from federation.models import IdentityProvider
from federation.selectors import own_keys
from federation.selectors.own_keys import KeyState, OwnKeyState
from federation.services import service_provider_keys
from governance.restapi.serializers import StrictSerializer
from governance.restapi.views import ReadViewSet


class OwnKeyOut(serializers.Serializer[OwnKeyState]):
    """One of our key pairs. `next` is published, `signing` signs, `previous` opens only."""

    fingerprint = serializers.CharField()
    state = serializers.ChoiceField(choices=[(state.value, state.value) for state in KeyState])
    signs_from = serializers.DateTimeField(allow_null=True)
    not_after = serializers.DateTimeField()


class RollKeyIn(StrictSerializer):
    switch_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When the next key begins to sign; null to say so later, by `switch-key/`.",
    )


class ProviderKeysMixin(ReadViewSet):
    """Adds `keys/`, `roll-key/`, `switch-key/` and `drop-key/` to a provider."""

    @extend_schema(responses={200: OwnKeyOut(many=True)}, filters=False)
    @action(detail=True, methods=["get"], url_path="keys", pagination_class=None)
    def own_keys_held(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Our keys and whose turn it is, newest first."""
        return self._keys(self.get_object())

    @extend_schema(request=RollKeyIn, responses={200: OwnKeyOut(many=True)})
    @action(detail=True, methods=["post"], url_path="roll-key")
    def roll_key(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Publish a next key beside the one that signs."""
        provider = self.get_object()
        service_provider_keys.roll(
            provider=provider,
            switch_at=self.validated(RollKeyIn)["switch_at"],
            key_maker=wiring.provider_ports().key_maker,
            actor=self.actor,
            now=self.now,
        )
        return self._keys(provider)

    @extend_schema(request=None, responses={200: OwnKeyOut(many=True)})
    @action(detail=True, methods=["post"], url_path="switch-key")
    def switch_key(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Let the next key sign from now on."""
        provider = self.get_object()
        service_provider_keys.switch(provider=provider, actor=self.actor, now=self.now)
        return self._keys(provider)

    @extend_schema(request=None, responses={200: OwnKeyOut(many=True)})
    @action(detail=True, methods=["post"], url_path="drop-key")
    def drop_key(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Forget the previous key: what is encrypted to it opens no more."""
        provider = self.get_object()
        service_provider_keys.drop_previous(provider=provider, actor=self.actor, now=self.now)
        return self._keys(provider)

    def _keys(self, provider: IdentityProvider) -> Response:
        states = own_keys.states(provider, now=self.now)
        return Response(OwnKeyOut(list(states), many=True).data)  # type: ignore[arg-type] # many
