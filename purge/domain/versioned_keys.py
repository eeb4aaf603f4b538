"""Under what the index knows one version of an object: its key, and which one where it is old."""

from typing import Protocol

VersionedKey = tuple[str, str]


class Versioned(Protocol):
    """A version of an object. `current`: it is the one in force."""

    @property
    def key(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def current(self) -> bool: ...


def of(one: Versioned) -> VersionedKey:
    """The version in force has none of its own: an object that is written anew stays one entry."""
    return one.key, "" if one.current else one.version
