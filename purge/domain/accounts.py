"""Keyed fingerprints of values as accounts are compared, under whichever name a dataset has them.

Identifiers of records stay exact and typed (`identifiers.py`); these serve the gate alone that
keeps erased people from coming in as a new account.
"""

import hmac
from collections.abc import Collection

from governance.tenancy.domain import people

DOMAIN = "account\0\0"
"""No type of identifiers is called so: these fingerprints meet no others."""


def fingerprints(names: Collection[str], *, key: bytes) -> frozenset[str]:
    """Of those names that mean one person everywhere."""
    return frozenset(_fingerprint(one, key=key) for one in people.telling(names))


def fingerprint(value: str, *, key: bytes) -> str:
    """Empty for what may be somebody else's elsewhere."""
    return _fingerprint(value, key=key) if people.is_telling(value.strip()) else ""


def _fingerprint(name: str, *, key: bytes) -> str:
    message = f"{DOMAIN}{people.folded(name)}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256")[:16].hex()
