"""What happens to identity providers by itself: metadata is fetched, endings are announced."""

from datetime import datetime
from uuid import UUID

from federation.job_names import REFRESH_METADATA
from federation.models import IdentityProvider
from federation.ports import OwnKeyMaker
from federation.services import (
    expiry_warnings,
    metadata_refreshes,
    replays,
    service_provider_keys,
    sign_in_attempts,
)
from governance.outbox.services import messages


def namespaces_with_work() -> list[UUID]:
    """Those that have an identity provider. Needs a system scope."""
    found = IdentityProvider.objects.values_list("namespace_id", flat=True)
    return sorted(set(found))


def keep_house(*, key_maker: OwnKeyMaker, now: datetime) -> None:
    """For the open scope: keys, metadata that is due, warnings, and what is to be forgotten."""
    service_provider_keys.ensure_wanted(key_maker=key_maker, now=now)
    for provider_id in metadata_refreshes.due(now=now):
        messages.enqueue_job(
            name=REFRESH_METADATA,
            key=f"{provider_id}:{now:%Y%m%d%H%M}",
            identity_provider_id=provider_id,
        )
    expiry_warnings.send(now=now)
    replays.forget(now=now)
    sign_in_attempts.forget(now=now)
