"""Signing out at both sides, whichever of them begins."""

import base64
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation import wiring
from federation.models import IdentityProvider, ServiceProviderKey, SignOutRequest
from federation.services import identity_providers
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import SAMLP, a_key_pair, encoded
from tests.fakes.idp_logouts import Logout, Query, a_signed_tree, lower_case

SLO = "https://idp.customer.example/slo"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"

pytestmark = pytest.mark.django_db


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


@pytest.fixture
def acme() -> Acme:
    return Acme()


def document_of(address: str) -> tuple[etree._Element, dict[str, list[str]]]:
    """The message in a redirect to the provider, and the redirect's parameters."""
    parameters = parse_qs(urlsplit(address).query)
    packed = parameters.get("SAMLRequest") or parameters["SAMLResponse"]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed[0]), -15)), parameters


def statuses(root: etree._Element) -> list[str]:
    return [code.get("Value", "") for code in root.iter(f"{{{SAMLP}}}StatusCode")]


def test_a_signed_request_ends_the_session_that_it_names_and_no_other(acme: Acme) -> None:
    joe, joe_elsewhere = acme.signed_in(), acme.signed_in(session="_session2")
    acme.signed_in("ann", session="_session1")

    answer = acme.send(acme.logout())

    assert answer.status_code == 302
    assert acme.open_sessions() == ["ann _session1", "joe _session2"]
    assert joe.client.get("/").status_code == 302
    assert joe_elsewhere.client.get("/").status_code == 200


def test_a_request_without_a_session_ends_all_of_that_person(acme: Acme) -> None:
    acme.signed_in()
    acme.signed_in(session="_session2")
    acme.signed_in("ann")

    acme.send(acme.logout(session_indexes=()))

    assert acme.open_sessions() == ["ann _session1"]


def test_a_request_by_form_ends_it_too(acme: Acme) -> None:
    acme.signed_in()
    document = a_signed_tree(acme.logout())

    answer = Client().post(
        "/saml/acme/AzureActiveDirectory/sls/", {"SAMLRequest": encoded(document)}
    )

    assert answer.status_code == 302
    assert acme.open_sessions() == []


def test_the_answer_goes_back_signed_with_the_providers_own_relay_state(acme: Acme) -> None:
    acme.signed_in()
    logout = acme.logout()

    answer = acme.send(logout, relay_state="https://elsewhere.example/?a=b", escape=lower_case)

    assert answer["Location"].startswith(f"{SLO}?SAMLResponse=")
    root, parameters = document_of(answer["Location"])
    assert root.get("InResponseTo") == logout.message_id
    assert root.get("Destination") == SLO
    assert statuses(root) == [SUCCESS]
    assert parameters["RelayState"] == ["https://elsewhere.example/?a=b"]
    assert "Signature" in parameters


def test_the_answer_goes_to_the_address_for_answers_where_there_is_one() -> None:
    namespace = a_namespace("acme")
    a_provider(
        namespace, metadata=metadata_with_logout(response_url="https://idp.customer.example/done")
    )
    here = Acme.__new__(Acme)
    here.namespace = namespace

    answer = here.send(here.logout())

    assert answer["Location"].startswith("https://idp.customer.example/done?")


def test_a_provider_without_an_address_is_answered_with_a_page() -> None:
    here = Acme.__new__(Acme)
    here.namespace = a_namespace("acme")
    a_provider(here.namespace, metadata=metadata_xml())
    here.signed_in()

    answer = here.send(here.logout())

    assert answer.status_code == 200
    assert "You are signed out here" in answer.content.decode()
    assert here.open_sessions() == []


def test_sessions_that_ended_before_are_no_failure(acme: Acme) -> None:
    acme.signed_in()
    acme.send(acme.logout())

    answer = acme.send(acme.logout())

    assert statuses(document_of(answer["Location"])[0]) == [SUCCESS]


def test_a_person_who_never_was_here_is_answered_as_unknown(acme: Acme) -> None:
    acme.signed_in()

    answer = acme.send(acme.logout(name_id="nobody@customer.example"))

    assert statuses(document_of(answer["Location"])[0]) == [
        REQUESTER,
        "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal",
    ]
    assert acme.open_sessions() == ["joe _session1"]


def test_a_request_counts_once(acme: Acme) -> None:
    logout = acme.logout(session_indexes=())
    acme.send(logout)
    acme.signed_in()

    answer = acme.send(logout)

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_logout_replayed"
    assert answer.json()["check"] == "replay"
    assert acme.open_sessions() == ["joe _session1"]


@pytest.mark.parametrize(
    "query", [{"signed": False, "algorithm": None}, {"key": a_key_pair("mallory")}]
)
def test_an_unsigned_or_forged_request_ends_nothing(acme: Acme, query: dict[str, Any]) -> None:
    acme.signed_in()

    answer = acme.send(acme.logout(), **query)

    assert answer.status_code == 403
    assert answer.json()["check"] == "signature"
    assert acme.open_sessions() == ["joe _session1"]


def test_another_providers_request_ends_nothing_here(acme: Acme) -> None:
    """Eve's provider signs rightly, for her namespace, the NameID of a person of acme."""
    acme.signed_in()
    eve_s = a_namespace("eve")
    a_provider(eve_s)
    logout = acme.logout(
        destination=f"{settings.PUBLIC_URL}/saml/eve/AzureActiveDirectory/sls/",
    )

    there = Client().get(f"/saml/eve/AzureActiveDirectory/sls/?{Query().of(logout)}")
    here = acme.send(logout)

    assert there.status_code == 302
    assert here.json()["code"] == "saml_logout_destination_mismatch"
    assert acme.open_sessions() == ["joe _session1"]


def test_a_disabled_provider_signs_nobody_out(acme: Acme) -> None:
    with namespace_scope(acme.namespace.pk):
        identity_providers.change(
            provider=acme.provider,
            values={"enabled": False},
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )

    assert acme.send(acme.logout()).json()["code"] == "saml_provider_disabled"


def test_the_second_name_of_entra_is_accepted_once_it_is_entered(acme: Acme) -> None:
    acme.signed_in()
    alias = "https://login.microsoftonline.com/72f988bf/"
    unknown = acme.send(acme.logout(issuer=alias))
    with namespace_scope(acme.namespace.pk):
        IdentityProvider.objects.update(issuer_alias=alias)

    known = acme.send(acme.logout(issuer=alias))

    assert unknown.json()["code"] == "saml_logout_issuer_mismatch"
    assert known.status_code == 302
    assert acme.open_sessions() == []


def test_what_was_ended_is_in_the_trail_and_names_nobody(acme: Acme) -> None:
    acme.signed_in()

    acme.send(acme.logout())

    with namespace_scope(acme.namespace.pk):
        event = AuditEvent.objects.get(action="identity_provider.single_logout")
    assert event.detail == {
        "name": "AzureActiveDirectory",
        "sessions": 1,
        "status": "success",
    }


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_count_once(acme: Acme) -> None:
    acme.signed_in()
    logout = acme.logout()

    def send(_: int) -> int:
        try:
            return int(acme.send(logout).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(send, range(20)))

    assert sorted(codes) == [302, *[403] * 19]


# --- begun here


def sign_out(browser: SAMLBrowser) -> str:
    """Press the button; the address at the provider where the page goes on to."""
    ended = browser.client.post("/sign-out/")
    assert ended.status_code == 302
    assert ended["Location"] == "/saml/acme/AzureActiveDirectory/logout/"
    page = browser.client.get(ended["Location"])
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.content.decode())
    assert found is not None
    return unescape(found[1])


def answer_to(acme: Acme, address: str, **changes: Any) -> Logout:
    root, _ = document_of(address)
    return acme.logout(kind="LogoutResponse", in_response_to=root.get("ID"), **changes)


def test_signing_out_ends_our_session_first_and_then_asks_the_provider(acme: Acme) -> None:
    browser = acme.signed_in()

    address = sign_out(browser)

    assert acme.open_sessions() == []
    root, parameters = document_of(address)
    assert address.startswith(f"{SLO}?")
    assert root.tag == f"{{{SAMLP}}}LogoutRequest"
    name_id = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}NameID")
    assert name_id is not None
    assert name_id.text == "joe@customer.example"
    assert name_id.get("Format") == "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    assert root.findtext(f"{{{SAMLP}}}SessionIndex") == "_session1"
    assert parameters["SigAlg"] == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
    assert browser.client.get("/").status_code == 302


def test_the_providers_answer_ends_at_a_page_that_says_so(acme: Acme) -> None:
    browser = acme.signed_in()
    address = sign_out(browser)

    answer = acme.send(answer_to(acme, address), client=browser.client)

    assert answer.status_code == 200
    assert "signed you out as well" in answer.content.decode()


def test_a_provider_that_could_not_sign_out_everywhere_is_told_of(acme: Acme) -> None:
    browser = acme.signed_in()
    address = sign_out(browser)

    answer = acme.send(answer_to(acme, address, statuses=(SUCCESS, PARTIAL)), client=browser.client)

    assert "could not sign you out everywhere" in answer.content.decode()


def test_a_provider_that_never_answers_leaves_the_person_signed_out_here(acme: Acme) -> None:
    browser = acme.signed_in()

    sign_out(browser)

    assert acme.open_sessions() == []
    assert browser.client.get("/n/acme/").status_code == 302


def test_an_answer_counts_once_and_in_its_own_browser(acme: Acme) -> None:
    browser = acme.signed_in()
    address = sign_out(browser)

    elsewhere = acme.send(answer_to(acme, address))
    first = acme.send(answer_to(acme, address), client=browser.client)
    second = acme.send(answer_to(acme, address), client=browser.client)

    assert elsewhere.json()["code"] == "saml_logout_other_browser"
    assert first.status_code == 200
    assert second.json()["code"] == "saml_logout_answers_nothing"


def test_an_answer_that_nobody_waits_for_is_refused(acme: Acme) -> None:
    answer = acme.send(acme.logout(kind="LogoutResponse", in_response_to="_invented"))

    assert answer.json()["code"] == "saml_logout_answers_nothing"


def test_a_request_goes_out_only_for_a_session_that_this_browser_ended(acme: Acme) -> None:
    acme.signed_in()

    stranger = Client().get(
        "/saml/acme/AzureActiveDirectory/logout/", headers={"accept": "application/json"}
    )

    assert stranger.status_code == 403
    assert stranger.json()["code"] == "saml_nothing_to_sign_out"
    with namespace_scope(acme.namespace.pk):
        assert not SignOutRequest.objects.exists()
    assert acme.open_sessions() == ["joe _session1"]


def test_it_goes_out_once(acme: Acme) -> None:
    browser = acme.signed_in()
    sign_out(browser)

    again = browser.client.get("/saml/acme/AzureActiveDirectory/logout/")

    assert again.status_code == 403


def test_the_admins_own_button_does_the_same(acme: Acme) -> None:
    browser = acme.signed_in(group="Admin")

    answer = browser.client.post("/admin/logout/")

    assert answer["Location"] == "/saml/acme/AzureActiveDirectory/logout/"
    assert acme.open_sessions() == []


def test_without_an_address_at_the_provider_the_way_out_is_ours_alone() -> None:
    here = Acme.__new__(Acme)
    here.namespace = a_namespace("acme")
    a_provider(here.namespace, metadata=metadata_xml())
    browser = here.signed_in()

    answer = browser.client.post("/sign-out/")

    assert answer["Location"] == "/login/?namespace=acme"
    assert here.open_sessions() == []


def test_a_key_to_sign_logouts_with_is_made_where_the_provider_takes_them(acme: Acme) -> None:
    with namespace_scope(acme.namespace.pk):
        assert ServiceProviderKey.objects.count() == 1


def test_a_choice_of_role_that_waits_is_ended_too(acme: Acme) -> None:
    browser = SAMLBrowser(acme.namespace)
    account = acme.namespace.account_id
    pairs = [
        f"arn:aws:iam::{account}:role/{role},arn:aws:iam::{account}:saml-provider/{acme.provider}"
        for role in ("author", "reader")
    ]
    waiting = browser.signed_in(
        attributes=as_member_of() | {"https://aws.amazon.com/SAML/Attributes/Role": pairs}
    )
    assert waiting.status_code == 302
    assert acme.open_sessions() == []

    acme.send(acme.logout())
    page = browser.client.get(waiting["Location"])

    assert page.status_code == 403
