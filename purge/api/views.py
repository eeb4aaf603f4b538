"""Storage layers, datasets and erasure requests over REST."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.kernel.refusals import NotFound
from governance.restapi import problems
from governance.restapi.api.serializers import JobOut
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin
from purge import selectors, wiring
from purge.api import serializers as shapes
from purge.models import (
    Dataset,
    ErasureReport,
    ErasureRequest,
    StorageLayer,
)
from purge.services import data_maps, decisions, erasure_requests
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
    }
    serializer_class = shapes.ErasureRequestOut
    input_serializer_class = shapes.ErasureRequestIn
    filterset_fields = ("state", "reference")
    ordering_fields = ("created_at", "due_at", "state")
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[ErasureRequest]:
        return ErasureRequest.objects.prefetch_related("certificates", "reports")

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

    @extend_schema(responses={200: shapes.CertificateOut})
    @action(detail=True, methods=["get"])
    def certificate(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """What was done, signed and chained. Only a completed erasure has one."""
        row = self.get_object()
        found = selectors.certificate_of(row)
        if found is None:
            raise NotFound
        return Response(shapes.CertificateOut(found).data)

    def _shown(self, row: ErasureRequest) -> Response:
        return Response(self.rendered(self.get_queryset().get(pk=row.pk)))
