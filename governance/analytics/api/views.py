"""Engines, the catalogue, queries with their results, dashboards."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from governance.analytics import selectors
from governance.analytics.api.serializers import (
    DashboardIn,
    DashboardOut,
    EngineIn,
    EngineOut,
    EngineTestOut,
    EstimateOut,
    LakeTableIn,
    LakeTableOut,
    LakeViewIn,
    LakeViewOut,
    QueryIn,
    QueryOut,
    ResultOut,
)
from governance.analytics.models import Dashboard, Engine, LakeTable, LakeView, Query
from governance.analytics.services import catalogue, dashboards, engines, queries, results
from governance.analytics.services.queries import Question
from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.kernel.refusals import FieldError, Invalid
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin

MAX_ROWS = 10_000
DEFAULT_ROWS = 1_000
CSV_TYPE = "text/csv"
ARROW_TYPE = "application/vnd.apache.arrow.file"


class ResultRangeInvalid(Invalid):
    code = "result_range_invalid"
    sentence = "offset is 0 or more, limit from 1 to 10000."


class ResultFormatUnknown(Invalid):
    code = "result_format_unknown"
    sentence = "Results come as json, csv or arrow."


class _Passed(BaseRenderer):
    """For negotiation only: these answers are streamed, not rendered."""

    charset = None

    def render(self, data: Any, *args: object, **kwargs: object) -> bytes:  # noqa: ANN401, ARG002 - DRF's
        """A refusal, asked for as CSV or Arrow: still a problem document."""
        rendered: bytes = JSONRenderer().render(data)
        return rendered


class CSVRenderer(_Passed):
    media_type = CSV_TYPE
    format = "csv"


class ArrowRenderer(_Passed):
    media_type = ARROW_TYPE
    format = "arrow"


class EngineViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """What runs queries. Credentials are write-only."""

    model = Engine
    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    serializer_class = EngineOut
    input_serializer_class = EngineIn
    filterset_fields = ("name", "kind", "pool")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> Engine:
        return engines.create(**values, actor=self.actor, now=self.now)

    def perform_update(self, row: Engine, values: dict[str, Any]) -> Engine:
        return engines.change(engine_id=row.pk, values=values, actor=self.actor, now=self.now)

    def perform_destroy(self, row: Engine) -> None:
        engines.remove(engine_id=row.pk, actor=self.actor, now=self.now)

    @extend_schema(request=None, responses={200: EngineTestOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Try the engine, step by step; a failed step is an answer, not an error."""
        steps = engines.test(engine_id=self.get_object().pk, actor=self.actor, now=self.now)
        return Response(EngineTestOut({"ok": all(step.ok for step in steps), "steps": steps}).data)


class LakeTableViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Tables of the catalogue: names for files of the namespace's part of the lake."""

    model = LakeTable
    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    serializer_class = LakeTableOut
    input_serializer_class = LakeTableIn
    filterset_fields = ("database", "name", "format")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> LakeTable:
        table_format = values.pop("format")
        return catalogue.create_table(
            **values, table_format=table_format, actor=self.actor, now=self.now
        )

    def perform_update(self, row: LakeTable, values: dict[str, Any]) -> LakeTable:
        return catalogue.change_table(
            table_id=row.pk, values=values, actor=self.actor, now=self.now
        )

    def perform_destroy(self, row: LakeTable) -> None:
        catalogue.remove(entry=row, actor=self.actor, now=self.now)


class LakeViewViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Views of the catalogue: names for a SELECT."""

    model = LakeView
    read_action = Action.READ_ENGINES
    write_action = Action.MANAGE_ENGINES
    serializer_class = LakeViewOut
    input_serializer_class = LakeViewIn
    filterset_fields = ("database", "name")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> LakeView:
        return catalogue.create_view(**values, actor=self.actor, now=self.now)

    def perform_update(self, row: LakeView, values: dict[str, Any]) -> LakeView:
        return catalogue.change_view(view_id=row.pk, values=values, actor=self.actor, now=self.now)

    def perform_destroy(self, row: LakeView) -> None:
        catalogue.remove(entry=row, actor=self.actor, now=self.now)


class QueryViewSet(ReadViewSet):
    """Queries: one's own, or all of them with ReadAllQueries. SQL is Hive's and Spark's."""

    model = Query
    read_action = Action.RUN_QUERY
    write_action = Action.RUN_QUERY
    serializer_class = QueryOut
    input_serializer_class = QueryIn
    filterset_fields = ("state", "pool")
    ordering_fields = ("submitted_at", "bytes_scanned", "run_milliseconds", "created_at")
    ordering = ("-submitted_at",)

    def check_action(self, request: Request) -> None:
        """A policy may name single engines: `submit` asks for the one that would run it."""
        if self.action in {"create", "estimate"}:
            return
        if not allows(actor=self.actor, action=Action.READ_ALL_QUERIES):
            super().check_action(request)

    def get_queryset(self) -> QuerySet[Query]:
        return selectors.queries_of(self.actor)

    @extend_schema(responses={202: QueryOut})
    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Queue a query. A refusal (of the SQL, of a limit) leaves nothing behind."""
        query = queries.submit(**self.get_input(), actor=self.actor, now=self.now)
        response = self.accepted(QueryOut(query))
        response["Location"] = f"{request._request.path}{query.pk}/"  # noqa: SLF001 - DRF's name
        return response

    @extend_schema(request=QueryIn, responses={200: EstimateOut})
    @action(detail=False, methods=["post"])
    def estimate(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """What the query would read at most, without running it."""
        question = Question(**self.validated(QueryIn))
        return Response(
            EstimateOut(queries.estimate(question=question, actor=self.actor)).data,
        )

    @extend_schema(request=None, responses={202: QueryOut})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Stop it: at once where it is queued, within a second where it runs."""
        query = queries.cancel(query_id=self.get_object().pk, actor=self.actor, now=self.now)
        return Response(QueryOut(query).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[
            OpenApiParameter("format", str, enum=["json", "csv", "arrow"]),
            OpenApiParameter("offset", int, description="For JSON: the first row, from 0."),
            OpenApiParameter("limit", int, description="For JSON: at most 10000, default 1000."),
        ],
        responses={
            (200, "application/json"): ResultOut,
            (200, CSV_TYPE): OpenApiResponse(OpenApiTypes.BINARY),
            (200, ARROW_TYPE): OpenApiResponse(OpenApiTypes.BINARY),
        },
    )
    @action(
        detail=True,
        methods=["get"],
        renderer_classes=[JSONRenderer, CSVRenderer, ArrowRenderer],
    )
    def results(self, request: Request, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401, ARG002 - DRF's
        """The rows: a page as JSON, or all of them as CSV or as an Arrow IPC file."""
        query = self.get_object()
        wanted = request.query_params.get("format", request.accepted_renderer.format)
        match wanted:
            case "csv":
                return _download(query, CSV_TYPE, results.csv_lines(query=query), "csv")
            case "arrow":
                return _download(query, ARROW_TYPE, results.arrow_chunks(query=query), "arrow")
            case "json":
                return self._page(query, request)
            case _:
                raise ResultFormatUnknown

    def _page(self, query: Query, request: Request) -> Response:
        offset = _whole(request, "offset", 0)
        limit = _whole(request, "limit", DEFAULT_ROWS)
        if not 1 <= limit <= MAX_ROWS:
            raise _wrong_range("limit")
        page = queries.page(query=query, offset=offset, limit=limit)
        columns = [{"name": name, "type": kind} for name, kind in page.columns]
        return Response(
            {"columns": columns, "rows": page.rows, "offset": page.offset, "total": page.total}
        )


class DashboardViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Saved queries on one page, shared with roles."""

    model = Dashboard
    read_action = Action.READ_DASHBOARDS
    write_action = Action.MANAGE_DASHBOARDS
    serializer_class = DashboardOut
    input_serializer_class = DashboardIn
    filterset_fields = ("slug",)
    ordering_fields = ("slug", "title", "created_at")

    def check_action(self, request: Request) -> None:
        """A policy may name single dashboards: for changes, the service asks for the one."""
        if request.method in {"GET", "HEAD"}:
            super().check_action(request)
        elif self.action == "create" or not request.method:
            return
        else:
            slug = self.get_object().slug
            resource = selectors.arn(kind="dashboard", name=slug)
            require(actor=self.actor, action=self.write_action, resource=resource)

    def get_queryset(self) -> QuerySet[Dashboard]:
        return selectors.dashboards_of(self.actor).select_related("namespace")

    def perform_create(self, values: dict[str, Any]) -> Dashboard:
        panels = values.pop("queries")
        return dashboards.create(**values, panels=panels, actor=self.actor, now=self.now)

    def perform_update(self, row: Dashboard, values: dict[str, Any]) -> Dashboard:
        if "queries" in values:
            values["panels"] = values.pop("queries")
        return dashboards.change(dashboard_id=row.pk, values=values, actor=self.actor, now=self.now)

    def perform_destroy(self, row: Dashboard) -> None:
        dashboards.remove(dashboard_id=row.pk, actor=self.actor, now=self.now)


def _download(query: Query, kind: str, body: Any, suffix: str) -> StreamingHttpResponse:  # noqa: ANN401 - text or bytes
    response = StreamingHttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="query-{query.pk}.{suffix}"'
    response["Cache-Control"] = "no-store"
    return response


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - digits of a safe integer
        raise _wrong_range(name)
    return int(text)


def _wrong_range(name: str) -> ResultRangeInvalid:
    sentence = ResultRangeInvalid.sentence
    error = FieldError(pointer=f"/{name}", code=ResultRangeInvalid.code, detail=sentence)
    return ResultRangeInvalid(errors=[error])
