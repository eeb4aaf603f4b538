"""Our own key pairs towards an identity provider: which signs, which are published, which open.

At most two. The one whose `signs_from` passed last signs. While they take turns both are
published for signing, so that the provider knows the next before it signs; for encryption only
the newest is, and both open what was encrypted to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from federation.domain.saml import OwnDescription, ServiceProvider
from federation.models import IdentityProvider, ServiceProviderKey
from federation.ports import OwnKey
from governance.kernel.personal import Personal
from governance.secrets import sealing


class KeyState(StrEnum):
    NEXT = "next"
    SIGNING = "signing"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeyState:
    """A key pair of ours and its turn. No secret is in it."""

    fingerprint: str
    state: KeyState
    signs_from: datetime | None
    not_after: datetime


def states(provider: IdentityProvider, *, now: datetime) -> Sequence[OwnKeyState]:
    """Our keys, newest first."""
    rows = _newest_first(provider)
    signing = _signing(rows, now=now)
    return [
        OwnKeyState(
            fingerprint=row.fingerprint,
            state=_state(row, signing),
            signs_from=row.signs_from,
            not_after=row.not_after,
        )
        for row in rows
    ]


def current(provider: IdentityProvider, *, now: datetime) -> OwnKey | None:
    """The key that signs now."""
    row = _signing(_newest_first(provider), now=now)
    private_key = None if row is None else sealing.get(row, "private_key")
    if row is None or private_key is None:
        return None
    return OwnKey(private_key=private_key, certificate=row.certificate)


def opening(provider: IdentityProvider) -> tuple[Personal[str], ...]:
    """Every private key that an assertion may be encrypted to, newest first."""
    sealed = (sealing.get(row, "private_key") for row in _newest_first(provider))
    return tuple(key for key in sealed if key is not None)


def description(provider: IdentityProvider, *, own: ServiceProvider) -> OwnDescription:
    """What our metadata says of us. The certificate that signs is among the first two."""
    certificates = tuple(row.certificate for row in _newest_first(provider))
    return OwnDescription(
        service_provider=own,
        requests_signed=provider.sign_requests,
        signing_certificates=certificates,
        encryption_certificates=certificates[:1],
    )


def is_wanted(provider: IdentityProvider) -> bool:
    """Whether what is configured needs a key of ours. A logout must be signed (profiles 4.4.3)."""
    return (
        provider.sign_requests
        or provider.sign_metadata
        or provider.want_assertions_encrypted
        or bool(provider.slo_url)
    )


def _newest_first(provider: IdentityProvider) -> list[ServiceProviderKey]:
    return list(provider.service_provider_keys.order_by("-created_at", "-id"))


def _signing(rows: Sequence[ServiceProviderKey], *, now: datetime) -> ServiceProviderKey | None:
    begun = [row for row in rows if row.signs_from is not None and row.signs_from <= now]
    return max(begun, key=lambda row: (row.signs_from, row.created_at), default=None)


def _state(row: ServiceProviderKey, signing: ServiceProviderKey | None) -> KeyState:
    if signing is not None and row.pk == signing.pk:
        return KeyState.SIGNING
    if signing is None or row.created_at > signing.created_at:
        return KeyState.NEXT
    return KeyState.PREVIOUS
