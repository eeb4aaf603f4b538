"""Rules, legal holds and returns of erased people over REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.restapi.views import CreateMixin, ReadViewSet, UpdateMixin
from purge.api import serializers as shapes, workflow_serializers as workflow
from purge.models import ErasureRequest, ErasureRules, LegalHold, Return
from purge.services import holds, rules, suppression


class ErasureRulesViewSet(UpdateMixin, ReadViewSet):
    """How many people approve, when a request expires, what follows a return. One row."""

    model = ErasureRules
    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    serializer_class = workflow.ErasureRulesOut
    input_serializer_class = workflow.ErasureRulesIn

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - DRF's
        rules.current()
        return super().list(request, *args, **kwargs)

    def perform_update(self, row: ErasureRules, values: Any) -> ErasureRules:  # noqa: ANN401, ARG002 - DRF's; the one row
        return rules.change(values=values, actor=self.actor, now=self.now)


class LegalHoldViewSet(CreateMixin, ReadViewSet):
    """Whom or what no erasure may touch, and until when. Stored as fingerprints."""

    model = LegalHold
    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_LEGAL_HOLDS
    serializer_class = workflow.LegalHoldOut
    input_serializer_class = workflow.LegalHoldIn
    filterset_fields = ("dataset",)
    ordering_fields = ("created_at", "until")
    ordering = ("-id",)

    def perform_create(self, values: dict[str, Any]) -> LegalHold:
        return holds.place(
            subject=values.get("subject"),
            dataset=values.get("dataset"),
            reason=values["reason"],
            until=values["until"],
            actor=self.actor,
            now=self.now,
        )

    @extend_schema(request=workflow.LiftIn, responses={200: workflow.LegalHoldOut})
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """End it before its time, with a reason. A person's session with a recent proof only."""
        row = self.get_object()
        reason = self.validated(workflow.LiftIn)["reason"]
        lifted = holds.lift(hold_id=row.pk, reason=reason, actor=self.actor, now=self.now)
        return Response(self.rendered(lifted))


class ReturnViewSet(ReadViewSet):
    """Erased people whose identifiers arrived again, and what was decided about that."""

    model = Return
    read_action = Action.READ_ERASURE
    write_action = Action.REQUEST_ERASURE
    serializer_class = workflow.ReturnOut
    filterset_fields = ("state", "dataset")
    ordering_fields = ("created_at", "seen_at")
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Return]:
        return Return.objects.select_related("suppression")

    @extend_schema(request=None, responses={201: shapes.ErasureRequestOut})
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Ask for an erasure of what came back: a new report, and a new decision."""
        row = self.get_object()
        asked = suppression.ask_again(return_id=row.pk, actor=self.actor, now=self.now)
        shown = ErasureRequest.objects.prefetch_related("certificates", "reports").get(pk=asked.pk)
        context = self.get_serializer_context()
        return Response(shapes.ErasureRequestOut(shown, context=context).data, status=201)

    @extend_schema(request=workflow.LetBackIn, responses={200: workflow.LetBackOut})
    @action(detail=False, methods=["post"], url_path="let-back")
    def let_back(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Somebody who was erased wants to be known again, before any record of theirs is met."""
        values = self.validated(workflow.LetBackIn)
        count = suppression.let_back(**values, actor=self.actor, now=self.now)
        return Response(workflow.LetBackOut({"identifiers": count}).data)

    @extend_schema(request=None, responses={200: workflow.ReturnOut})
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """It may stay: the person is back by their own wish."""
        row = self.get_object()
        suppression.dismiss(return_id=row.pk, actor=self.actor, now=self.now)
        return Response(self.rendered(self.get_queryset().get(pk=row.pk)))
