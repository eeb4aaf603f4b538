"""Configuring identity providers: metadata read, shown before it is saved, and pinned."""

import re
from datetime import datetime
from typing import TypedDict

from django.db import transaction

from federation.models import IdentityProvider
from federation.models.identity_providers import LONGEST_SKEW_SECONDS
from federation.ports import ProviderPorts
from federation.selectors import own_keys
from federation.services import enforcements, provider_metadata, service_provider_keys
from governance.audit import trail
from governance.isolation import scopes
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.tenancy.models import RoleBinding, UserSession
from governance.tenancy.services import step_up

NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
# With another value of these, a sign-in that succeeded before proves nothing any more.
PROVED_WITH = (
    "groups_attribute",
    "want_messages_signed",
    "want_assertions_encrypted",
    "sign_requests",
    "request_binding",
    "max_validity_seconds",
    "clock_skew_seconds",
)
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
    request_binding: str
    want_assertions_encrypted: bool
    sign_metadata: bool
    scim_shuts_directories: bool
    max_validity_seconds: int
    clock_skew_seconds: int
    enabled: bool


class ProviderInvalid(Invalid):
    code = "identity_provider_invalid"
    sentence = "The identity provider is not valid."


class ProviderNameTaken(Conflict):
    code = "identity_provider_name_taken"
    sentence = "There is already an identity provider named {name}. Choose another name."


class ProviderNameFixed(Conflict):
    code = "identity_provider_name_fixed"
    sentence = "The name is part of the ACS URL and cannot be changed. Make another provider."


class ProviderIncomplete(Conflict):
    code = "identity_provider_incomplete"
    sentence = "Import the provider's metadata before enabling it."


def create(
    *, values: ProviderValues, ports: ProviderPorts, actor: Actor, now: datetime
) -> IdentityProvider:
    """A provider of the open scope. With a name alone it has its addresses and waits.

    It opens no door by being made: with metadata too it waits until it is enabled.
    """
    name = values.get("name", "")
    if not NAME.fullmatch(name) or name in {".", ".."}:
        detail = "Use 1 to 128 letters, digits, dots, underscores or hyphens."
        raise ProviderInvalid(errors=[FieldError(pointer="/name", code="invalid", detail=detail)])
    if IdentityProvider.objects.filter(name=name).exists():
        raise ProviderNameTaken(name=name)
    _check_recent(values, actor=actor, now=now)
    provider = IdentityProvider(name=name)
    xml = _document(provider, values, ports=ports)
    return _saved(provider, values, xml=xml, verb="created", ports=ports, actor=actor, now=now)


def change(
    *,
    provider: IdentityProvider,
    values: ProviderValues,
    ports: ProviderPorts,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    """Change what `values` names; metadata replaces certificates and addresses."""
    # As it is stored: a form has written its values onto the row that it brings.
    held = IdentityProvider.objects.get(pk=provider.pk)
    if values.get("name", held.name) != held.name:
        raise ProviderNameFixed
    _check_recent(values, actor=actor, now=now)
    xml = _document(held, values, ports=ports)
    with transaction.atomic():
        row = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        # Only where somebody else gave it another address meanwhile: certificates follow theirs.
        xml = xml or _document(row, values, ports=ports)
        return _saved(row, values, xml=xml, verb="changed", ports=ports, actor=actor, now=now)


def remove(*, provider: IdentityProvider, actor: Actor, now: datetime) -> None:
    """Take the provider away, with the roles it gave and the sessions it opened."""
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        enforcements.check_not_enforced(provider)
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


def _check_recent(values: ProviderValues, *, actor: Actor, now: datetime) -> None:
    """Shutting a door never waits for a proof."""
    if dict(values) != {"enabled": False}:
        step_up.require_recent(actor=actor, now=now)


def _saved(  # noqa: PLR0913 - a change, and what it is made with
    provider: IdentityProvider,
    values: ProviderValues,
    *,
    xml: str,
    verb: str,
    ports: ProviderPorts,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    _set(provider, values)
    _check_bounds(provider)
    disabled = verb == "changed" and not values.get("enabled", True)
    with transaction.atomic():
        if disabled:
            enforcements.check_not_enforced(provider)
        if xml and xml != provider.metadata_xml:
            _import(provider, values, xml=xml, ports=ports, now=now)
        if provider.enabled and not provider.entity_id:
            raise ProviderIncomplete
        provider.save()
        if own_keys.is_wanted(provider):
            service_provider_keys.ensure(provider=provider, key_maker=ports.key_maker, now=now)
        if disabled:
            end_sessions(provider=provider, reason="identity provider disabled", now=now)
        trail.record(
            actor=actor,
            action=f"identity_provider.{verb}",
            target=provider,
            detail={"name": provider.name, "changed": sorted(values)},
            now=now,
        )
    return provider


def _set(provider: IdentityProvider, values: ProviderValues) -> None:
    """What needs no reading. What a sign-in proved is forgotten where it would be judged anew."""
    for name, value in values.items():
        if name in {"metadata_xml", "entity_id"}:
            continue
        if name in PROVED_WITH and getattr(provider, name) != value:
            provider.proved_at = None
        setattr(provider, name, value)


def _import(
    provider: IdentityProvider,
    values: ProviderValues,
    *,
    xml: str,
    ports: ProviderPorts,
    now: datetime,
) -> None:
    """Metadata by hand. It must not lock out a namespace that has no other way in (T56)."""
    found = provider_metadata.read(
        provider=provider,
        xml=xml,
        entity_id=values.get("entity_id", ""),
        reader=ports.reader,
        now=now,
    )
    had = provider_metadata.fingerprints(provider)
    if not had & {certificate.fingerprint for certificate in found.certificates}:
        enforcements.check_not_enforced(provider)
    provider_metadata.store(provider=provider, found=found, xml=xml)
    provider.last_refreshed_at, provider.last_refresh_problem = now, ""


def _document(provider: IdentityProvider, values: ProviderValues, *, ports: ProviderPorts) -> str:
    """The metadata to read now: what was pasted, or what a new address answers with.

    Asked before anything is locked or written, so that no transaction waits for that host.
    """
    xml, url = values.get("metadata_xml", ""), values.get("metadata_url", "")
    if xml or not url or url == provider.metadata_url:
        return xml
    with scopes.resting():
        return ports.fetcher.fetched(url=url)


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
