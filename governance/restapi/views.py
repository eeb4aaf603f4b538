"""The base of every REST resource below `/api/v1/namespaces/{ns}/`.

    class DatasetViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
        "Where personal data lies, and how it is found."

        model = Dataset                                # rows of the open scope alone
        read_action = Action.READ_ERASURE              # asked on GET
        write_action = Action.MANAGE_DATA_MAP          # asked on everything else
        action_permissions = {"index": Action.MANAGE_DATA_MAP}   # where a verb needs another
        serializer_class = DatasetOut
        input_serializer_class = DatasetIn
        filterset_fields = ("storage_layer", "format")           # allow lists: the rest is 400
        ordering_fields = ("prefix", "created_at")

        def perform_create(self, values):              # one call of a service; it may refuse
            return datasets.create(**values, actor=self.actor, now=self.now)

        def perform_update(self, row, values):         # only what PATCH named is in `values`
            return datasets.change(dataset_id=row.pk, values=values, actor=self.actor, now=self.now)

        def perform_destroy(self, row):
            datasets.remove(dataset_id=row.pk, actor=self.actor, now=self.now)

        @extend_schema(request=None, responses={202: JobOut})
        @action(detail=True, methods=["post"])
        def index(self, request, **kwargs):
            job = datasets.index(dataset_id=self.get_object().pk, actor=self.actor, now=self.now)
            return self.accepted(JobOut(job))

In `api/urls.py`, which project/urls.py mounts at `/api/v1/namespaces/<str:ns>/`:

    router = NamespaceRouter()
    router.register("datasets", DatasetViewSet, basename="dataset")
    urlpatterns = router.urls

A request runs in this order: token or session → the namespace `{ns}` (another one is 404) →
the namespace's scope, a transaction → the policy for the action → the Idempotency-Key → the
handler. A refusal leaves the scope by exception, so what it had written is rolled back.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import connection, models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.permissions import require
from governance.kernel.refusals import NotFound
from governance.restapi import idempotency
from governance.restapi.permissions import SAFE_METHODS, HasActor, actor_of
from governance.restapi.problems import handle
from governance.restapi.schema import LakewardenSchema
from governance.restapi.serializers import validated
from governance.tenancy.models import Namespace

NOWHERE = UUID(int=0)


class NamespaceRouter(SimpleRouter):
    """Routes without a root view: a list of resources is what the schema is for."""


class ScopedView(GenericViewSet[Any]):
    """Runs each handler inside a scope. `NamespacedViewSet` is the usual one to derive from."""

    read_action: ClassVar[Action]
    write_action: ClassVar[Action]
    action_permissions: ClassVar[Mapping[str, Action]] = {}
    model: ClassVar[type[models.Model]]
    input_serializer_class: ClassVar[type[BaseSerializer[Any]]]
    permission_classes = (HasActor,)
    http_method_names = ["get", "head", "post", "patch", "put", "delete"]
    schema = LakewardenSchema()
    filterset_fields: Any = ()
    ordering_fields: Any = ("created_at",)
    ordering: Any = ("id",)
    extra_query_params: ClassVar[frozenset[str]] = frozenset()
    shown_once: ClassVar[frozenset[str]] = frozenset()
    metadata_class = None

    # Nobody, who may do nothing: a view that forgets to say who asks refuses.
    actor: Actor = Actor(kind=ActorKind.TOKEN, namespace_id=NOWHERE)
    now: datetime

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - Django's
        """DRF's own order, with the scope opened between `initial` and the handler."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        self.now = timezone.now()
        self.request = self.initialize_request(request, *args, **kwargs)
        try:
            self.initial(self.request, *args, **kwargs)
            response = self._answer(self.request)
        except Exception as exc:  # noqa: BLE001 - DRF's boundary: unknown ones are raised again
            response = self.handle_exception(exc)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    @classmethod
    def without_request(cls, *, actor: Actor, now: datetime) -> Self:
        """For a command: its shapes and `perform_…`, in a scope that the caller opens."""
        view = cls()
        view.actor, view.now = actor, now
        view.args, view.kwargs, view.format_kwarg = (), {}, None
        view.request = Request(HttpRequest())
        return view

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle

    def scoped(self, work: Callable[[], Response]) -> Response:
        """Open the scope that this resource lives in, and do the work there."""
        raise NotImplementedError

    def required_action(self, request: Request) -> Action:
        named = self.action_permissions.get(self.action or "")
        if named is not None:
            return named
        return self.read_action if request.method in SAFE_METHODS else self.write_action

    def check_action(self, request: Request) -> None:
        require(actor=self.actor, action=self.required_action(request))

    def get_queryset(self) -> QuerySet[Any]:
        return self.model._default_manager.all()  # noqa: SLF001 - Django's name

    def get_input(self) -> dict[str, Any]:
        """The validated body by `input_serializer_class`. Raises ValidationError."""
        return self.validated(self.input_serializer_class)

    def validated(
        self, shape: type[BaseSerializer[Any]], *, partial: bool = False
    ) -> dict[str, Any]:
        return validated(
            shape,
            data=self.request.data,
            partial=partial,
            context=self.get_serializer_context(),
        )

    def rendered(self, row: object) -> dict[str, Any]:
        data: dict[str, Any] = self.get_serializer(row).data
        return data

    @staticmethod
    def accepted(serializer: BaseSerializer[Any]) -> Response:
        return Response(serializer.data, status=status.HTTP_202_ACCEPTED)

    def _answer(self, request: Request) -> Response:
        handler: Callable[..., Response] | None = None
        if request.method and request.method.lower() in self.http_method_names:
            handler = getattr(self, request.method.lower(), None)
        if handler is None:
            raise MethodNotAllowed(request.method or "")
        chosen = handler

        def work() -> Response:
            self.check_action(request)
            if self.detail and request.method not in SAFE_METHODS:
                # Whose row it is comes first: a body is not judged for a stranger.
                self.get_object()
            response = self._once(request, chosen)
            if request.method not in SAFE_METHODS:
                _check_constraints()
            return response

        return self.scoped(work)

    def _once(self, request: Request, handler: Callable[..., Response]) -> Response:
        def work() -> Response:
            return handler(request, *self.args, **self.kwargs)

        if request.method != "POST" or idempotency.HEADER not in request.headers:
            return work()
        return idempotency.once(
            request=request,
            actor=self.actor,
            shown_once=self.shown_once,
            ask_ahead=self.ask_ahead,
            work=work,
        )

    def ask_ahead(self) -> None:
        """What a POST with a key needs of other hosts, asked while nothing is written yet."""


class NamespacedViewSet(ScopedView):
    """A resource below `/api/v1/namespaces/{ns}/`. See the module's docstring for an example."""

    namespace: Namespace = Namespace(id=NOWHERE, name="example", account_id="000000000000")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - DRF's
        super().initial(request, *args, **kwargs)
        self.actor = actor_of(request)
        self.namespace = resolve_namespace(
            name=self.kwargs["ns"], own=getattr(request.user, "namespace", None), actor=self.actor
        )

    def scoped(self, work: Callable[[], Response]) -> Response:
        with namespace_scope(self.namespace.pk):
            return work()


class ReadViewSet(ListModelMixin, RetrieveModelMixin, NamespacedViewSet):
    """GET of a list and of one."""


class CreateMixin:
    """POST: `perform_create(values) -> row`, answered 201 with the row."""

    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        row = self.perform_create(self.get_input())  # type: ignore[attr-defined]
        data = self.rendered_new(row)
        response = Response(data, status=status.HTTP_201_CREATED)
        if "id" in data:
            response["Location"] = f"{request._request.path.rstrip('/')}/{data['id']}/"  # noqa: SLF001
        return response

    def rendered_new(self, row: Any) -> dict[str, Any]:  # noqa: ANN401 - any model
        """What 201 answers; a view with `shown_once` adds those fields here."""
        data: dict[str, Any] = self.rendered(row)  # type: ignore[attr-defined]
        return data

    def perform_create(self, values: dict[str, Any]) -> object:
        raise NotImplementedError


class UpdateMixin:
    """PATCH: `perform_update(row, values) -> row`; `values` holds only what was sent.

    `patch_serializer_class` where a change takes other fields than a creation.
    """

    patch_serializer_class: ClassVar[type[BaseSerializer[Any]] | None] = None

    def partial_update(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        row = self.get_object()  # type: ignore[attr-defined]
        shape = self.patch_serializer_class or self.input_serializer_class  # type: ignore[attr-defined]
        values = self.validated(shape, partial=True)  # type: ignore[attr-defined]
        changed = self.perform_update(row, values)
        return Response(self.rendered(changed))  # type: ignore[attr-defined]

    def perform_update(self, row: Any, values: dict[str, Any]) -> object:  # noqa: ANN401 - any model
        raise NotImplementedError


class DestroyMixin:
    """DELETE: `perform_destroy(row)`, answered 204."""

    def destroy(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        self.perform_destroy(self.get_object())  # type: ignore[attr-defined]
        return Response(status=status.HTTP_204_NO_CONTENT)

    def perform_destroy(self, row: Any) -> None:  # noqa: ANN401 - any model
        raise NotImplementedError


def resolve_namespace(*, name: str, own: Namespace | None, actor: Actor) -> Namespace:
    """The namespace of that name, if it is the caller's own; else the answer is as for none.

    A tenant's is compared, not looked up, so that the time tells nothing of others' names.
    """
    if actor.namespace_id is None:
        with system_scope("a platform administrator names a namespace in a URL"):
            found = Namespace.objects.filter(name=name).first()
    else:
        found = own if own is not None and own.name == name else None
    if found is None:
        raise NotFound
    return found


def _check_constraints() -> None:
    """Deferred constraints speak now, inside the handler's savepoint, and not at commit."""
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
