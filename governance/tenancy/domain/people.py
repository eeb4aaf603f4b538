"""What is known of a person when they come in, as plain values."""

from dataclasses import dataclass
from uuid import UUID

LONGEST_EMAIL = 254  # What is stored (RFC 5321, 4.5.3.1.3); validators let 320 through.


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProvidedPerson:
    """A person as an identity provider or directory names them.

    `source` is `saml`, `ldap` or `scim`; `provider_id` is the provider's row; `subject` is the
    stable name there (NameID, entryUUID, externalId), which alone identifies them. `aliases` are
    other stable names that the same provider vouches for.
    """

    source: str
    provider_id: UUID
    subject: str
    username: str
    aliases: tuple[str, ...] = ()
    email: str = ""
    display_name: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Every name that the provider has for them, the stable one first."""
        return (self.subject, *(alias for alias in self.aliases if alias))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LocalPerson:
    """A person who signs in here with a password."""

    login_name: str
    email: str = ""
    display_name: str = ""
