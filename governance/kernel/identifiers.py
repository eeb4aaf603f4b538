"""Public identifiers: UUIDv7 (RFC 9562), sortable by time and saying nothing of a table's size."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """A fresh UUIDv7 as the standard library's UUID type."""
    return UUID(int=uuid6.uuid7().int)
