"""Mail to a namespace's IT admins before a certificate, a key or metadata ends.

At 60, 30, 7 and 1 days, once each: the outbox writes the same key once, however often the
schedule comes by.
"""

from datetime import datetime

from federation.models import IdentityProvider
from federation.selectors import endings
from federation.services import notices


def send(*, now: datetime) -> int:
    """For the open scope's namespace. How many mails are there to send, new or written before."""
    told = 0
    providers = IdentityProvider.objects.prefetch_related("certificates", "service_provider_keys")
    for provider in providers.order_by("id"):
        for ending in endings.endings(provider):
            threshold = ending.threshold(now=now)
            if threshold is not None:
                told += notices.tell_admins(
                    template="federation/email/ends_soon",
                    context={
                        "provider": provider.label,
                        "provider_id": str(provider.pk),
                        "kind": ending.kind.value,
                        "what": ending.what,
                        "days_left": ending.days_left(now=now),
                        "ends_on": f"{ending.ends_at:%Y-%m-%d}",
                        "is_replaced": endings.is_replaced(provider, ending, now=now),
                        "is_refreshed": bool(provider.metadata_url),
                    },
                    key=f"ends:{provider.pk}:{ending.key}:{threshold}",
                )
    return told
