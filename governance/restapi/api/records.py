"""What was done and what is being done: audit events and jobs."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from governance.audit.models import AuditEvent
from governance.audit.services import exports
from governance.isolation.scopes import namespace_scope
from governance.kernel.actions import Action
from governance.outbox.models import MessageKind, MessageState, OutboxMessage
from governance.restapi.api.serializers import AuditEventOut, JobOut
from governance.restapi.filters import ScopedFilterSet
from governance.restapi.views import ReadViewSet
from governance.tenancy.selectors import actor_name

EXPORT_BATCH = 500


class AuditEventFilter(ScopedFilterSet):
    at_from = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    at_to = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    action = django_filters.CharFilter()
    action_prefix = django_filters.CharFilter(field_name="action", lookup_expr="startswith")
    actor = django_filters.UUIDFilter(field_name="actor_id")
    object = django_filters.UUIDFilter(field_name="target_id")
    object_kind = django_filters.CharFilter(field_name="target_kind")

    class Meta:
        model = AuditEvent
        fields: ClassVar[list[str]] = []


class AuditEventViewSet(ReadViewSet):
    """The append-only trail. `hash` is null until the sealer came by (about a second)."""

    model = AuditEvent
    read_action = Action.READ_AUDIT
    write_action = Action.READ_AUDIT
    serializer_class = AuditEventOut
    filterset_class = AuditEventFilter
    ordering_fields = ("at", "created_at")
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[AuditEvent]:
        return AuditEvent.objects.select_related("seal").annotate(actor_name=actor_name())

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=["ndjson", "csv"])],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def export(self, request: Request, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401, ARG002 - DRF's
        """The whole trail, oldest first, as it streams. Takes the filters of the list."""
        wanted = request.query_params.get("format", "ndjson")
        if wanted not in {"ndjson", "csv"}:
            raise ValidationError({"format": ["Choose ndjson or csv."]})
        filterset = AuditEventFilter(request.query_params)
        if not filterset.is_valid():
            raise ValidationError(filterset.errors)
        events = self._events(filterset)
        lines = exports.csv_lines(events) if wanted == "csv" else _ndjson(events)
        kind = "text/csv; charset=utf-8" if wanted == "csv" else "application/x-ndjson"
        response = StreamingHttpResponse(lines, content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="audit-events.{wanted}"'
        return response

    def _events(self, filterset: AuditEventFilter) -> Iterator[AuditEvent]:
        """In batches, each read in a scope of its own: the answer outlives the handler's."""
        last: UUID | None = None
        while True:
            with namespace_scope(self.namespace.pk):
                rows = filterset.filter_queryset(self.get_queryset()).order_by("id")
                rows = rows if last is None else rows.filter(pk__gt=last)
                batch = list(rows[:EXPORT_BATCH])
            yield from batch
            if len(batch) < EXPORT_BATCH:
                return
            last = batch[-1].pk


class JobFilter(ScopedFilterSet):
    kind = django_filters.CharFilter(field_name="name")
    state = django_filters.ChoiceFilter(choices=MessageState.choices)

    class Meta:
        model = OutboxMessage
        fields: ClassVar[list[str]] = []


class JobViewSet(ReadViewSet):
    """Progress of everything long."""

    model = OutboxMessage
    read_action = Action.READ_JOBS
    write_action = Action.READ_JOBS
    serializer_class = JobOut
    filterset_class = JobFilter
    ordering_fields = ("created_at", "due_at", "finished_at")
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[OutboxMessage]:
        return OutboxMessage.objects.filter(kind=MessageKind.JOB)


def _ndjson(events: Iterator[AuditEvent]) -> Iterator[str]:
    for event in events:
        yield json.dumps(AuditEventOut(event).data, default=str, sort_keys=True) + "\n"
