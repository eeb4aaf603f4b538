"""Under what the index knows one version of an object: its key, and which one where it is old."""

VersionedKey = tuple[str, str]


def of(*, key: str, version: str, current: bool) -> VersionedKey:
    """The version in force has none of its own: an object that is written anew stays one entry."""
    return key, "" if current else version
