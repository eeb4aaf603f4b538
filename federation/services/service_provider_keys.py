"""Our own key pairs, one or two for each identity provider; the newest signs."""

from datetime import datetime

from federation.models import IdentityProvider, ServiceProviderKey
from federation.ports import OwnKey, OwnKeyMaker
from governance.secrets import sealing


def current(provider: IdentityProvider) -> OwnKey | None:
    row = provider.service_provider_keys.order_by("-created_at", "-id").first()
    if row is None:
        return None
    private_key = sealing.get(row, "private_key")
    if private_key is None:
        return None
    return OwnKey(private_key=private_key, certificate=row.certificate)


def certificates(provider: IdentityProvider) -> tuple[str, ...]:
    keys = provider.service_provider_keys.order_by("-created_at", "-id")
    return tuple(keys.values_list("certificate", flat=True))


def ensure(*, provider: IdentityProvider, key_maker: OwnKeyMaker, now: datetime) -> None:
    """A key pair to sign requests with, unless there is one that is still good."""
    if provider.service_provider_keys.filter(not_after__gt=now).exists():
        return
    own, described = key_maker.own_key(common_name=f"lakewarden {provider.name}", now=now)
    row = ServiceProviderKey(
        identity_provider=provider,
        namespace_id=provider.namespace_id,
        certificate=own.certificate,
        fingerprint=described.fingerprint,
        not_after=described.not_after,
    )
    sealing.put(row, "private_key", own.private_key.reveal())
    row.save()
