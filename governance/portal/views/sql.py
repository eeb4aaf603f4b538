"""The SQL page: an editor, what can be read, a query as it runs, its rows, and the history."""

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.analytics import selectors
from governance.analytics.domain.plans import Catalogue
from governance.analytics.domain.queries import QueryState
from governance.analytics.domain.results import ResultMissing, ResultPage
from governance.analytics.models import Query
from governance.analytics.services import queries, results
from governance.kernel.actions import Action
from governance.kernel.permissions import require
from governance.kernel.refusals import Refusal
from governance.portal.domain.figures import bytes_text, duration_text, figure_text
from governance.portal.views.access import Visit, signed_in
from governance.restapi.problems import status_of

PAGE_ROWS = 100
HISTORY = 15
PILLS = {
    QueryState.QUEUED: "busy",
    QueryState.RUNNING: "busy",
    QueryState.SUCCEEDED: "ok",
    QueryState.FAILED: "bad",
    QueryState.CANCELLED: "quiet",
    QueryState.ABORTED: "warn",
}


@dataclass(frozen=True, slots=True)
class ShownQuery:
    """A query with its figures in words."""

    row: Query

    @property
    def pill(self) -> str:
        return PILLS[QueryState(self.row.state)]

    @property
    def is_final(self) -> bool:
        return queries.is_final(self.row)

    @property
    def rows(self) -> str:
        return figure_text(self.row.rows_returned)

    @property
    def scanned(self) -> str:
        return bytes_text(self.row.bytes_scanned)

    @property
    def estimated(self) -> str:
        return bytes_text(self.row.estimated_bytes)

    @property
    def ran(self) -> str:
        return duration_text(self.row.run_milliseconds)

    @property
    def waited(self) -> str:
        return duration_text(self.row.queue_milliseconds)

    @property
    def percent(self) -> int | None:
        return None if self.row.progress is None else round(self.row.progress * 100)


@require_http_methods(["GET", "POST"])
@signed_in
def editor(visit: Visit) -> HttpResponse:
    require(actor=visit.actor, action=Action.RUN_QUERY)
    if visit.request.method == "GET":
        return _page(visit, sql=visit.request.GET.get("sql", ""))
    sql = visit.request.POST.get("sql", "")
    try:
        with transaction.atomic():
            query = queries.submit(sql=sql, actor=visit.actor, now=visit.now)
    except Refusal as refusal:
        return _page(visit, sql=sql, refusal=refusal)
    return redirect("portal:query", ns=visit.ns, query_id=query.pk)


@require_GET
@signed_in
def query(visit: Visit, *, query_id: UUID) -> HttpResponse:
    row = selectors.query_of(actor=visit.actor, query_id=query_id)
    number = _page_number(visit.request)
    result, missing = None, ""
    if row.state == QueryState.SUCCEEDED:
        try:
            result = queries.page(query=row, offset=(number - 1) * PAGE_ROWS, limit=PAGE_ROWS)
        except ResultMissing as gone:
            missing = str(gone)
    return _page(visit, sql=row.sql, shown=ShownQuery(row), result=result, missing=missing)


@require_GET
@signed_in
def status(visit: Visit, *, query_id: UUID) -> JsonResponse:
    """For the page's script, once a second while the query has not ended."""
    shown = ShownQuery(selectors.query_of(actor=visit.actor, query_id=query_id))
    text = f"{shown.row.get_state_display()}, {shown.ran}, {shown.scanned} read"
    if shown.row.state == QueryState.QUEUED:
        text = "Waiting for a free slot"
    answer = {"is_final": shown.is_final, "text": text, "percent": shown.percent}
    return JsonResponse(answer | {"state": shown.row.get_state_display().lower()})


@require_POST
@signed_in
def cancel(visit: Visit, *, query_id: UUID) -> HttpResponse:
    with transaction.atomic():
        queries.cancel(query_id=query_id, actor=visit.actor, now=visit.now)
    return redirect("portal:query", ns=visit.ns, query_id=query_id)


@require_GET
@signed_in
def download(visit: Visit, *, query_id: UUID) -> HttpResponseBase:
    row = selectors.query_of(actor=visit.actor, query_id=query_id)
    lines = results.csv_lines(query=row)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="query-{row.pk}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _page(
    visit: Visit,
    *,
    sql: str,
    shown: ShownQuery | None = None,
    result: ResultPage | None = None,
    missing: str = "",
    refusal: Refusal | None = None,
) -> HttpResponse:
    own = Query.objects.filter(user_id=visit.session.user_id, panel__isnull=True)
    context = {
        "ns": visit.ns,
        "sql": sql,
        "shown": shown,
        "result": result,
        "missing": missing,
        "number": _page_number(visit.request),
        "refusal": refusal,
        "databases": _tree(_catalogue()),
        "history": [ShownQuery(row) for row in own.order_by("-submitted_at")[:HISTORY]],
    }
    code = 200 if refusal is None else status_of(refusal)
    return render(visit.request, "portal/sql.html", context, status=code)


def _catalogue() -> Catalogue | None:
    try:
        return selectors.catalogue_of(selectors.default_engine())
    except selectors.EngineMissing:
        return None


def _tree(catalogue: Catalogue | None) -> list[dict[str, object]] | None:
    if catalogue is None:
        return None
    return [
        {
            "name": database,
            "tables": [table for table in catalogue.tables if table.database == database],
            "views": [view for view in catalogue.views if view.database == database],
        }
        for database in catalogue.databases
    ]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000_000:  # noqa: PLR2004 - far enough
        raise BadRequest
    return int(text)
