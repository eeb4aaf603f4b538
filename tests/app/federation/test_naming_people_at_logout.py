"""A logout names the person as the sign-in did: NameID, format and qualifiers (core 8.3.7)."""

from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from tests.factories.logouts import a_provider, document_of
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import ENTITY_ID, SAML
from tests.fakes.idp_logouts import Logout, Query

pytestmark = pytest.mark.django_db

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
OURS = f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory"
ALIAS = "https://login.idp.example/"
AWS = "https://aws.amazon.com/SAML/Attributes/"
ACCOUNT = "arn:aws:iam::253914981264"


def name_id(**attributes: str) -> str:
    written = "".join(f" {name}={quoteattr(text)}" for name, text in attributes.items())
    return f"<saml:NameID{written}>joe</saml:NameID>"


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    provider = a_provider(acme)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.filter(pk=provider.pk).update(issuer_alias=ALIAS)
    return acme


def signed_in(acme: Namespace, **attributes: str) -> SAMLBrowser:
    browser = SAMLBrowser(acme)
    answer = browser.signed_in(name_id_xml=name_id(**attributes), session_index="_session1")
    assert answer.status_code == 302, answer.content
    return browser


def asked(**attributes: str) -> Any:
    logout = Logout(
        now=timezone.now().replace(microsecond=0),
        message_id=f"_{timezone.now().timestamp()}",
        destination=f"{OURS}/sls/",
        name_id_xml=name_id(**attributes),
        session_indexes=(),
    )
    return Client().get(f"{OURS}/sls/?{Query().of(logout)}", headers={"accept": "application/json"})


def is_open(acme: Namespace) -> bool:
    with namespace_scope(acme.pk):
        return UserSession.objects.filter(ended_at__isnull=True).exists()


def test_our_request_names_the_person_with_format_and_qualifiers(acme: Namespace) -> None:
    named = {"Format": PERSISTENT, "NameQualifier": ENTITY_ID, "SPNameQualifier": f"{OURS}/x"}
    browser = signed_in(acme, **named)

    browser.client.post("/sign-out/")
    page = browser.client.get("/saml/acme/AzureActiveDirectory/logout/")

    root, _ = document_of(page.context["onward"])
    [sent] = root.iter(f"{{{SAML}}}NameID")
    assert ({str(key): str(text) for key, text in sent.attrib.items()}, sent.text) == (named, "joe")


def test_what_the_sign_in_left_out_is_not_invented(acme: Namespace) -> None:
    browser = signed_in(acme)

    browser.client.post("/sign-out/")
    page = browser.client.get("/saml/acme/AzureActiveDirectory/logout/")

    root, _ = document_of(page.context["onward"])
    [sent] = root.iter(f"{{{SAML}}}NameID")
    assert not sent.attrib


def test_they_are_kept_through_a_choice_of_role(acme: Namespace) -> None:
    pair = f"{ACCOUNT}:saml-provider/AzureActiveDirectory"
    roles = [f"{ACCOUNT}:role/{role},{pair}" for role in ("author", "reader")]
    browser = SAMLBrowser(acme)
    browser.signed_in(
        name_id_xml=name_id(NameQualifier="one", SPNameQualifier="two"),
        attributes=as_member_of("QuickSight-Author") | {f"{AWS}Role": roles},
    )
    page = browser.client.get(f"{browser.base}/role/")

    browser.client.post(f"{browser.base}/role/", {"role": str(page.context["roles"][0].pk)})

    with namespace_scope(acme.pk):
        session = UserSession.objects.get()
    assert (session.name_qualifier, session.sp_name_qualifier) == ("one", "two")


@pytest.mark.parametrize(
    ("at_sign_in", "at_logout"),
    [
        ({}, {}),
        ({"NameQualifier": "one"}, {"NameQualifier": "one"}),
        ({"SPNameQualifier": "one"}, {"SPNameQualifier": "one"}),
        # Entra leaves them out.
        ({"NameQualifier": "one", "SPNameQualifier": "two"}, {}),
        # What is left out at sign-in stands for the provider, and for us.
        ({}, {"NameQualifier": ENTITY_ID, "SPNameQualifier": f"{OURS}/metadata/"}),
        ({}, {"NameQualifier": ALIAS}),
    ],
)
def test_a_request_for_the_same_name_ends_the_session(
    acme: Namespace, at_sign_in: dict[str, str], at_logout: dict[str, str]
) -> None:
    signed_in(acme, **at_sign_in)

    assert asked(**at_logout).status_code == 302

    assert not is_open(acme)


@pytest.mark.parametrize(
    ("at_sign_in", "at_logout"),
    [
        ({"NameQualifier": "one"}, {"NameQualifier": "two"}),
        ({"SPNameQualifier": "one"}, {"SPNameQualifier": "two"}),
        ({"NameQualifier": "one"}, {"NameQualifier": ENTITY_ID}),
        ({}, {"NameQualifier": "two"}),
        ({}, {"SPNameQualifier": "https://another.example/saml"}),
    ],
)
def test_a_request_for_the_name_of_another_domain_ends_nothing(
    acme: Namespace, at_sign_in: dict[str, str], at_logout: dict[str, str]
) -> None:
    signed_in(acme, **at_sign_in)

    assert asked(**at_logout).status_code == 302

    assert is_open(acme)


@pytest.mark.parametrize("text", ["q" * 1025, "zero\u200bwidth"])
def test_a_qualifier_that_cannot_be_one_is_refused(acme: Namespace, text: str) -> None:
    browser = SAMLBrowser(acme)

    refused = browser.signed_in(name_id_xml=name_id(NameQualifier=text))

    assert refused.json()["code"] == "saml_value_unreadable"
    assert asked(SPNameQualifier=text).json()["code"] == "saml_value_unreadable"
