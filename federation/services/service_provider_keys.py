"""Our own key pairs, one or two for each identity provider, and how one follows the other.

A rollover has three steps: the next key is published beside the one that signs; it takes over,
at once or at a moment that was chosen; the previous one is dropped. Between the steps the
identity provider has time to fetch our metadata again, and nobody's sign-in fails.
"""

from datetime import datetime, timedelta

from django.db import transaction

from federation.models import IdentityProvider, ServiceProviderKey
from federation.ports import OwnKey, OwnKeyMaker
from federation.selectors import own_keys
from federation.selectors.own_keys import KeyState
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.secrets import sealing

MOST_KEYS = 2
A_WAIT = timedelta(minutes=1)
"""Who came a moment earlier, and waited while another made the first key, sees that it signs."""


class KeysRolling(Conflict):
    code = "own_key_already_rolling"
    sentence = (
        "There are two keys already. Let the next one take over and drop the previous one first."
    )


class NoNextKey(Conflict):
    code = "own_key_no_next"
    sentence = "There is no next key that waits. Roll the key first."


class NoPreviousKey(Conflict):
    code = "own_key_no_previous"
    sentence = "There is no previous key to drop. The key that signs is never dropped."


class NoSigningKey(Conflict):
    code = "own_key_none_signs"
    sentence = "None of our keys signs yet. Let the next one take over on the provider's page."


class SwitchInThePast(Invalid):
    code = "own_key_switch_in_the_past"
    sentence = "The moment when the next key takes over lies in the past. Choose a later one."


def ensure(*, provider: IdentityProvider, key_maker: OwnKeyMaker, now: datetime) -> None:
    """A key pair that signs now, unless there is one that is still good. Expired ones go."""
    with transaction.atomic():
        _lock(provider)
        if provider.service_provider_keys.filter(not_after__gt=now).exists():
            return
        provider.service_provider_keys.all().delete()
        _make(provider, key_maker=key_maker, signs_from=now - A_WAIT, now=now)


def ensure_wanted(*, key_maker: OwnKeyMaker, now: datetime) -> None:
    """For the open scope: each provider whose configuration wants a key has one.

    Nobody saved it since it does: it was made before logouts were signed, or its metadata, which
    is refreshed by itself, names an address for logouts now.
    """
    for provider in IdentityProvider.objects.order_by("id"):
        if own_keys.is_wanted(provider):
            ensure(provider=provider, key_maker=key_maker, now=now)


def signing(*, provider: IdentityProvider, key_maker: OwnKeyMaker, now: datetime) -> OwnKey:
    """The key that signs now, made if there is none yet: a logout must be signed."""
    held = own_keys.current(provider, now=now)
    if held is not None:
        return held
    ensure(provider=provider, key_maker=key_maker, now=now)
    made = own_keys.current(provider, now=now)
    if made is None:
        raise NoSigningKey
    return made


def roll(
    *,
    provider: IdentityProvider,
    switch_at: datetime | None,
    key_maker: OwnKeyMaker,
    actor: Actor,
    now: datetime,
) -> ServiceProviderKey:
    """Publish a next key. It signs from `switch_at`, or once `switch` is called.

    The very first key signs at once. Raises KeysRolling, SwitchInThePast.
    """
    if switch_at is not None and switch_at < now:
        detail = str(SwitchInThePast())
        raise SwitchInThePast(
            errors=[FieldError(pointer="/switch_at", code=SwitchInThePast.code, detail=detail)]
        )
    with transaction.atomic():
        _lock(provider)
        held = own_keys.states(provider, now=now)
        if len(held) >= MOST_KEYS:
            raise KeysRolling
        signs_from = switch_at if held else now
        row = _make(provider, key_maker=key_maker, signs_from=signs_from, now=now)
        _record(provider, "own_key_published", fingerprint=row.fingerprint, actor=actor, now=now)
    return row


def switch(*, provider: IdentityProvider, actor: Actor, now: datetime) -> None:
    """Let the next key sign from now on; the previous one still opens. Raises NoNextKey."""
    with transaction.atomic():
        _lock(provider)
        fingerprint = _in_state(provider, KeyState.NEXT, now=now)
        if fingerprint is None:
            raise NoNextKey
        provider.service_provider_keys.filter(fingerprint=fingerprint).update(signs_from=now)
        _record(provider, "own_key_switched", fingerprint=fingerprint, actor=actor, now=now)


def drop_previous(*, provider: IdentityProvider, actor: Actor, now: datetime) -> None:
    """Forget the key that signed before: what is encrypted to it opens no more."""
    with transaction.atomic():
        _lock(provider)
        fingerprint = _in_state(provider, KeyState.PREVIOUS, now=now)
        if fingerprint is None:
            raise NoPreviousKey
        provider.service_provider_keys.filter(fingerprint=fingerprint).delete()
        _record(provider, "own_key_dropped", fingerprint=fingerprint, actor=actor, now=now)


def _in_state(provider: IdentityProvider, state: KeyState, *, now: datetime) -> str | None:
    found = (key for key in own_keys.states(provider, now=now) if key.state is state)
    return next((key.fingerprint for key in found), None)


def _lock(provider: IdentityProvider) -> None:
    """Two rolls at once must not make three keys."""
    IdentityProvider.objects.select_for_update().get(pk=provider.pk)


def _make(
    provider: IdentityProvider,
    *,
    key_maker: OwnKeyMaker,
    signs_from: datetime | None,
    now: datetime,
) -> ServiceProviderKey:
    own, described = key_maker.own_key(common_name=f"lakewarden {provider.name}", now=now)
    row = ServiceProviderKey(
        identity_provider=provider,
        namespace_id=provider.namespace_id,
        certificate=own.certificate,
        fingerprint=described.fingerprint,
        signs_from=signs_from,
        not_after=described.not_after,
    )
    sealing.put(row, "private_key", own.private_key.reveal())
    row.save()
    return row


def _record(
    provider: IdentityProvider, verb: str, *, fingerprint: str, actor: Actor, now: datetime
) -> None:
    trail.record(
        actor=actor,
        action=f"identity_provider.{verb}",
        target=provider,
        detail={"name": provider.name, "fingerprint": fingerprint},
        now=now,
    )
