"""Storage layers, datasets and erasure requests over REST."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.kernel.refusals import NotFound
from governance.restapi import problems
from governance.restapi.api.serializers import JobOut
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin
from purge import selectors, wiring
from purge.api import serializers as shapes, workflow_serializers as workflow
from purge.api.filters import ErasureRequestFilter
from purge.models import (
    Dataset,
    ErasureReport,
    ErasureRequest,
    StorageLayer,
)
from purge.services import (
    certificates,
    data_maps,
    dataset_probes,
    deciders,
    decisions,
    erasure_requests,
)
from purge.services.erasure_requests import Wish


class StorageLayerViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Places where objects are kept."""

    model = StorageLayer
    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    serializer_class = shapes.StorageLayerOut
    input_serializer_class = shapes.StorageLayerIn
    filterset_fields = ("name", "kind")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> StorageLayer:
        return self.perform_update(StorageLayer(namespace=self.namespace), values)

    def perform_update(self, row: StorageLayer, values: dict[str, Any]) -> StorageLayer:
        return data_maps.save_layer(
            layer=row, values=values, lake=wiring.lake(), actor=self.actor, now=self.now
        )

    def perform_destroy(self, row: StorageLayer) -> None:
        data_maps.remove_layer(layer=row, actor=self.actor, now=self.now)

    @extend_schema(request=None, responses={200: shapes.ProbeOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Try the layer step by step."""
        steps = data_maps.probe(
            layer_id=self.get_object().pk, lake=wiring.lake(), actor=self.actor, now=self.now
        )
        return Response(shapes.ProbeOut({"steps": steps}).data)


class DatasetViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Where personal data lies, and what identifies a person in it."""

    model = Dataset
    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    serializer_class = shapes.DatasetOut
    input_serializer_class = shapes.DatasetIn
    filterset_fields = ("storage_layer", "format")
    ordering_fields = ("prefix", "created_at", "indexed_at")

    def perform_create(self, values: dict[str, Any]) -> Dataset:
        return self.perform_update(Dataset(namespace=self.namespace), values)

    def perform_update(self, row: Dataset, values: dict[str, Any]) -> Dataset:
        return data_maps.save_dataset(dataset=row, values=values, actor=self.actor, now=self.now)

    @extend_schema(request=None, responses={200: shapes.ProbeOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Read the first objects as the dataset says, and count what identifies people in them."""
        steps = dataset_probes.probe(
            dataset_id=self.get_object().pk, lake=wiring.lake(), actor=self.actor, now=self.now
        )
        return Response(shapes.ProbeOut({"steps": steps}).data)

    def perform_destroy(self, row: Dataset) -> None:
        data_maps.remove_dataset(dataset=row, lake=wiring.lake(), actor=self.actor, now=self.now)

    @extend_schema(request=None, responses={202: JobOut})
    @action(detail=True, methods=["post"])
    def index(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Bring the index up to date with the lake: a job, whose progress is at `jobs/`."""
        job = data_maps.start_indexing(
            dataset_id=self.get_object().pk, actor=self.actor, now=self.now
        )
        return self.accepted(JobOut(job))


class ErasureRequestViewSet(CreateMixin, ReadViewSet):
    """Requests that people be forgotten. Deciding needs a person's session, never a token."""

    model = ErasureRequest
    read_action = Action.READ_ERASURE
    write_action = Action.REQUEST_ERASURE
    action_permissions: ClassVar[Mapping[str, Action]] = {
        "approve": Action.APPROVE_ERASURE,
        "reject": Action.APPROVE_ERASURE,
        "approve_many": Action.APPROVE_ERASURE,
        "reject_many": Action.APPROVE_ERASURE,
    }
    serializer_class = shapes.ErasureRequestOut
    input_serializer_class = shapes.ErasureRequestIn
    filterset_class = ErasureRequestFilter
    ordering_fields = ("created_at", "due_at", "state")
    ordering = ("-id",)

    def check_action(self, request: Request) -> None:
        if self.required_action(request) is Action.APPROVE_ERASURE:
            deciders.person(self.actor)
        super().check_action(request)

    def get_queryset(self) -> QuerySet[ErasureRequest]:
        return selectors.in_lists(ErasureRequest.objects.all())

    def perform_create(self, values: dict[str, Any]) -> ErasureRequest:
        return erasure_requests.ask(
            wish=Wish(
                people=values["subjects"],
                reason=values["reason"],
                reference=values["reference"],
                due_at=values.get("due_at"),
                identity_proof=values["identity_proof"],
                contact=values["contact"],
            ),
            actor=self.actor,
            now=self.now,
        )

    @extend_schema(responses={200: shapes.ReportOut})
    @action(detail=True, methods=["get"])
    def report(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """The report in force: fingerprints and masked names, never an identifier."""
        row = self.get_object()
        found = ErasureReport.objects.filter(erasure_request=row, hash=row.report_hash).first()
        if found is None:
            raise NotFound
        return Response(shapes.ReportOut(found).data)

    @extend_schema(request=shapes.ApproveIn, responses={200: shapes.ErasureRequestOut})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Approve the report of that hash. Where the lake changed since, a new one is made."""
        row = self.get_object()
        report_hash = self.validated(shapes.ApproveIn)["report_hash"]
        try:
            decisions.approve(
                request_id=row.pk,
                report_hash=report_hash,
                lake=wiring.lake(),
                actor=self.actor,
                now=self.now,
            )
        except decisions.LakeChanged as refusal:
            # Answered, not raised: what is written from here on is to be kept.
            decisions.look_again(request_id=row.pk, actor=self.actor, now=self.now)
            return problems.from_refusal(refusal)
        return self._shown(row)

    @extend_schema(request=shapes.RejectIn, responses={200: shapes.ErasureRequestOut})
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Say no, with a reason, for good."""
        row = self.get_object()
        reason = self.validated(shapes.RejectIn)["reason"]
        decisions.reject(request_id=row.pk, reason=reason, actor=self.actor, now=self.now)
        return self._shown(row)

    @extend_schema(request=None, responses={200: shapes.ErasureRequestOut})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Withdraw it, unless it is being carried out or has ended."""
        row = self.get_object()
        erasure_requests.cancel(request_id=row.pk, actor=self.actor, now=self.now)
        return self._shown(row)

    @extend_schema(request=None, responses={202: shapes.ErasureRequestOut})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Go on with what failed; or, before a decision, look for the person again."""
        row = self.get_object()
        erasure_requests.retry(request_id=row.pk, actor=self.actor, now=self.now)
        response = self._shown(row)
        response.status_code = 202
        return response

    @extend_schema(
        operation_id="erasure_requests_approve_many",
        request=workflow.ApproveManyIn,
        responses={200: workflow.AnswersOut},
    )
    @action(detail=False, methods=["post"], url_path="approve")
    def approve_many(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Approve several, each by its own report's hash. One refusal stops no other."""
        wanted = self.validated(workflow.ApproveManyIn)["approvals"]
        answers = decisions.approve_many(
            reports=[(one["id"], one["report_hash"]) for one in wanted],
            lake=wiring.lake(),
            actor=self.actor,
            now=self.now,
        )
        return Response(workflow.AnswersOut({"results": answers}).data)

    @extend_schema(
        operation_id="erasure_requests_reject_many",
        request=workflow.RejectManyIn,
        responses={200: workflow.AnswersOut},
    )
    @action(detail=False, methods=["post"], url_path="reject")
    def reject_many(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Reject several for one reason. One refusal stops no other."""
        wanted = self.validated(workflow.RejectManyIn)
        answers = decisions.reject_many(
            request_ids=wanted["ids"], reason=wanted["reason"], actor=self.actor, now=self.now
        )
        return Response(workflow.AnswersOut({"results": answers}).data)

    @extend_schema(
        operation_id="erasure_requests_retry_many",
        request=workflow.RetryManyIn,
        responses={200: workflow.AnswersOut},
    )
    @action(detail=False, methods=["post"], url_path="retry")
    def retry_many(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Go on with several that failed, each from where it stopped."""
        ids = self.validated(workflow.RetryManyIn)["ids"]
        answers = erasure_requests.retry_many(request_ids=ids, actor=self.actor, now=self.now)
        return Response(workflow.AnswersOut({"results": answers}).data)

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=["json", "pdf"])],
        responses={
            (200, "application/json"): shapes.CertificateOut,
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY),
        },
    )
    @action(detail=True, methods=["get"])
    def certificate(self, request: Request, **kwargs: Any) -> HttpResponse:  # noqa: ANN401, ARG002 - DRF's
        """What was done, signed and chained: the newest. A partial one says what remains."""
        found = selectors.certificate_of(self.get_object())
        if found is None:
            raise NotFound
        if request.query_params.get("format") == "pdf":
            paper = wiring.certificate_paper(certificates.body(found))
            name = f'attachment; filename="erasure-{found.number}.pdf"'
            headers = {"Content-Disposition": name}
            return HttpResponse(paper, content_type="application/pdf", headers=headers)
        return Response(shapes.CertificateOut(found).data)

    def _shown(self, row: ErasureRequest) -> Response:
        return Response(self.rendered(self.get_queryset().get(pk=row.pk)))
