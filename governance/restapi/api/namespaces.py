"""Namespaces: your own, or for a platform administrator all of them."""

from collections.abc import Callable
from typing import Any, ClassVar

from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actions import Action
from governance.kernel.refusals import Forbidden
from governance.restapi.api.serializers import NamespaceChangeIn, NamespaceIn, NamespaceOut
from governance.restapi.permissions import actor_of
from governance.restapi.views import CreateMixin, ScopedView, UpdateMixin
from governance.tenancy.models import Namespace, NamespaceStatus
from governance.tenancy.services import namespaces


class PlatformOnly(Forbidden):
    code = "platform_only"
    sentence = "Only a platform administrator makes or changes namespaces."


class CredentialScopedView(ScopedView):
    """Lives outside a namespace's address: works in the scope of the credential's own."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - DRF's
        super().initial(request, *args, **kwargs)
        self.actor = actor_of(request)

    def scoped(self, work: Callable[[], Response]) -> Response:
        if self.actor.namespace_id is None:
            with system_scope("REST call of a platform administrator"):
                return work()
        with namespace_scope(self.actor.namespace_id):
            return work()


class NamespaceViewSet(
    CreateMixin, UpdateMixin, ListModelMixin, RetrieveModelMixin, CredentialScopedView
):
    """The tenants. A credential of one sees that one; the name is the address."""

    model = Namespace
    read_action = Action.READ_NAMESPACES
    write_action = Action.MANAGE_NAMESPACES
    serializer_class = NamespaceOut
    input_serializer_class = NamespaceIn
    patch_serializer_class: ClassVar[Any] = NamespaceChangeIn
    lookup_field = "name"
    lookup_value_regex = "[A-Za-z0-9._-]{1,64}"
    filterset_fields = ("name", "status")
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> Namespace:
        if not self.actor.is_platform:
            raise PlatformOnly
        return namespaces.create(**values, actor=self.actor, now=self.now)

    def perform_update(self, row: Namespace, values: dict[str, Any]) -> Namespace:
        if not self.actor.is_platform:
            raise PlatformOnly
        by: Any = {"actor": self.actor, "now": self.now}
        with namespace_scope(row.pk):
            if "display_name" in values:
                row = namespaces.rename(namespace=row, display_name=values["display_name"], **by)
            if "status" in values:
                is_open = values["status"] == NamespaceStatus.CREATED
                row = namespaces.set_open(namespace=row, is_open=is_open, **by)
        return row
