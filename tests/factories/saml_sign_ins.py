"""A browser on its way through a sign-in, with `tests.fakes.idp` as the identity provider."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import SignInRequest
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User, UserSession
from tests.fakes.idp import Response, a_response

GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"


@dataclass
class SAMLBrowser:
    """One person's browser at one provider of one namespace."""

    namespace: Namespace
    provider: str = "AzureActiveDirectory"
    client: Client = field(default_factory=Client)

    @property
    def base(self) -> str:
        return f"/saml/{self.namespace.name}/{self.provider}"

    def begun(self, *, target: str = "/") -> str:
        """Begin a sign-in here; the id of the request that went out."""
        answer = self.client.get(f"{self.base}/login/", {"next": target})
        assert answer.status_code == 302, answer.content
        with namespace_scope(self.namespace.pk):
            return SignInRequest.objects.latest("created_at").request_id

    def response(self, *, request_id: str | None = None, **changes: Any) -> Response:
        """What the provider would answer: for this ACS, now, as joe in QuickSight-Author."""
        own = f"{settings.PUBLIC_URL}{self.base}"
        plain = Response(
            now=timezone.now().replace(microsecond=0),
            assertion_id=f"_{timezone.now().timestamp()}",
            destination=f"{own}/acs/",
            recipient=f"{own}/acs/",
            audiences=((f"{own}/metadata/",),),
            in_response_to=request_id,
            response_in_response_to=request_id,
        )
        return replace(plain, **changes)

    def post(self, response: Response, *, relay_state: str = "", **signing: Any) -> Any:
        return self.post_raw(a_response(response, **signing), relay_state=relay_state)

    def post_raw(self, saml_response: str, *, relay_state: str = "") -> Any:
        return self.client.post(
            f"{self.base}/acs/",
            {"SAMLResponse": saml_response, "RelayState": relay_state},
            headers={"accept": "application/json"},
        )

    def signed_in(self, **changes: Any) -> Any:
        """The whole way, begun here."""
        return self.post(self.response(request_id=self.begun(), **changes))


def as_member_of(*groups: str, name: str = "joe@customer.example") -> dict[str, list[str]]:
    return {GROUPS: list(groups), NAME: [name]}


def people(namespace: Namespace) -> list[str]:
    """Names of those who signed in by SAML, the first ones first."""
    with namespace_scope(namespace.pk):
        rows = User.objects.filter(source="saml").order_by("created_at")
        return list(rows.values_list("username", flat=True))


def sessions(namespace: Namespace) -> list[UserSession]:
    with namespace_scope(namespace.pk):
        rows = UserSession.objects.select_related("user", "role").order_by("created_at")
        return list(rows)
