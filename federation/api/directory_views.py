"""Directories and their mappings over REST."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from federation import wiring
from federation.api.directory_serializers import (
    DirectoryIn,
    DirectoryMappingIn,
    DirectoryMappingOut,
    DirectoryOut,
    DirectoryTestIn,
    DirectoryTestOut,
)
from federation.models import Directory, DirectoryMapping
from federation.selectors import directories as directory_selectors
from federation.services import directories, directory_mappings, directory_tests
from federation.services.directory_tests import Tryout
from governance.kernel.actions import Action
from governance.kernel.personal import Personal
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin

FORMAT = OpenApiParameter("format", str, enum=["xml", "emr"], default="xml")


class DirectoryViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Where people's passwords are asked. The bind password is never shown."""

    model = Directory
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_DIRECTORIES
    serializer_class = DirectoryOut
    input_serializer_class = DirectoryIn
    filterset_fields = ("name", "domain", "enabled")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> Directory:
        return directories.create(
            values=values,  # type: ignore[arg-type]
            actor=self.actor,
            now=self.now,
        )

    def perform_update(self, row: Directory, values: dict[str, Any]) -> Directory:
        return directories.change(
            directory=row,
            values=values,  # type: ignore[arg-type]
            actor=self.actor,
            now=self.now,
        )

    def perform_destroy(self, row: Directory) -> None:
        directories.remove(directory=row, actor=self.actor, now=self.now)

    @extend_schema(request=DirectoryTestIn, responses={200: DirectoryTestOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """Sign somebody in, stage by stage, without letting them in. Failed tries are counted."""
        values = self.validated(DirectoryTestIn)
        tested = directory_tests.run(
            directory=self.get_object(),
            tryout=Tryout(
                username=values["username"],
                password=Personal(values["password"]),
                network=self.actor.network,
            ),
            port=wiring.directory(),
            throttle=wiring.sign_in_throttle(),
            actor=self.actor,
            now=self.now,
        )
        return Response(DirectoryTestOut(tested).data)

    @extend_schema(
        parameters=[FORMAT],
        responses={
            (200, "application/xml"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
        },
    )
    @action(detail=True, methods=["get"], url_path="hive-site")
    def hive_site(self, request: Request, **kwargs: Any) -> HttpResponse:  # noqa: ANN401, ARG002 - DRF's
        """HiveServer2's settings for it or, by `?format=emr`, EMR's with the role mappings."""
        document = directory_selectors.hive_site(
            self.get_object(), emr=request.query_params.get("format") == "emr"
        )
        return HttpResponse(document.text, content_type=document.content_type)


class DirectoryMappingViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Who of a directory gets which role: the lowest position that matches is the default."""

    model = DirectoryMapping
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_DIRECTORIES
    serializer_class = DirectoryMappingOut
    input_serializer_class = DirectoryMappingIn
    filterset_fields = ("directory", "kind", "role")
    ordering_fields = ("position", "created_at")
    ordering = ("position", "id")

    def get_queryset(self) -> QuerySet[DirectoryMapping]:
        return DirectoryMapping.objects.select_related("directory", "role")

    def perform_create(self, values: dict[str, Any]) -> DirectoryMapping:
        return directory_mappings.create(
            values=values,  # type: ignore[arg-type]
            actor=self.actor,
            now=self.now,
        )

    def perform_update(self, row: DirectoryMapping, values: dict[str, Any]) -> DirectoryMapping:
        return directory_mappings.change(
            mapping=row,
            values=values,  # type: ignore[arg-type]
            actor=self.actor,
            now=self.now,
        )

    def perform_destroy(self, row: DirectoryMapping) -> None:
        directory_mappings.remove(mapping=row, actor=self.actor, now=self.now)
