"""SCIM's addresses: who asks (a token of one provider), one call of a service, an answer.

Every request runs in the token's namespace, and its transaction: a refusal leaves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from federation.domain import scim_patches, scim_resources
from federation.models import IdentityProvider, ScimGroup, ScimUser
from federation.scim import answers, projections, requests, schemas
from federation.services import scim_groups, scim_users
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.kernel.refusals import NotFound, Refusal
from governance.tenancy.domain import tokens as token_texts
from governance.tenancy.models import ApiToken
from governance.tenancy.services import actors, tokens


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: the provider that the token is bound to."""

    provider: IdentityProvider
    actor: Actor
    now: datetime
    namespace: str


@method_decorator(csrf_exempt, name="dispatch")
class ScimView(View):
    """Authenticates the token, opens its namespace, and turns refusals into SCIM errors."""

    client: Client

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        ns = str(kwargs.pop("ns"))
        found = _token_of(request)
        if found is None or found[1] is None or crossings.namespace_named(ns) != found[1]:
            return _unauthorized()
        try:
            with namespace_scope(found[1]):
                client = _client(token_id=found[0], namespace=ns)
                if client is None:
                    return _unauthorized()
                self.client = client
                return self._handled(request, *args, **kwargs)
        except Refusal as refusal:
            return answers.refused(refusal)

    def _handled(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        handler = getattr(self, (request.method or "").lower(), None)
        if request.method not in {"GET", "POST", "PUT", "PATCH", "DELETE"} or handler is None:
            return answers.error(status=405, detail="This resource does not do that.")
        response: HttpResponse = handler(request, *args, **kwargs)
        return response


class Users(ScimView):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = ScimUser.objects.filter(identity_provider=self.client.provider)
        rows = requests.filtered(rows, request, known=requests.USER_FILTERS)
        return requests.page(
            rows.select_related("user"),
            request,
            lambda row: projections.projected(
                answers.user(row, namespace=self.client.namespace), request
            ),
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        row = scim_users.create(
            provider=self.client.provider,
            person=scim_resources.person_of(requests.body(request)),
            actor=self.client.actor,
            now=self.client.now,
        )
        return answers.answer(answers.user(row, namespace=self.client.namespace), status=201)


class User(ScimView):
    def get(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        return self._answer(self._row(resource_id), request)

    def put(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        return self._changed(resource_id, requests.body(request), request)

    def patch(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        row = scim_users.locked(provider=self.client.provider, user_id=resource_id)
        before = scim_resources.resource_of_person(scim_users.of(row))
        patched = scim_patches.apply(before, requests.operations(request))
        return self._changed(resource_id, patched, request)

    def delete(self, _request: HttpRequest, resource_id: UUID) -> HttpResponse:
        scim_users.remove(
            provider=self.client.provider,
            user_id=resource_id,
            actor=self.client.actor,
            now=self.client.now,
        )
        return answers.nothing()

    def _row(self, resource_id: UUID) -> ScimUser:
        rows = ScimUser.objects.filter(identity_provider=self.client.provider, pk=resource_id)
        row = rows.first()
        if row is None:
            raise scim_users.ScimUserUnknown
        return row

    def _changed(
        self, resource_id: UUID, resource: Mapping[str, object], request: HttpRequest
    ) -> HttpResponse:
        row = scim_users.change(
            provider=self.client.provider,
            user_id=resource_id,
            person=scim_resources.person_of(resource),
            actor=self.client.actor,
            now=self.client.now,
        )
        return self._answer(row, request)

    def _answer(self, row: ScimUser, request: HttpRequest) -> HttpResponse:
        resource = answers.user(row, namespace=self.client.namespace)
        return answers.answer(projections.projected(resource, request))


class Groups(ScimView):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = ScimGroup.objects.filter(identity_provider=self.client.provider)
        members = "members" not in projections.names(request, "excludedAttributes")
        return requests.page(
            requests.filtered(rows, request, known=requests.GROUP_FILTERS),
            request,
            lambda row: projections.projected(
                answers.group(row, namespace=self.client.namespace, members=members), request
            ),
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        group = scim_groups.create(
            provider=self.client.provider,
            team=scim_resources.team_of(requests.body(request)),
            actor=self.client.actor,
            now=self.client.now,
        )
        resource = answers.group(group, namespace=self.client.namespace, members=True)
        return answers.answer(resource, status=201)


class Group(ScimView):
    def get(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        rows = ScimGroup.objects.filter(identity_provider=self.client.provider, pk=resource_id)
        group = rows.first()
        if group is None:
            raise scim_groups.ScimGroupUnknown
        return self._answer(group, request)

    def put(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        return self._answer(self._changed(resource_id, requests.body(request)), request)

    def patch(self, request: HttpRequest, resource_id: UUID) -> HttpResponse:
        """Entra wants 204 here, and never the members of a large group back."""
        group = scim_groups.locked(provider=self.client.provider, group_id=resource_id)
        before = scim_resources.resource_of_team(scim_groups.of(group))
        self._changed(resource_id, scim_patches.apply(before, requests.operations(request)))
        return answers.nothing()

    def delete(self, _request: HttpRequest, resource_id: UUID) -> HttpResponse:
        scim_groups.remove(
            provider=self.client.provider,
            group_id=resource_id,
            actor=self.client.actor,
            now=self.client.now,
        )
        return answers.nothing()

    def _changed(self, resource_id: UUID, resource: Mapping[str, object]) -> ScimGroup:
        return scim_groups.change(
            provider=self.client.provider,
            group_id=resource_id,
            team=scim_resources.team_of(resource),
            actor=self.client.actor,
            now=self.client.now,
        )

    def _answer(self, group: ScimGroup, request: HttpRequest) -> HttpResponse:
        members = "members" not in projections.names(request, "excludedAttributes")
        resource = answers.group(group, namespace=self.client.namespace, members=members)
        return answers.answer(projections.projected(resource, request))


class Discovery(ScimView):
    """`ServiceProviderConfig`, `Schemas`, `ResourceTypes`, and one of the latter two by id."""

    def get(self, _request: HttpRequest, kind: str, name: str = "") -> HttpResponse:
        if kind == "ServiceProviderConfig":
            return answers.answer(schemas.SERVICE_PROVIDER_CONFIG)
        known = schemas.SCHEMAS if kind == "Schemas" else schemas.RESOURCE_TYPES
        if not name:
            return answers.listed(known, total=len(known), start=1)
        for one in known:
            if one["id"] == name:
                return answers.answer(one)
        raise NotFound


class Search(ScimView):
    """Searching several kinds of resources at once is not done here (RFC 7644, 3.4.3)."""

    def post(self, _request: HttpRequest) -> HttpResponse:
        return answers.error(status=501, detail="Search Users or Groups by a filter.")


class Elsewhere(ScimView):
    """Everything else below the base address."""

    def _handled(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:  # noqa: ARG002 - as above
        raise NotFound


def _token_of(request: HttpRequest) -> tuple[UUID, UUID | None] | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token_texts.is_well_formed(text.strip()):
        return None
    return crossings.token_of_digest(token_texts.digest(text.strip()))


def _client(*, token_id: UUID, namespace: str) -> Client | None:
    now = timezone.now()
    token: ApiToken | None = tokens.live(token_id=token_id, now=now)
    if token is None or token.provider_id is None or tokens.SCIM_SCOPE not in token.scopes:
        return None
    provider = IdentityProvider.objects.filter(pk=token.provider_id).first()
    if provider is None:
        return None
    actor = actors.for_token(token)
    return Client(provider=provider, actor=actor, now=now, namespace=namespace)


def _unauthorized() -> HttpResponse:
    return answers.error(
        status=401, detail="This needs a SCIM token of this namespace that is not expired."
    )
