"""Our own keys on an identity provider's page: which signs, and the steps of a rollover."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from federation import wiring
from federation.models import IdentityProvider
from federation.selectors import own_keys
from federation.selectors.own_keys import KeyState, OwnKeyState
from federation.services import service_provider_keys
from governance.adminsite.actions import detail_action
from governance.adminsite.fields import MomentField
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action


class RollForm(forms.Form):
    switch_at = MomentField(
        label="Let it sign from",
        required=False,
        help_text="In UTC. Leave it empty to decide later, by a button.",
    )


def _has(state: KeyState) -> Any:  # noqa: ANN401 - a predicate of the page
    def shown(row: IdentityProvider) -> bool:
        return any(key.state is state for key in own_keys.states(row, now=timezone.now()))

    return shown


def _has_room(row: IdentityProvider) -> bool:
    held = own_keys.states(row, now=timezone.now())
    return len(held) < service_provider_keys.MOST_KEYS


class ProviderKeysMixin(NamespacedModelAdmin):
    """Adds `our_keys` and three buttons to a provider's page."""

    @display(description="Our keys")
    def our_keys(self, row: IdentityProvider) -> SafeString | str:
        states = own_keys.states(row, now=timezone.now())
        lines = [(key.fingerprint[:16], _turn(key), f"{key.not_after:%Y-%m-%d}") for key in states]
        held = format_html_join("", "<div>SHA-256 {}…: {}, until {}</div>", lines)
        return held or "None: one is made when something here needs it."

    @detail_action(
        label="Roll our key",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="key",
        form=RollForm,
        intro="A new key is made and published in our metadata beside the one that signs. Let the "
        "provider fetch or import that metadata before the new key signs.",
        shown=_has_room,
    )
    def roll_key(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        service_provider_keys.roll(
            provider=row,
            switch_at=values["switch_at"],
            key_maker=wiring.provider_ports().key_maker,
            actor=self.actor(request),
            now=timezone.now(),
        )
        return "The next key is published in our metadata."

    @detail_action(
        label="Sign with the next key",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="published_with_changes",
        shown=_has(KeyState.NEXT),
    )
    def switch_key(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        del values
        service_provider_keys.switch(provider=row, actor=self.actor(request), now=timezone.now())
        return "The next key signs now. The previous one still opens what is encrypted to it."

    @detail_action(
        label="Drop the previous key",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="key_off",
        danger=True,
        shown=_has(KeyState.PREVIOUS),
    )
    def drop_key(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        del values
        service_provider_keys.drop_previous(
            provider=row, actor=self.actor(request), now=timezone.now()
        )
        return "The previous key is gone. Only what the current key opens can be read."


def _turn(key: OwnKeyState) -> str:
    match key.state:
        case KeyState.SIGNING:
            return "signs"
        case KeyState.PREVIOUS:
            return "signed before, still opens"
        case KeyState.NEXT:
            if key.signs_from is None:
                return "published, waits to sign"
            return f"published, signs from {key.signs_from:%Y-%m-%d %H:%M} UTC"
