"""Dashboards: the list, and one with its panels drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from governance.analytics import selectors
from governance.analytics.domain.dashboards import ChartKind
from governance.analytics.domain.results import ResultMissing, ResultPage
from governance.analytics.services import dashboards, queries
from governance.analytics.services.dashboards import PanelView
from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.portal.domain import charts
from governance.portal.domain.charts import Chart
from governance.portal.domain.figures import figure_text
from governance.portal.views.access import Visit, signed_in

TABLE_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPanel:
    """A panel ready to be drawn: one of chart, figure or table, or why there is none."""

    view: PanelView
    result: ResultPage | None = None
    chart: Chart | None = None
    figure: object = None
    missing: str = ""

    @property
    def is_wide(self) -> bool:
        return self.result is not None and self.chart is None and len(self.result.columns) > 4  # noqa: PLR2004 - columns that fit beside another panel


@require_GET
@signed_in
def index(visit: Visit) -> HttpResponse:
    require(actor=visit.actor, action=Action.READ_DASHBOARDS)
    context = {
        "ns": visit.ns,
        "dashboards": selectors.dashboards_of(visit.actor).order_by("title"),
        "may_manage": allows(actor=visit.actor, action=Action.MANAGE_DASHBOARDS),
        "may_open_admin": allows(actor=visit.actor, action=Action.OPEN_ADMIN),
    }
    return render(visit.request, "portal/dashboards.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def dashboard(visit: Visit, *, slug: str) -> HttpResponse:
    """GET shows it, and runs what is stale; POST runs all of it again."""
    row = selectors.dashboard_of(actor=visit.actor, slug=slug)
    if visit.request.method == "POST":
        dashboards.looked_at(dashboard=row, actor=visit.actor, now=visit.now, again=True)
        return redirect("portal:dashboard", ns=visit.ns, slug=slug)
    views = dashboards.looked_at(dashboard=row, actor=visit.actor, now=visit.now)
    context = {
        "ns": visit.ns,
        "dashboard": row,
        "panels": [_shown(view) for view in views if not _is_figure(view)],
        "figures": [_shown(view) for view in views if _is_figure(view)],
        "is_pending": any(view.is_pending for view in views),
        "oldest": _oldest(views),
        "may_query": allows(actor=visit.actor, action=Action.RUN_QUERY),
    }
    return render(visit.request, "portal/dashboard.html", context)


@require_GET
@signed_in
def status(visit: Visit, *, slug: str) -> JsonResponse:
    """For the page's script: how many panels are still on their way."""
    row = selectors.dashboard_of(actor=visit.actor, slug=slug)
    views = dashboards.peeked_at(dashboard=row, actor=visit.actor)
    pending = sum(view.is_pending for view in views)
    text = f"{pending} of {len(views)} panels on their way"
    return JsonResponse({"is_final": pending == 0, "text": text, "percent": None})


def _shown(view: PanelView) -> ShownPanel:
    if view.query is None or not view.has_result:
        return ShownPanel(view=view)
    limit = charts.MAX_POINTS + 1 if view.panel.chart != ChartKind.TABLE else TABLE_ROWS
    try:
        result = queries.page(query=view.query, offset=0, limit=limit)
    except ResultMissing as gone:
        return ShownPanel(view=view, missing=str(gone))
    names = [name for name, _ in result.columns]
    chart, figure = None, None
    match ChartKind(view.panel.chart):
        case ChartKind.BAR:
            lying = charts.named_bars(columns=names, rows=result.rows)
            chart = lying or charts.bars(columns=names, rows=result.rows)
        case ChartKind.LINE:
            chart = charts.line(columns=names, rows=result.rows)
        case ChartKind.FIGURE:
            figure = figure_text(result.rows[0][0]) if result.rows else None
        case ChartKind.TABLE:
            pass
    return ShownPanel(view=view, result=result, chart=chart, figure=figure)


def _is_figure(view: PanelView) -> bool:
    return view.panel.chart == ChartKind.FIGURE


def _oldest(views: Sequence[PanelView]) -> object:
    times = [view.query.finished_at for view in views if view.query and view.query.finished_at]
    return min(times) if times else None
