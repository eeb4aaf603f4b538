"""Fingerprints of every identifier of a lake: `identifiers.fingerprint`, for one key, quickly."""

import sys
from array import array
from collections.abc import Callable, Collection, Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

WORDS = 4
"""A digest has so many numbers of eight bytes; the first is the fingerprint."""


def fingerprints(key: bytes) -> Callable[[str, str, Collection[str]], Sequence[int]]:
    """`fingerprint` of (type, name, values) for one key, quick enough for every record of a lake.

    What an HMAC begins with (the key, type and name) is hashed once and copied for each value: a
    third of the time that the standard library's takes.
    """
    begun: dict[tuple[str, str], Callable[[], HMAC]] = {}

    def of(kind: str, name: str, values: Collection[str]) -> Sequence[int]:
        begin = begun.get((kind, name))
        if begin is None:
            first = HMAC(key, SHA256())
            first.update(f"{kind}\0{name}\0".encode("utf-8", "surrogatepass"))
            begin = begun[kind, name] = first.copy
        digests = []
        for value in _encoded(values):
            mac = begin()
            mac.update(value)
            digests.append(mac.finalize())
        numbers = array("q", b"".join(digests))[::WORDS]
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers if all(numbers) else [number or 1 for number in numbers]

    return of


def _encoded(values: Collection[str]) -> Sequence[bytes]:
    try:
        return list(map(str.encode, values))
    except UnicodeEncodeError:
        return [value.encode("utf-8", "surrogatepass") for value in values]
