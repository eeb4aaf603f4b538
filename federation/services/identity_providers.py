"""Configuring identity providers: metadata read, shown before it is saved, and pinned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db import transaction

from federation.domain.metadata import EntityChanged, ProviderMetadata
from federation.models import IdentityProvider, ProviderCertificate
from federation.models.identity_providers import LONGEST_SKEW_SECONDS
from federation.ports import ProviderPorts
from federation.services import service_provider_keys
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.tenancy.models import RoleBinding, UserSession

NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
LEAST_VALIDITY, MOST_VALIDITY = 60, 86_400


class ProviderValues(TypedDict, total=False):
    name: str
    display_name: str
    metadata_xml: str
    metadata_url: str
    entity_id: str
    issuer_alias: str
    groups_attribute: str
    want_messages_signed: bool
    allow_idp_initiated: bool
    sign_requests: bool
    max_validity_seconds: int
    clock_skew_seconds: int
    enabled: bool


class ProviderInvalid(Invalid):
    code = "identity_provider_invalid"
    sentence = "The identity provider is not valid."


class ProviderNameTaken(Conflict):
    code = "identity_provider_name_taken"
    sentence = "There is already an identity provider named {name}."


class ProviderNameFixed(Conflict):
    code = "identity_provider_name_fixed"
    sentence = "The name is part of the ACS URL and cannot be changed. Make another provider."


class ProviderIncomplete(Conflict):
    code = "identity_provider_incomplete"
    sentence = "Import the provider's metadata before enabling it."


class NoMetadataAddress(Conflict):
    code = "identity_provider_no_metadata_url"
    sentence = "This provider's metadata was pasted. Paste its current version, or give its URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What metadata holds, and what saving it would change. Nothing is saved yet."""

    metadata: ProviderMetadata
    new_certificates: tuple[str, ...]
    lost_certificates: tuple[str, ...]
    changed_addresses: Mapping[str, tuple[str, str]]


ADDRESSES = ("sso_redirect_url", "sso_post_url", "slo_url", "slo_response_url")


def preview(
    *,
    provider: IdentityProvider | None,
    xml: str,
    entity_id: str,
    ports: ProviderPorts,
    now: datetime,
) -> Preview:
    """Read metadata and compare it with what is stored. Raises MetadataRefused."""
    read = _read(provider, xml=xml, entity_id=entity_id, ports=ports, now=now)
    had: set[str] = set()
    changed: dict[str, tuple[str, str]] = {}
    if provider is not None:
        had = set(provider.certificates.values_list("fingerprint", flat=True))
        changed = {
            name: (getattr(provider, name), getattr(read, name))
            for name in ADDRESSES
            if getattr(provider, name) != getattr(read, name)
        }
    has = {certificate.fingerprint for certificate in read.certificates}
    return Preview(
        metadata=read,
        new_certificates=tuple(sorted(has - had)),
        lost_certificates=tuple(sorted(had - has)),
        changed_addresses=changed,
    )


def create(
    *, values: ProviderValues, ports: ProviderPorts, actor: Actor, now: datetime
) -> IdentityProvider:
    """A provider of the open scope. With a name alone it has its addresses and waits.

    With metadata it is enabled, unless `enabled` says otherwise.
    """
    name = values.get("name", "")
    if not NAME.fullmatch(name) or name in {".", ".."}:
        detail = "Use 1 to 128 letters, digits, dots, underscores or hyphens."
        raise ProviderInvalid(errors=[FieldError(pointer="/name", code="invalid", detail=detail)])
    if IdentityProvider.objects.filter(name=name).exists():
        raise ProviderNameTaken(name=name)
    described = bool(values.get("metadata_xml") or values.get("metadata_url"))
    provider = IdentityProvider(name=name, enabled=described)
    return _saved(provider, values, verb="created", ports=ports, actor=actor, now=now)


def change(
    *,
    provider: IdentityProvider,
    values: ProviderValues,
    ports: ProviderPorts,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    """Change what `values` names; metadata replaces certificates and addresses."""
    with transaction.atomic():
        row = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        if values.get("name", row.name) != row.name:
            raise ProviderNameFixed
        return _saved(row, values, verb="changed", ports=ports, actor=actor, now=now)


def refresh(
    *, provider: IdentityProvider, ports: ProviderPorts, actor: Actor, now: datetime
) -> IdentityProvider:
    """Fetch the metadata from its address again. A failure keeps what worked, and is raised."""
    if not provider.metadata_url:
        raise NoMetadataAddress
    xml = ports.fetcher.fetched(url=provider.metadata_url)
    values: ProviderValues = {"metadata_xml": xml, "entity_id": provider.entity_id}
    return change(provider=provider, values=values, ports=ports, actor=actor, now=now)


def remove(*, provider: IdentityProvider, actor: Actor, now: datetime) -> None:
    """Take the provider away, with the roles it gave and the sessions it opened."""
    with transaction.atomic():
        trail.record(
            actor=actor,
            action="identity_provider.deleted",
            target=provider,
            detail={"name": provider.name},
            now=now,
        )
        RoleBinding.objects.filter(provider_id=provider.pk).delete()
        end_sessions(provider=provider, reason="identity provider removed", now=now)
        provider.delete()


def end_sessions(*, provider: IdentityProvider, reason: str, now: datetime) -> int:
    rows = UserSession.objects.filter(provider_id=provider.pk, ended_at__isnull=True)
    return rows.update(ended_at=now, end_reason=reason)


def _saved(
    provider: IdentityProvider,
    values: ProviderValues,
    *,
    verb: str,
    ports: ProviderPorts,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    xml = _document(provider, values, ports=ports)
    plain = {
        name: value for name, value in values.items() if name not in {"metadata_xml", "entity_id"}
    }
    for name, value in plain.items():
        setattr(provider, name, value)
    _check_bounds(provider)
    was_enabled = verb == "changed" and values.get("enabled", True)
    with transaction.atomic():
        read = None
        if xml and xml != provider.metadata_xml:
            entity_id = values.get("entity_id", "")
            read = _read(provider, xml=xml, entity_id=entity_id, ports=ports, now=now)
            _describe(provider, read, xml=xml)
        if provider.enabled and not provider.entity_id:
            raise ProviderIncomplete
        provider.save()
        if read is not None:
            _trust(provider, read)
        if provider.sign_requests:
            service_provider_keys.ensure(provider=provider, key_maker=ports.key_maker, now=now)
        if verb == "changed" and not was_enabled:
            end_sessions(provider=provider, reason="identity provider disabled", now=now)
        trail.record(
            actor=actor,
            action=f"identity_provider.{verb}",
            target=provider,
            detail={"name": provider.name, "changed": sorted(values)},
            now=now,
        )
    return provider


def _document(provider: IdentityProvider, values: ProviderValues, *, ports: ProviderPorts) -> str:
    """The metadata to read now: what was pasted, or what a new address answers with."""
    xml, url = values.get("metadata_xml", ""), values.get("metadata_url", "")
    if xml or not url or url == provider.metadata_url:
        return xml
    return ports.fetcher.fetched(url=url)


def _read(
    provider: IdentityProvider | None,
    *,
    xml: str,
    entity_id: str,
    ports: ProviderPorts,
    now: datetime,
) -> ProviderMetadata:
    """The entity is pinned: what is configured never becomes somebody else by an import."""
    pinned = "" if provider is None else provider.entity_id
    read = ports.reader.provider_metadata(xml=xml, entity_id=entity_id, now=now)
    if pinned and read.entity_id != pinned:
        raise EntityChanged(found=read.entity_id)
    return read


def _describe(provider: IdentityProvider, read: ProviderMetadata, *, xml: str) -> None:
    provider.metadata_xml = xml
    provider.entity_id = read.entity_id
    provider.metadata_valid_until = read.valid_until
    for name in ADDRESSES:
        setattr(provider, name, getattr(read, name))


def _trust(provider: IdentityProvider, read: ProviderMetadata) -> None:
    """The certificates of the metadata, no more and no fewer; there is always at least one."""
    has = {certificate.fingerprint for certificate in read.certificates}
    provider.certificates.exclude(fingerprint__in=has).delete()
    had = set(provider.certificates.values_list("fingerprint", flat=True))
    for certificate in read.certificates:
        if certificate.fingerprint not in had:
            ProviderCertificate.objects.create(
                identity_provider=provider,
                pem=certificate.pem,
                fingerprint=certificate.fingerprint,
                subject=certificate.subject,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
            )


def _check_bounds(provider: IdentityProvider) -> None:
    errors = []
    if not LEAST_VALIDITY <= provider.max_validity_seconds <= MOST_VALIDITY:
        detail = f"From {LEAST_VALIDITY} to {MOST_VALIDITY} seconds."
        errors.append(FieldError(pointer="/max_validity_seconds", code="range", detail=detail))
    if not 0 <= provider.clock_skew_seconds <= LONGEST_SKEW_SECONDS:
        detail = f"From 0 to {LONGEST_SKEW_SECONDS} seconds."
        errors.append(FieldError(pointer="/clock_skew_seconds", code="range", detail=detail))
    if errors:
        raise ProviderInvalid(errors=errors)
