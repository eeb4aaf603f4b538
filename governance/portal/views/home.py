"""The first page after sign-in, and the namespace's usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

from governance.analytics import selectors
from governance.analytics.models import Query
from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.portal.domain import courses, days, figures
from governance.portal.domain.figures import DrawnBar, drawn_bar
from governance.portal.ports import UsageBar, UsagePanel
from governance.portal.views.access import Visit, signed_in

RECENT = 5
MOST = 5


@dataclass(frozen=True, slots=True)
class ShownBar:
    """A limit and how its bar is drawn."""

    bar: UsageBar
    drawn: DrawnBar


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Somebody, and how much their queries read."""

    name: str
    queries: int
    scanned: str
    percent: int


@require_GET
@signed_in
def home(visit: Visit) -> HttpResponse:
    if visit.namespace is None:
        return redirect("admin:index")
    may_query = allows(actor=visit.actor, action=Action.RUN_QUERY)
    dashboards = (
        selectors.dashboards_of(visit.actor).order_by("title")
        if allows(actor=visit.actor, action=Action.READ_DASHBOARDS)
        else []
    )
    recent = (
        selectors.queries_of(visit.actor)
        .filter(user_id=visit.session.user_id, panel__isnull=True)
        .order_by("-submitted_at")[:RECENT]
        if may_query
        else []
    )
    context = {
        "ns": visit.ns,
        "dashboards": dashboards,
        "may_query": may_query,
        "may_open_admin": allows(actor=visit.actor, action=Action.OPEN_ADMIN),
        "may_decide": allows(actor=visit.actor, action=Action.APPROVE_ERASURE),
        "recent": recent,
        "bars": shown_bars(visit),
        "shows_usage": allows(actor=visit.actor, action=Action.READ_USAGE),
    }
    return render(visit.request, "portal/home.html", context)


@require_GET
@signed_in
def usage(visit: Visit) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_USAGE)
    panel = usage_panel()
    entries = [] if panel is None else panel.recent(actor=visit.actor, now=visit.now)
    told = [] if panel is None else panel.courses(actor=visit.actor, now=visit.now)
    context = {
        "ns": visit.ns,
        "bars": shown_bars(visit),
        "entries": entries,
        "features": days.drawn(entries, now=visit.now),
        "courses": [courses.drawn(one, now=visit.now) for one in told],
        "most": most_scanned(visit),
    }
    return render(visit.request, "portal/usage.html", context)


def most_scanned(visit: Visit) -> list[Scanner]:
    """Who had most scanned of late. For who may read all queries anyway."""
    if not allows(actor=visit.actor, action=Action.READ_ALL_QUERIES):
        return []
    since = visit.now - timedelta(days=days.DAYS)
    rows = Query.objects.filter(submitted_at__gte=since, bytes_scanned__gt=0)
    total = rows.aggregate(total=Sum("bytes_scanned"))["total"]
    found = rows.values("user__display_name", "user__username").annotate(
        scanned=Sum("bytes_scanned"), queries=Count("pk")
    )
    return [
        Scanner(
            name=row["user__display_name"] or row["user__username"] or "Nobody who is still here",
            queries=row["queries"],
            scanned=figures.bytes_text(int(row["scanned"])),
            percent=round(100 * row["scanned"] / total),
        )
        for row in found.order_by("-scanned")[:MOST]
    ]


def shown_bars(visit: Visit) -> Sequence[ShownBar]:
    panel = usage_panel()
    if panel is None or not allows(actor=visit.actor, action=Action.READ_USAGE):
        return []
    bars = panel.bars(actor=visit.actor, now=visit.now)
    return [_shown(bar, now=visit.now) for bar in bars]


def _shown(bar: UsageBar, *, now: datetime) -> ShownBar:
    gone = figures.gone(start=bar.period_start, end=bar.period_end, now=now)
    return ShownBar(bar=bar, drawn=drawn_bar(bar.percent, gone=gone))


def usage_panel() -> UsagePanel | None:
    if not settings.PORTAL_USAGE_PANEL:
        return None
    panel: UsagePanel = import_string(settings.PORTAL_USAGE_PANEL)()
    return panel
