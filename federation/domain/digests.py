"""What is kept of a secret, or of a stranger's text of any length: its SHA-256."""

import hashlib


def digest_of(text: str) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
