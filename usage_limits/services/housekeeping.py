"""What happens by itself: overdue reservations expire, breaches that nobody said are said."""

from datetime import datetime
from uuid import UUID

from usage_limits import selectors
from usage_limits.domain.channels import ChannelKind
from usage_limits.domain.features import FeatureType
from usage_limits.domain.reservations import ReservationState
from usage_limits.models import AlertChannel, Reservation, UsageLimit
from usage_limits.services import alert_channels, breaches, burst_credits, gates, reservations
from usage_limits.services.counters import COUNTERS


def namespaces_with_work(*, now: datetime) -> list[UUID]:
    """Where something is overdue or limited, or has a webhook's secrets. Needs a system scope."""
    overdue = Reservation.objects.filter(state=ReservationState.HELD.value, expires_at__lte=now)
    found = set(overdue.values_list("namespace_id", flat=True))
    found |= set(UsageLimit.objects.values_list("namespace_id", flat=True))
    webhooks = AlertChannel.objects.filter(kind=ChannelKind.WEBHOOK.value)
    found |= set(webhooks.values_list("namespace_id", flat=True))
    return sorted(found)


def keep_house(*, now: datetime) -> int:
    """For the open scope's namespace. How many reservations expired and breaches were said.

    A breach is normally said by the settle that causes it; looking again catches what a lowered
    amount or a restored backup left unsaid.
    """
    gates.hold()
    alert_channels.tidy(now=now)
    burst_credits.accrue(now=now)
    count = reservations.expire(now=now)
    for feature in FeatureType:
        limits = selectors.limits_of([feature])
        meters = selectors.meters_at(limits=limits, at=now)
        count += breaches.record(readings=COUNTERS.readings(meters=meters), now=now)
    return count
