"""Fetching a provider's metadata again: by hand, and on a schedule.

Whatever goes wrong keeps what worked, and the row says what it was. Fetching takes seconds, so
it happens with no transaction open: what is fetched is applied in one of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from federation.models import IdentityProvider
from federation.ports import MetadataFetcher, MetadataReader, ProviderPorts
from federation.services import provider_metadata
from governance.audit import trail
from governance.isolation import scopes
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, Refusal
from governance.tenancy.services import actors

REFRESH_EVERY = timedelta(hours=6)
LONGEST_PROBLEM = 500

Clock = Callable[[], datetime]


class NoMetadataAddress(Conflict):
    code = "identity_provider_no_metadata_url"
    sentence = "This provider's metadata was pasted. Paste its current version, or give its URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What is to be fetched, for whom, and what is trusted before."""

    provider_id: UUID
    url: str
    fingerprints: frozenset[str]


def refresh(
    *, provider: IdentityProvider, ports: ProviderPorts, actor: Actor, now: datetime
) -> bool:
    """By hand: whether anything changed. What goes wrong is raised, to be shown at once."""
    if not provider.metadata_url:
        raise NoMetadataAddress
    with scopes.resting():
        xml = ports.fetcher.fetched(url=provider.metadata_url)
    wanted = begun(provider=provider, now=now)
    if wanted is None:
        return False
    return applied(wanted=wanted, xml=xml, reader=ports.reader, actor=actor, now=now)


def due(*, now: datetime) -> Iterator[UUID]:
    """Providers of the open scope whose metadata has an address and was not fetched for hours."""
    rested = Q(last_refresh_tried_at__isnull=True) | Q(
        last_refresh_tried_at__lte=now - REFRESH_EVERY
    )
    providers = IdentityProvider.objects.exclude(metadata_url="").filter(rested)
    yield from providers.order_by("id").values_list("pk", flat=True)


def begun(*, provider: IdentityProvider, now: datetime) -> Refresh | None:
    """Note the try. None where there is no address to fetch from."""
    if not provider.metadata_url:
        return None
    IdentityProvider.objects.filter(pk=provider.pk).update(last_refresh_tried_at=now)
    return Refresh(
        provider_id=provider.pk,
        url=provider.metadata_url,
        fingerprints=frozenset(provider_metadata.fingerprints(provider)),
    )


def applied(
    *, wanted: Refresh, xml: str, reader: MetadataReader, actor: Actor, now: datetime
) -> bool:
    """Save what was fetched, if the provider still asks for it there. Whether it changed anything.

    Raises MetadataRefused and leaves everything as it was.
    """
    row = IdentityProvider.objects.select_for_update().get(pk=wanted.provider_id)
    if row.metadata_url != wanted.url:
        return False
    found = provider_metadata.read(
        provider=row, xml=xml, entity_id=row.entity_id, reader=reader, now=now
    )
    changed = xml != row.metadata_xml
    row.last_refreshed_at, row.last_refresh_problem = now, ""
    if not changed:
        row.save(update_fields=["last_refreshed_at", "last_refresh_problem"])
        return False
    detail = provider_metadata.store(provider=row, found=found, xml=xml)
    trail.record(
        actor=actor,
        action="identity_provider.refreshed",
        target=row,
        detail={"name": row.name, **detail},
        now=now,
    )
    return True


def failed(*, wanted: Refresh, refusal: Refusal, actor: Actor, now: datetime) -> None:
    """Keep what worked, and say why nothing new came. The trail hears of it once."""
    row = IdentityProvider.objects.select_for_update().get(pk=wanted.provider_id)
    problem = str(refusal)[:LONGEST_PROBLEM]
    if row.last_refresh_problem == problem:
        return
    row.last_refresh_problem = problem
    row.save(update_fields=["last_refresh_problem"])
    trail.record(
        actor=actor,
        action="identity_provider.refresh_failed",
        target=row,
        detail={"name": row.name, "code": refusal.code},
        now=now,
    )


def run(
    *,
    namespace_id: UUID,
    wanted: Refresh,
    fetcher: MetadataFetcher,
    reader: MetadataReader,
    clock: Clock,
) -> None:
    """Fetch and apply, or record why not. Called with no transaction open."""
    actor = actors.system(namespace_id)
    try:
        xml = fetcher.fetched(url=wanted.url)
        with namespace_scope(namespace_id):
            applied(wanted=wanted, xml=xml, reader=reader, actor=actor, now=clock())
    except Refusal as refusal:
        with namespace_scope(namespace_id):
            failed(wanted=wanted, refusal=refusal, actor=actor, now=clock())
