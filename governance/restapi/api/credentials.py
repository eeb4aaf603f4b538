"""Credentials: API tokens, shown once, and who the present one acts as."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from governance.isolation.scopes import current_scope, namespace_scope
from governance.kernel.actions import Action
from governance.kernel.actors import ActorKind
from governance.kernel.refusals import FieldError, Invalid
from governance.restapi.api.namespaces import CredentialScopedView
from governance.restapi.api.serializers import MeOut, TokenIn, TokenMadeOut, TokenOut
from governance.restapi.views import CreateMixin, DestroyMixin
from governance.tenancy.models import ApiToken, Namespace, UserSession
from governance.tenancy.services import sessions, tokens


class TokenNamespaceUnknown(Invalid):
    code = "token_namespace_unknown"
    sentence = "There is no namespace of that name for you."


class ApiTokenViewSet(
    CreateMixin, DestroyMixin, ListModelMixin, RetrieveModelMixin, CredentialScopedView
):
    """Tokens of the credential's namespace. DELETE revokes; the row stays for the trail."""

    model = ApiToken
    read_action = Action.READ_TOKENS
    write_action = Action.MANAGE_TOKENS
    serializer_class = TokenOut
    input_serializer_class = TokenIn
    shown_once = frozenset({"token"})
    filterset_fields = ("name", "prefix")
    ordering_fields = ("name", "created_at", "expires_at", "last_used_at")

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.select_related("namespace")

    @extend_schema(responses={201: TokenMadeOut})
    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401 - DRF's
        return super().create(request, **kwargs)

    def perform_create(self, values: dict[str, Any]) -> ApiToken:
        with self._scope_of(values.pop("namespace", None)):
            provider_id = values.pop("provider")
            token, text = tokens.create(
                **values, provider_id=provider_id, actor=self.actor, now=self.now
            )
        token.token = text  # type: ignore[attr-defined]  # for this answer alone
        return token

    def rendered_new(self, row: ApiToken) -> dict[str, Any]:
        data: dict[str, Any] = TokenMadeOut(row).data
        return data

    def perform_destroy(self, row: ApiToken) -> None:
        tokens.revoke(token=row, actor=self.actor, now=self.now)

    def _scope_of(self, name: str | None) -> AbstractContextManager[None]:
        if name is None:
            return nullcontext()
        found = Namespace.objects.filter(name=name).first()
        if found is None:
            error = FieldError("/namespace", "unknown", TokenNamespaceUnknown.sentence)
            raise TokenNamespaceUnknown(errors=[error])
        if found.pk == current_scope().namespace_id:
            return nullcontext()
        return namespace_scope(found.pk)


class MeViewSet(CredentialScopedView):
    """What this session or token is: every credential may ask."""

    serializer_class = MeOut
    model = UserSession
    filter_backends = ()

    def check_action(self, request: Request) -> None:
        """No policy is needed to ask who one is."""

    @extend_schema(responses={200: MeOut})
    def retrieve(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        if self.actor.kind is ActorKind.TOKEN:
            return Response(MeOut(self._of_token()).data)
        return Response(MeOut(self._of_session(request)).data)

    def _of_token(self) -> dict[str, object]:
        token = ApiToken.objects.select_related("namespace").get(id=str(self.actor.token_id))
        return {
            "namespace": None if token.namespace is None else token.namespace.name,
            "username": f"token/{token.name}",
            "role": None,
            "roles": [],
            "expires_at": token.expires_at,
            "authenticated_at": None,
            "tags": {},
        }

    def _of_session(self, request: Request) -> dict[str, object]:
        # Set by the tenancy middleware.
        session: UserSession = request._request.user_session  # type: ignore[attr-defined]  # noqa: SLF001
        held = sessions.roles_open_to(session)
        return {
            "namespace": None if session.namespace is None else session.namespace.name,
            "username": session.user.username,
            "role": None if session.role is None else session.role.name,
            "roles": list(held.values_list("name", flat=True)),
            "expires_at": session.expires_at,
            "authenticated_at": session.authenticated_at,
            "tags": session.tags,
        }
