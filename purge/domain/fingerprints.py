"""Fingerprints of every identifier of a lake: `identifiers.fingerprint`, for one key, quickly."""

import hmac
import struct
from collections.abc import Callable


def fingerprints(key: bytes) -> Callable[[str, str, str], int]:
    """`fingerprint` of (type, name, value) for one key, quick enough for every record of a lake."""
    prefixes: dict[tuple[str, str], bytes] = {}
    digest, to_number = hmac.digest, struct.Struct(">q").unpack_from

    def of(kind: str, name: str, value: str) -> int:
        prefix = prefixes.get((kind, name))
        if prefix is None:
            prefix = prefixes[kind, name] = f"{kind}\0{name}\0".encode("utf-8", "surrogatepass")
        message = prefix + value.encode("utf-8", "surrogatepass")
        number: int = to_number(digest(key, message, "sha256"))[0]
        return number or 1

    return of
