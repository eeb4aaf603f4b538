"""A company that signs out with its provider, and the messages that go between them."""

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import SAMLP
from tests.fakes.idp_logouts import Logout, Query

SLO = "https://idp.customer.example/slo"


def metadata_with_logout(*, response_url: str = "") -> str:
    answers = f' ResponseLocation="{response_url}"' if response_url else ""
    service = (
        "<md:SingleLogoutService Binding="
        f'"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{SLO}"{answers}/>'
    )
    return metadata_xml().replace("<md:SingleSignOnService", f"{service}<md:SingleSignOnService")


def a_provider(namespace: Namespace, *, metadata: str | None = None) -> IdentityProvider:
    with namespace_scope(namespace.pk):
        provider = an_identity_provider(metadata=metadata or metadata_with_logout())
        the_walk_through(provider)
    return provider


@dataclass
class Acme:
    """A namespace with a provider that signs out, and its people's browsers."""

    namespace: Namespace = field(default_factory=lambda: a_namespace("acme"))
    provider: IdentityProvider = field(init=False)

    def __post_init__(self) -> None:
        self.provider = a_provider(self.namespace)

    def signed_in(
        self, name: str = "joe", *, session: str = "_session1", group: str = "Author"
    ) -> SAMLBrowser:
        browser = SAMLBrowser(self.namespace)
        answer = browser.signed_in(
            name_id=f"{name}@customer.example",
            session_index=session,
            attributes=as_member_of(f"QuickSight-{group}", name=f"{name}@customer.example"),
        )
        assert answer.status_code == 302, answer.content
        return browser

    def logout(self, **changes: Any) -> Logout:
        plain: dict[str, Any] = {
            "now": timezone.now().replace(microsecond=0),
            "message_id": f"_{timezone.now().timestamp()}",
            "destination": f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory/sls/",
        }
        return Logout(**plain | changes)

    def send(self, logout: Logout, *, client: Client | None = None, **query: Any) -> Any:
        address = f"/saml/acme/AzureActiveDirectory/sls/?{Query(**query).of(logout)}"
        return (client or Client()).get(address, headers={"accept": "application/json"})

    def open_sessions(self) -> list[str]:
        with namespace_scope(self.namespace.pk):
            rows = UserSession.objects.filter(ended_at__isnull=True)
            return sorted(f"{row.name_id.partition('@')[0]} {row.session_index}" for row in rows)


def document_of(address: str) -> tuple[etree._Element, dict[str, list[str]]]:
    """The message in a redirect to the provider, and the redirect's parameters."""
    parameters = parse_qs(urlsplit(address).query)
    packed = parameters.get("SAMLRequest") or parameters["SAMLResponse"]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed[0]), -15)), parameters


def statuses(root: etree._Element) -> list[str]:
    return [code.get("Value", "") for code in root.iter(f"{{{SAMLP}}}StatusCode")]
