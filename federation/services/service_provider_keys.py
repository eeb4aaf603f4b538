"""Our own key pairs, one or two for each identity provider; the newest signs."""

from federation.models import IdentityProvider
from federation.ports import OwnKey
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
