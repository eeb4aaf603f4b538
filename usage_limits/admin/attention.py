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
from usage_limits.models import UsageLimit


def disabled(request: HttpRequest) -> Iterator[Attention]:
    """Features that a limit has turned off until its period ends."""
    if not may(request, Action.MANAGE_USAGE_LIMITS):
        return
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
