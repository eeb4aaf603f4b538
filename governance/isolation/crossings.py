"""The few look-ups that must cross namespaces before a scope can be opened, each by name.

Each is an SQL function (SECURITY DEFINER) that answers one question with ids and nothing else.
"""

from uuid import UUID

from django.db import connection


def namespace_named(name: str) -> UUID | None:
    """The namespace of that name: an address in a URL, before anybody has signed in."""
    row = _one("SELECT lakewarden_namespace_named(%s)", name)
    return None if row is None else row[0]


def token_of_digest(digest: str) -> tuple[UUID, UUID | None] | None:
    """The API token with this SHA-256 and its namespace (None: the platform's)."""
    row = _one("SELECT token_id, namespace_id FROM lakewarden_token_of_digest(%s)", digest)
    return None if row is None else (row[0], row[1])


def local_user_of_login_name(login_name: str) -> tuple[UUID, UUID | None] | None:
    """The local user of this login name and their namespace (None: the platform's)."""
    row = _one("SELECT user_id, namespace_id FROM lakewarden_local_user(%s)", login_name)
    return None if row is None else (row[0], row[1])


def namespace_of_domain(domain: str) -> UUID | None:
    """The namespace whose enabled directory owns this domain name."""
    row = _one("SELECT lakewarden_namespace_of_domain(%s)", domain)
    return None if row is None else row[0]


def _one(sql: str, value: str) -> tuple[UUID, ...] | None:
    if "\0" in value:
        return None  # PostgreSQL has no such text, so nothing can bear it
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        row = cursor.fetchone()
    return None if row is None or row[0] is None else row
