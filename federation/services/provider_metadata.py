"""A provider's metadata: read, compared with what is stored, stored.

The entity is pinned and signing is no part of it: nothing in metadata makes a provider somebody
else, or lets an assertion pass unsigned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from federation.domain.metadata import EntityChanged, ProviderMetadata
from federation.models import IdentityProvider, ProviderCertificate
from federation.ports import MetadataReader

ADDRESSES = ("sso_redirect_url", "sso_post_url", "slo_url", "slo_response_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What metadata holds, and what saving it would change. Nothing is saved yet."""

    metadata: ProviderMetadata
    new_certificates: tuple[str, ...]
    lost_certificates: tuple[str, ...]
    changed_addresses: Mapping[str, tuple[str, str]]


def preview(
    *,
    provider: IdentityProvider | None,
    xml: str,
    entity_id: str,
    reader: MetadataReader,
    now: datetime,
) -> Preview:
    """Read metadata and compare it with what is stored. Raises MetadataRefused."""
    found = read(provider=provider, xml=xml, entity_id=entity_id, reader=reader, now=now)
    had: set[str] = set()
    changed: dict[str, tuple[str, str]] = {}
    if provider is not None:
        had = fingerprints(provider)
        changed = {
            name: (getattr(provider, name), getattr(found, name))
            for name in ADDRESSES
            if getattr(provider, name) != getattr(found, name)
        }
    has = {certificate.fingerprint for certificate in found.certificates}
    return Preview(
        metadata=found,
        new_certificates=tuple(sorted(has - had)),
        lost_certificates=tuple(sorted(had - has)),
        changed_addresses=changed,
    )


def read(
    *,
    provider: IdentityProvider | None,
    xml: str,
    entity_id: str,
    reader: MetadataReader,
    now: datetime,
) -> ProviderMetadata:
    """The entity is pinned: what is configured never becomes somebody else by an import."""
    pinned = "" if provider is None else provider.entity_id
    found = reader.provider_metadata(xml=xml, entity_id=entity_id, now=now)
    if pinned and found.entity_id != pinned:
        raise EntityChanged(found=found.entity_id)
    return found


def store(*, provider: IdentityProvider, found: ProviderMetadata, xml: str) -> Mapping[str, object]:
    """Save the provider with what its metadata says; what changed, for the audit trail.

    The certificates of the metadata, no more and no fewer; there is always at least one. Where
    none of them was trusted before, what proved the configuration to work proves it no longer.
    """
    seen = {name: getattr(provider, name) for name in ADDRESSES}
    provider.metadata_xml = xml
    provider.entity_id = found.entity_id
    provider.metadata_valid_until = found.valid_until
    for name in ADDRESSES:
        setattr(provider, name, getattr(found, name))
    had = fingerprints(provider)
    has = {certificate.fingerprint: certificate for certificate in found.certificates}
    if not had & has.keys():
        provider.proved_at = None
    provider.save()
    provider.certificates.exclude(fingerprint__in=has).delete()
    for fingerprint in has.keys() - had:
        certificate = has[fingerprint]
        ProviderCertificate.objects.create(
            identity_provider=provider,
            pem=certificate.pem,
            fingerprint=fingerprint,
            subject=certificate.subject,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
        )
    return {
        "certificates_added": sorted(has.keys() - had),
        "certificates_removed": sorted(had - has.keys()),
        "addresses": sorted(name for name in ADDRESSES if seen[name] != getattr(provider, name)),
    }


def fingerprints(provider: IdentityProvider) -> set[str]:
    return set(provider.certificates.values_list("fingerprint", flat=True))
