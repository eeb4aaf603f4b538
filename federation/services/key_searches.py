"""Looking for a provider's new keys, while somebody waits whose response an unknown one signed.

Of those who come at the same time one fetches and the others wait for it. Whoever comes in the
pause after it waits for its end and looks once more, as long as their network may: so a stranger
who makes us search before a rollover delays nobody by more than that pause (`domain/key_searches`).
"""

import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from federation.domain import key_searches
from federation.domain.key_searches import LastSearch
from federation.domain.rates import Knock
from federation.models import IdentityProvider
from federation.ports import ProviderPorts, RequestThrottle
from federation.services import metadata_refreshes, provider_metadata
from federation.services.metadata_refreshes import Clock, Refresh
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Unavailable

DOOR = "keys"
STEP_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySearch:
    """A provider that may sign with other keys than those that were known, and who says so."""

    namespace_id: UUID
    provider_id: UUID
    known: frozenset[str]
    network: str

    @property
    def knock(self) -> Knock:
        return Knock(
            door=DOOR,
            namespace=str(self.namespace_id),
            provider=str(self.provider_id),
            network=self.network,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the provider's row says now."""

    last: LastSearch
    is_found: bool


def sought(
    *, search: KeySearch, ports: ProviderPorts, throttle: RequestThrottle, clock: Clock
) -> bool:
    """Look for the keys, or wait for who does; whether others are known than were.

    Called with no transaction open: it may take as long as a fetch and a pause.
    """
    arrived = clock()
    may_search = False
    while True:
        now = clock()
        seen = _seen(search)
        if seen.is_found or seen.last.answers(since=arrived):
            return seen.is_found
        if not seen.last.is_running(at=now):
            # Waiting for others is free. Making us search is not.
            may_search = may_search or _admitted(search, throttle)
            if not may_search:
                return False
            wanted = _claimed(search, seen.last, now=now)
            if wanted is not None:
                _run(search, wanted, ports, clock)
                return _seen(search).is_found
        if not _is_worth_waiting(seen.last, arrived=arrived, now=now):
            return False
        time.sleep(STEP_SECONDS)


def _seen(search: KeySearch) -> _Seen:
    with namespace_scope(search.namespace_id):
        row = IdentityProvider.objects.get(pk=search.provider_id)
        return _Seen(
            last=LastSearch(began_at=row.keys_sought_at, ended_at=row.keys_search_ended_at),
            is_found=bool(provider_metadata.fingerprints(row) - search.known),
        )


def _admitted(search: KeySearch, throttle: RequestThrottle) -> bool:
    """Whether this network may make us search. Where the counters do not answer, nobody may."""
    try:
        throttle.take(knock=search.knock)
    except Unavailable:
        return False
    return True


def _claimed(search: KeySearch, last: LastSearch, *, now: datetime) -> Refresh | None:
    """The right to fetch, once the pause is over: the row decides between those who ask at once."""
    if not last.may_begin(at=now):
        return None
    with namespace_scope(search.namespace_id):
        rows = IdentityProvider.objects.filter(
            pk=search.provider_id, keys_sought_at=last.began_at
        ).exclude(metadata_url="")
        if not rows.update(keys_sought_at=now):
            return None
        provider = IdentityProvider.objects.get(pk=search.provider_id)
        return metadata_refreshes.begun(provider=provider, now=now)


def _run(search: KeySearch, wanted: Refresh, ports: ProviderPorts, clock: Clock) -> None:
    metadata_refreshes.run(
        namespace_id=search.namespace_id,
        wanted=wanted,
        fetcher=ports.fetcher,
        reader=ports.reader,
        clock=clock,
    )
    with namespace_scope(search.namespace_id):
        IdentityProvider.objects.filter(pk=search.provider_id).update(keys_search_ended_at=clock())


def _is_worth_waiting(last: LastSearch, *, arrived: datetime, now: datetime) -> bool:
    until = arrived + key_searches.LONGEST_WAIT
    if last.is_running(at=now):
        return now < until
    rested = last.rested_at()
    # A search that may begin and does not (its address was taken away) is not waited for either.
    return now < until and (rested is None or rested <= until)
