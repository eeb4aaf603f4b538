"""What is known of a person when they come in, as plain values."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

LONGEST_EMAIL = 254  # What is stored (RFC 5321, 4.5.3.1.3); validators let 320 through.
# What means one person everywhere. A short name or number may be somebody else's elsewhere.
TELLING = re.compile(
    r"[^@\s]+@[^@\s]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)


def telling(names: Collection[str]) -> frozenset[str]:
    """Those that mean one person everywhere: addresses and UUIDs, also behind a role's name.

    `author/ann@acme.example` is how somebody is called in a role.
    """
    spelled = {one for name in names for one in (name.strip(), name.strip().rpartition("/")[2])}
    return frozenset(one for one in spelled if is_telling(one))


def is_telling(name: str) -> bool:
    return TELLING.fullmatch(name) is not None


def folded(name: str) -> str:
    """As accounts are compared: without case, letters of one width, composed.

    Directories compare principal names and addresses so (RFC 4524, 2.16; RFC 8265, 3.3); what
    looks the same is no other name (https://www.unicode.org/reports/tr36/, 2.1).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


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
