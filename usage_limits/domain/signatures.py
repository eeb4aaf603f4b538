"""Standard Webhooks: what a receiver checks (https://www.standardwebhooks.com, version 1)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
FRESH_SECONDS = 300


def secret_bytes(secret: str) -> bytes:
    """The key in a `whsec_…` secret; any other text is its own key."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def headers(
    *, message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of one delivery: a signature by each secret, with spaces between them."""
    made = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secrets:
        made["webhook-signature"] = " ".join(
            _signature(message_id=message_id, timestamp=timestamp, body=body, secret=secret)
            for secret in secrets
        )
    return made


def is_authentic(*, given: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """What a receiver does: refuse an old, altered or swapped message."""
    timestamp = given.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > FRESH_SECONDS:
        return False
    wanted = _signature(
        message_id=given.get("webhook-id", ""),
        timestamp=int(timestamp),
        body=body,
        secret=secret,
    )
    offered = given.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in offered)


def _signature(*, message_id: str, timestamp: int, body: bytes, secret: str) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
