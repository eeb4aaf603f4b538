"""What an administrator configured for one provider, kept in the process between sign-ins.

Why it is exact: PostgreSQL names each version of a row by the transaction that wrote it (xmin) and
its place (ctid). One query, first in the sign-in's own transaction, reads these names for every row
that a configuration is made of: the namespace, the provider, its certificates, our keys, its claim
rules and all roles. Any change by anybody (the admin, the API, another process, SQL by hand) makes
another name, and then everything is read anew. Rows are read after their names, so what is kept is
never older than it is said to be. The database and its start are part of the name, because one that
is restored counts its transactions anew. A provider that is gone, or of another namespace, has no
names: nothing is served, and row-level security is asked as for any query.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import connection

from federation.domain.claims import ClaimRule
from federation.domain.saml import Certificate, Expectation
from federation.models import IdentityProvider
from federation.selectors import identity_providers, own_keys
from governance.isolation.scopes import current_namespace_id
from governance.kernel.personal import Personal
from governance.tenancy.models import Role

MOST_KEPT = 256

# An empty answer for the provider means that it is not there.
VERSION = """
WITH provider AS (
  SELECT id, ctid, xmin FROM federation_identityprovider
  WHERE namespace_id = %(namespace)s AND name = %(name)s
), versions (version) AS (
  SELECT 'database ' || oid || pg_postmaster_start_time() FROM pg_database
    WHERE datname = current_database()
  UNION ALL SELECT 'namespace ' || ctid || xmin FROM tenancy_namespace WHERE id = %(namespace)s
  UNION ALL SELECT 'provider ' || ctid || xmin FROM provider
  UNION ALL SELECT 'certificate ' || ctid || xmin FROM federation_providercertificate
    WHERE identity_provider_id = (SELECT id FROM provider)
  UNION ALL SELECT 'key ' || ctid || xmin FROM federation_serviceproviderkey
    WHERE identity_provider_id = (SELECT id FROM provider)
  UNION ALL SELECT 'rule ' || ctid || xmin FROM federation_claimrule
    WHERE identity_provider_id = (SELECT id FROM provider)
  UNION ALL SELECT 'role ' || ctid || xmin FROM tenancy_role WHERE namespace_id = %(namespace)s
)
SELECT (SELECT id FROM provider), sha256(string_agg(version, ',' ORDER BY version)::bytea)
FROM versions
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A provider with what it is made of. Roles are read when somebody is first given them."""

    provider: IdentityProvider
    certificates: tuple[Certificate, ...]
    opening_keys: tuple[Personal[str], ...] = field(repr=False)
    rules: tuple[ClaimRule, ...]
    roles: dict[str, Role] = field(default_factory=dict)

    def expectation(self, *, public_url: str) -> Expectation:
        """What a response to this provider's ACS must meet."""
        return identity_providers.expected_by(
            self.provider,
            certificates=self.certificates,
            opening_keys=self.opening_keys,
            public_url=public_url,
        )

    def role(self, name: str) -> Role | None:
        """By exact name."""
        if name not in self.roles:
            row = Role.objects.select_related("namespace").filter(name=name).first()
            if row is None:
                return None
            self.roles[name] = row
        return copy(self.roles[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    version: bytes
    configuration: Configuration


_kept: dict[tuple[UUID, str], Kept] = {}


def of(provider: IdentityProvider) -> Configuration:
    """As the rows say now."""
    return Configuration(
        provider=provider,
        certificates=identity_providers.certificates(provider),
        opening_keys=own_keys.opening(provider),
        rules=tuple(identity_providers.claim_rules(provider)),
    )


def named(name: str) -> Configuration | None:
    """The configuration of the open scope's provider of that name, as it is in this moment."""
    namespace_id = current_namespace_id()
    with connection.cursor() as cursor:
        cursor.execute(VERSION, {"namespace": namespace_id, "name": name})
        provider_id, version = cursor.fetchone()
    key = (namespace_id, name)
    if provider_id is None:
        _kept.pop(key, None)
        return None
    kept = _kept.get(key)
    if kept is None or kept.version != bytes(version):
        provider = identity_providers.named(name)
        if provider is None:
            return None
        kept = Kept(version=bytes(version), configuration=of(provider))
        _keep(key, kept)
    # Each sign-in has rows of its own: what one does with them is not seen by another.
    return replace(kept.configuration, provider=copy(kept.configuration.provider))


def _keep(key: tuple[UUID, str], kept: Kept) -> None:
    _kept[key] = kept
    while len(_kept) > MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
