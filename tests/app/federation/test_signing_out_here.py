"""Somebody signs out here: their session ends first, and then the provider is asked."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from federation.models import ServiceProviderKey, SignOutRequest
from governance.isolation.scopes import namespace_scope
from tests.factories.federation_saml import metadata_xml
from tests.factories.logouts import SLO, Acme, a_provider, document_of
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import SAMLP
from tests.fakes.idp_logouts import Logout

PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Acme:
    return Acme()


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
