"""What we tell an identity provider of us: our metadata, and requests by query or by form."""

import base64
import re
from html import unescape
from pathlib import Path
from typing import Any

import onelogin.saml2
import pytest
import xmlsec
from django.test import Client
from django.utils import timezone
from lxml import etree
from xmlsec import constants

from federation import wiring
from federation.models import IdentityProvider, ServiceProviderKey, SignInRequest
from federation.services import identity_providers
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
METADATA = "/saml/acme/AzureActiveDirectory/metadata/"
LOGIN = "/saml/acme/AzureActiveDirectory/login/"
POST_SSO = "https://idp.customer.example/sso/post"
SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"

pytestmark = pytest.mark.django_db


def a_provider(acme: Namespace, *, post_only: bool = False, **values: Any) -> IdentityProvider:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        IdentityProvider.objects.update(
            sso_post_url=POST_SSO, **({"sso_redirect_url": ""} if post_only else {})
        )
        return identity_providers.change(
            provider=provider,
            values=values,  # type: ignore[arg-type] # a test's shape
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )


def is_signed_by_us(root: etree._Element, acme: Namespace) -> bool:
    """Checked by xmlsec with the certificate of our table, not with the one inside."""
    with namespace_scope(acme.pk):
        certificate = ServiceProviderKey.objects.get().certificate
    xmlsec.tree.add_ids(root, ["ID"])
    signature = root.find(f"{DS}Signature")
    assert signature is not None
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, constants.KeyDataFormatCertPem)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def test_our_metadata_names_every_address_and_follows_the_schema(acme: Namespace) -> None:
    a_provider(acme, sign_requests=True)

    root = etree.fromstring(Client().get(METADATA).content)

    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / "saml-schema-metadata-2.0.xsd")))
    assert schema.validate(root), schema.error_log
    descriptor = root[0]
    assert descriptor.get("WantAssertionsSigned") == "true"
    assert descriptor.get("AuthnRequestsSigned") == "true"
    assert [key.get("use") for key in root.iter(f"{MD}KeyDescriptor")] == ["signing", "encryption"]
    logouts = {
        (one.get("Binding", "").rpartition(":")[2], one.get("Location", ""))
        for one in root.iter(f"{MD}SingleLogoutService")
    }
    assert {binding for binding, _ in logouts} == {"HTTP-Redirect", "HTTP-POST"}
    assert all(url.endswith("/saml/acme/AzureActiveDirectory/sls/") for _, url in logouts)


def test_what_we_cannot_open_is_not_offered(acme: Namespace) -> None:
    a_provider(acme, want_assertions_encrypted=True)

    root = etree.fromstring(Client().get(METADATA).content)

    offered = [one.get("Algorithm", "") for one in root.iter(f"{MD}EncryptionMethod")]
    assert offered
    assert not any("1_5" in one or "cbc" in one for one in offered)


@pytest.mark.parametrize("how", ["asked for", "the rule"])
def test_our_metadata_is_signed(acme: Namespace, how: str) -> None:
    a_provider(acme, sign_metadata=how == "the rule", sign_requests=True)
    address = METADATA if how == "the rule" else f"{METADATA}?signed=1"

    root = etree.fromstring(Client().get(address).content)

    assert root[0].tag == f"{DS}Signature"
    assert is_signed_by_us(root, acme)


def test_without_a_key_there_is_no_signed_metadata(acme: Namespace) -> None:
    a_provider(acme)

    answer = Client().get(f"{METADATA}?signed=1", headers={"accept": "application/json"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "saml_metadata_no_own_key"


def form_of(page: str) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form method="post" action="([^"]+)" data-submit-now', page)
    assert action is not None
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return unescape(action[1]), {name: unescape(value) for name, value in fields}


def test_a_provider_that_takes_only_forms_gets_one(acme: Namespace) -> None:
    a_provider(acme, post_only=True, sign_requests=True)

    answer = Client().get(f"{LOGIN}?next=/n/acme/dashboards/")

    action, fields = form_of(answer.content.decode())
    assert action == POST_SSO
    assert fields["RelayState"] == "/n/acme/dashboards/"
    root = etree.fromstring(base64.b64decode(fields["SAMLRequest"]))
    assert root.get("Destination") == POST_SSO
    assert is_signed_by_us(root, acme)
    with namespace_scope(acme.pk):
        assert SignInRequest.objects.get().request_id == root.get("ID")


def test_the_form_posts_itself_without_a_script_in_the_page(acme: Namespace) -> None:
    a_provider(acme, request_binding="post")

    answer = Client().get(LOGIN)

    page = answer.content.decode()
    policy = answer["Content-Security-Policy"]
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";") if " " in one.strip())
    assert "unsafe-inline" not in policy
    assert "https://idp.customer.example" in directives["form-action"].split()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert "federation/departure.js" in page
    assert answer.cookies["lakewarden_saml"].value


def test_other_pages_post_to_this_site_only(acme: Namespace) -> None:
    a_provider(acme)

    policy = Client().get("/login/?namespace=acme")["Content-Security-Policy"]

    assert "form-action 'self';" in f"{policy};"


@pytest.mark.parametrize(
    ("binding", "post_only"), [("redirect", False), ("auto", False), ("auto", True), ("post", True)]
)
def test_the_way_that_was_chosen_is_gone(acme: Namespace, binding: str, *, post_only: bool) -> None:
    a_provider(acme, post_only=post_only, request_binding=binding)

    answer = Client().get(LOGIN)

    assert answer.status_code == (200 if post_only else 302)


def test_a_way_that_the_provider_does_not_offer_is_refused_in_words(acme: Namespace) -> None:
    a_provider(acme, post_only=True, request_binding="redirect")

    answer = Client().get(LOGIN, headers={"accept": "application/json"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_no_address_for_requests"
    assert "HTTP-Redirect" in answer.json()["detail"]
