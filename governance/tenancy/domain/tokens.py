"""The shape of API tokens: `lwt_` + 43 characters of randomness + a checksum for secret scanners.

256 bits from the operating system; the last six characters are the CRC-32 of the rest in
base 62, as GitHub's token format has it, so that a scanner can tell a token from noise.
"""

import hashlib
import hmac
import secrets
import string
import zlib

MARK = "lwt_"
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = 12
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def generate() -> str:
    body = MARK + secrets.token_urlsafe(32)
    return body + _checksum(body)


def is_well_formed(token: str) -> bool:
    """Whether it can be one of ours at all; spares the database a look-up."""
    body, checksum = token[:-CHECKSUM_LENGTH], token[-CHECKSUM_LENGTH:]
    return (
        token.isascii()
        and token.startswith(MARK)
        and hmac.compare_digest(_checksum(body), checksum)
    )


def digest(token: str) -> str:
    """SHA-256 in hex. A token has 256 random bits, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    characters = []
    for _ in range(CHECKSUM_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[rest])
    return "".join(reversed(characters))
