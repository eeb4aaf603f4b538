"""The namespace's own keys, made when they are first needed."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.isolation.scopes import current_namespace_id
from governance.secrets import sealing
from purge.models import PurgeKeys

KEY_BYTES = 32


def keys() -> PurgeKeys:
    """The one row of the open scope. Two that make it at once end with the same."""
    found = PurgeKeys.objects.first()
    if found is not None:
        return found
    fresh = PurgeKeys(namespace_id=current_namespace_id())
    sealing.put(fresh, "fingerprint_key", secrets.token_bytes(KEY_BYTES).hex())
    sealing.put(fresh, "signing_key", Ed25519PrivateKey.generate().private_bytes_raw().hex())
    PurgeKeys.objects.bulk_create([fresh], ignore_conflicts=True)
    return PurgeKeys.objects.get()


def fingerprint_key() -> bytes:
    return _opened(keys(), "fingerprint_key")


def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_opened(keys(), "signing_key"))


def _opened(row: PurgeKeys, column: str) -> bytes:
    value = sealing.get(row, column)
    if value is None:
        message = f"The namespace's {column} is missing."
        raise sealing.SecretUnreadableError(message)
    return bytes.fromhex(value.reveal())
