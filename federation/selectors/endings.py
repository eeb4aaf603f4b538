"""What of an identity provider ends one day: its certificates, our keys, its metadata."""

from collections.abc import Iterator
from datetime import datetime

from federation.domain.expiry import Ending, EndingKind
from federation.models import IdentityProvider


def endings(provider: IdentityProvider) -> Iterator[Ending]:
    """Prefetch `certificates` and `service_provider_keys` where many are asked."""
    for certificate in provider.certificates.all():
        yield Ending(
            kind=EndingKind.CERTIFICATE,
            what=f"Certificate {certificate.fingerprint[:16]}",
            ends_at=certificate.not_after,
            key=certificate.fingerprint,
        )
    for own in provider.service_provider_keys.all():
        yield Ending(
            kind=EndingKind.OWN_KEY,
            what=f"Our own key {own.fingerprint[:16]}",
            ends_at=own.not_after,
            key=own.fingerprint,
        )
    if provider.metadata_valid_until is not None:
        until = provider.metadata_valid_until
        yield Ending(
            kind=EndingKind.METADATA,
            what="Metadata",
            ends_at=until,
            key=f"{provider.pk}:{until:%Y%m%d}",
        )


def last_certificate(provider: IdentityProvider) -> Ending | None:
    """The certificate that is good for longest: when it ends, nobody signs in."""
    found = [ending for ending in endings(provider) if ending.kind is EndingKind.CERTIFICATE]
    return max(found, key=lambda ending: ending.ends_at, default=None)


def is_replaced(provider: IdentityProvider, ending: Ending, *, now: datetime) -> bool:
    """Whether another of its kind is good for longer, and already now."""
    others = [(one.not_before, one.not_after) for one in provider.certificates.all()]
    if ending.kind is EndingKind.OWN_KEY:
        others = [(own.created_at, own.not_after) for own in provider.service_provider_keys.all()]
    if ending.kind is EndingKind.METADATA:
        return False
    return any(start <= now and end > ending.ends_at for start, end in others)
