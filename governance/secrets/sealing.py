"""Sealing: AES-256-GCM with a key id, and the secret's place as associated data.

A sealed value reads `v1:<key id>:<base64 of nonce and ciphertext>`. The associated data is the
table, column, row and namespace, so that a ciphertext copied to another place does not open
(NIST SP 800-38D). Keys come from the setting FIELD_KEYS: `id:base64key,…`, the first seals and
all open.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as randomness
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from governance.kernel.personal import Personal

VERSION = "v1"
NONCE_BYTES = 12
KEY_BYTES = 32


class SecretUnreadableError(RuntimeError):
    """A sealed value was altered, moved, or its key is gone. Never an answer to a person."""


class SealedRow(Protocol):
    """What sealing needs of a row: a Django model of a namespace."""

    @property
    def pk(self) -> UUID: ...
    @property
    def namespace_id(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id. The first seals; all of them open."""

    keys: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """From `id:base64key,id:base64key`. Raises ValueError with what is wrong."""
        keys = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            key_id, separator, encoded = part.partition(":")
            if not key_id or not separator or len(key := _decoded(encoded)) != KEY_BYTES:
                message = "each key is written id:base64 with 32 bytes behind the base64"
                raise ValueError(message)
            keys.append((key_id, key))
        if not keys:
            message = "at least one key is needed"
            raise ValueError(message)
        return cls(keys=tuple(keys))

    @property
    def current(self) -> tuple[str, bytes]:
        return self.keys[0]

    def key(self, key_id: str) -> bytes:
        for known_id, key in self.keys:
            if known_id == key_id:
                return key
        message = f"The key {key_id!r} is not in FIELD_KEYS."
        raise SecretUnreadableError(message)


def key_ring() -> KeyRing:
    return KeyRing.parse(settings.FIELD_KEYS)


def put(row: SealedRow, column: str, value: str) -> None:
    """Seal `value` into the row's text column; an empty value empties the column."""
    key_id, key = key_ring().current
    sealed = ""
    if value:
        nonce = randomness.token_bytes(NONCE_BYTES)
        box = AESGCM(key).encrypt(nonce, value.encode(), _place(row, column, key_id))
        sealed = f"{VERSION}:{key_id}:{base64.b64encode(nonce + box).decode()}"
    setattr(row, column, sealed)


def get(row: SealedRow, column: str) -> Personal[str] | None:
    """The value behind the row's column, or None where it is empty.

    Raises SecretUnreadableError where the value was altered, moved, or its key is gone.
    """
    sealed: str = getattr(row, column)
    if not sealed:
        return None
    version, _, rest = sealed.partition(":")
    key_id, _, encoded = rest.partition(":")
    if version != VERSION:
        message = "A sealed value has an unknown version."
        raise SecretUnreadableError(message)
    raw = base64.b64decode(encoded)
    try:
        opened = AESGCM(key_ring().key(key_id)).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(row, column, key_id)
        )
    except InvalidTag as error:
        message = "A sealed value was altered or stands in another place than it was made for."
        raise SecretUnreadableError(message) from error
    return Personal(opened.decode())


def reseal(row: SealedRow, column: str) -> bool:
    """Seal the row's value with the current key. True where that changed anything."""
    sealed: str = getattr(row, column)
    if not sealed or sealed.split(":", 2)[1] == key_ring().current[0]:
        return False
    value = get(row, column)
    if value is not None:
        put(row, column, value.reveal())
    return True


def derived_key(*, purpose: str, key_id: str | None = None) -> bytes:
    """A key of its own for a purpose (fingerprints, audit), derived from a ring's key."""
    ring = key_ring()
    key = ring.current[1] if key_id is None else ring.key(key_id)
    return hmac.new(key, f"lakewarden:{purpose}".encode(), hashlib.sha256).digest()


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def _place(row: SealedRow, column: str, key_id: str) -> bytes:
    table = type(row)._meta.db_table  # type: ignore[attr-defined]  # noqa: SLF001 - Django's name
    return "\x1f".join(
        (VERSION, key_id, table, column, str(row.pk), str(row.namespace_id))
    ).encode()
