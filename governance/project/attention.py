"""What the apps bring to the admin's first page: decisions, certificates and limits that wait.

Each answers in the request's scope: one namespace, or all where nobody chose one.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from federation.models import IdentityProvider
from governance.adminsite.attention import Attention, Urgency
from governance.adminsite.callers import may
from governance.adminsite.gates import in_one_namespace
from governance.kernel.actions import Action
from governance.tenancy.models import UserSession
from purge.domain.erasure import State
from purge.models import ErasureRequest
from usage_limits import selectors
from usage_limits.domain.admissions import title
from usage_limits.models import UsageLimit

SOON = timedelta(days=30)
NEAR_PERCENT = 80
FULL = 100


def erasures_waiting(request: HttpRequest) -> Iterator[Attention]:
    """Erasures that an officer must decide on, and those that did not get through."""
    if not may(request, Action.READ_ERASURE):
        return
    now = timezone.now()
    listed = reverse("admin:purge_erasurerequest_changelist")
    waiting = ErasureRequest.objects.filter(state=State.AWAITING_APPROVAL.value)
    late = waiting.filter(due_at__lt=now).count()
    if count := waiting.count():
        noun = "erasure waits" if count == 1 else "erasures wait"
        overdue = f"; {late} past the due date" if late else ""
        yield Attention(
            urgency=Urgency.DANGER if late else Urgency.WARNING,
            word="Overdue" if late else "Decide",
            sentence=f"{count} {noun} for an officer's decision{overdue}.",
            link=_where_to_decide(request, listed=listed),
            link_text="Read and decide",
        )
    if count := ErasureRequest.objects.filter(state=State.PARTIALLY_FAILED.value).count():
        yield Attention(
            urgency=Urgency.DANGER,
            word="Failed",
            sentence=f"{count} approved: some places could not be purged yet.",
            link=f"{listed}?state__exact={State.PARTIALLY_FAILED.value}",
            link_text="See what is left",
        )


def _where_to_decide(request: HttpRequest, *, listed: str) -> str:
    """The portal's page, on which several can be decided; it is open to people of a namespace."""
    session: UserSession | None = getattr(request, "user_session", None)
    if session is None or session.namespace is None:
        return f"{listed}?state__exact={State.AWAITING_APPROVAL.value}"
    return f"{reverse('purge:erasures', args=[session.namespace.name])}?show=decide"


def certificates_ending(request: HttpRequest) -> Iterator[Attention]:
    """Providers whose last certificate ends within a month: then nobody signs in by them."""
    if not may(request, Action.READ_FEDERATION):
        return
    now = timezone.now()
    providers = IdentityProvider.objects.filter(enabled=True).annotate(
        last=Max("certificates__not_after")
    )
    for provider in providers.filter(last__lt=now + SOON).order_by("last"):
        ended = provider.last <= now
        verb = "ended" if ended else "ends"
        yield Attention(
            urgency=Urgency.DANGER if ended else Urgency.WARNING,
            word="Ended" if ended else "Ending",
            sentence=f"The last certificate of {provider.name} {verb} on {provider.last:%Y-%m-%d}.",
            link=reverse("admin:federation_identityprovider_change", args=(provider.pk,)),
            link_text="Refresh its metadata",
        )


def limits_near(request: HttpRequest) -> Iterator[Attention]:
    """Limits of the namespace that are used to 80 per cent or more, and do not refuse yet."""
    if not may(request, Action.READ_USAGE) or not in_one_namespace():
        return
    rows = list(UsageLimit.objects.order_by("id"))
    for state in selectors.limit_states(limits=rows, now=timezone.now()):
        reading = state.reading
        if reading.percent >= NEAR_PERCENT and not reading.disabled:
            yield Attention(
                urgency=Urgency.WARNING,
                word=f"{reading.percent:.0f} %",
                sentence=f"{title(reading.meter.terms)} is {_how_far(reading.percent)}.",
                link=reverse("admin:usage_limits_usagelimit_change", args=(state.limit.pk,)),
                link_text="Look at the limit",
            )


def _how_far(percent: Decimal) -> str:
    return "used up, and more is still let through" if percent >= FULL else "nearly used up"
