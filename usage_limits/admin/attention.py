"""What limits bring to the admin's first page."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.adminsite.attention import Attention, Urgency
from governance.adminsite.callers import may
from governance.kernel.actions import Action
from usage_limits import selectors
from usage_limits.domain.admissions import title
from usage_limits.models import AlertChannel, UsageLimit
from usage_limits.services import webhooks


def disabled(request: HttpRequest) -> Iterator[Attention]:
    """Features that limits turned off, and channels whose receivers did."""
    if may(request, Action.MANAGE_USAGE_LIMITS):
        yield from _features()
    if may(request, Action.MANAGE_ALERT_CHANNELS):
        yield from _channels()


def _features() -> Iterator[Attention]:
    rows = list(UsageLimit.objects.filter(breach_action="disable").order_by("id"))
    for state in selectors.limit_states(limits=rows, now=timezone.now()):
        reading = state.reading
        if reading.disabled:
            yield Attention(
                urgency=Urgency.WARNING,
                word="Disabled",
                sentence=(
                    f"{title(reading.meter.terms)}: the limit is used up until "
                    f"{reading.meter.period.end:%-d %B %H:%M} UTC."
                ),
                link=reverse("admin:usage_limits_usagelimit_change", args=(state.limit.pk,)),
                link_text="Look at the limit",
            )


def _channels() -> Iterator[Attention]:
    gone = AlertChannel.objects.filter(enabled=False, deliveries__last_status=webhooks.GONE)
    for row in gone.distinct().order_by("id"):
        yield Attention(
            urgency=Urgency.WARNING,
            word="Gone",
            sentence=(
                f"The receiver at {row.target} said that it is gone: nothing more is sent there. "
                "Give the channel a new address and enable it, or remove it."
            ),
            link=reverse("admin:usage_limits_alertchannel_change", args=(row.pk,)),
            link_text="Look at the channel",
        )
