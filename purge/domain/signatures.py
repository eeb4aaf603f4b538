"""Whether a certificate is genuine: its hash and its signature, from the paper alone."""

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from purge.domain.reports import canonical_json, digest


def is_genuine(*, document: dict[str, Any], signature: str, public_key: str) -> bool:
    """Whether this very document was signed with the key that belongs to `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True)).verify(
            base64.b64decode(signature, validate=True), canonical_json(document)
        )
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def is_hash_of(document: dict[str, Any], *, claimed: str) -> bool:
    return digest(document) == claimed
