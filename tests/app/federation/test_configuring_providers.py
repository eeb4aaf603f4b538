"""An IT admin sets up an identity provider and its rules, over REST."""

import base64
import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client

from federation.models import IdentityProvider, ProviderCertificate, ServiceProviderKey
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import (
    a_session_name_rule,
    an_identity_provider,
    metadata_xml,
    the_walk_through,
)
from tests.factories.tenancy import a_namespace, a_token
from tests.fakes.idp import a_key_pair

pytestmark = pytest.mark.django_db

GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"


class Script:
    """A client with a token of a namespace."""

    def __init__(self, namespace: Namespace, *scopes: str) -> None:
        self.base = f"/api/v1/namespaces/{namespace.name}"
        self.client = Client()
        with namespace_scope(namespace.pk):
            self.token = a_token(*(scopes or ("federation:read", "federation:write")))

    def call(self, method: str, path: str, body: object = None, *, base: str | None = None) -> Any:
        return self.client.generic(
            method,
            f"{base or self.base}/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {self.token}"},
        )


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme)


def test_the_addresses_are_there_before_the_provider_is_configured(script: Script) -> None:
    made = script.call("POST", "identity-providers/", {"name": "AzureActiveDirectory"})

    assert made.status_code == 201, made.content
    assert made.json()["arn"] == "arn:aws:iam::253914981264:saml-provider/AzureActiveDirectory"
    assert made.json()["enabled"] is False
    sp = made.json()["sp"]
    assert sp["acs_url"].endswith("/saml/acme/AzureActiveDirectory/acs/")
    assert sp["entity_id"].endswith("/saml/acme/AzureActiveDirectory/metadata/")
    served = Client().get("/saml/acme/AzureActiveDirectory/metadata/")
    assert served.status_code == 200
    assert sp["acs_url"] in served.content.decode()


def test_a_provider_without_metadata_cannot_be_enabled(script: Script) -> None:
    answer = script.call("POST", "identity-providers/", {"name": "Empty", "enabled": True})

    assert answer.status_code == 409
    assert answer.json()["code"] == "identity_provider_incomplete"


def test_imported_metadata_brings_addresses_and_certificates(script: Script) -> None:
    made = script.call(
        "POST",
        "identity-providers/",
        {"name": "AzureActiveDirectory", "metadata_xml": metadata_xml()},
    )

    body = made.json()
    assert made.status_code == 201, body
    assert body["enabled"] is False, "no door opens by itself"
    assert body["entity_id"] == "https://idp.customer.example/metadata"
    assert body["sso_redirect_url"] == "https://idp.customer.example/sso"
    assert [one["fingerprint"] for one in body["certificates"]] == [a_key_pair().fingerprint]


def test_the_entity_is_pinned(script: Script, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    other = metadata_xml(entity_id="https://evil.customer.example/")

    answer = script.call("PATCH", f"identity-providers/{provider.pk}/", {"metadata_xml": other})

    assert answer.status_code == 400
    assert answer.json()["code"] == "saml_metadata_entity_changed"


def test_a_preview_says_what_would_change_and_saves_nothing(
    script: Script, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    renewed = metadata_xml(a_key_pair("renewed"))

    answer = script.call(
        "POST", f"identity-providers/{provider.pk}/preview/", {"metadata_xml": renewed}
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["new_certificates"] == [a_key_pair("renewed").fingerprint]
    assert answer.json()["lost_certificates"] == [a_key_pair().fingerprint]
    with namespace_scope(acme.pk):
        held = ProviderCertificate.objects.get()
        assert held.fingerprint == a_key_pair().fingerprint


def test_the_name_cannot_change(script: Script, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()

    answer = script.call("PATCH", f"identity-providers/{provider.pk}/", {"name": "Other"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "identity_provider_name_fixed"


def test_requests_are_signed_with_a_key_of_our_own_that_is_sealed(
    script: Script, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()

    script.call("PATCH", f"identity-providers/{provider.pk}/", {"sign_requests": True})

    with namespace_scope(acme.pk):
        assert ServiceProviderKey.objects.get().private_key.startswith("v1:")
    begun = Client().get("/saml/acme/AzureActiveDirectory/login/")
    assert begun.status_code == 302
    signed, _, signature = urlsplit(begun["Location"]).query.partition("&Signature=")
    assert "SigAlg=" in signed
    published = Client().get("/saml/acme/AzureActiveDirectory/metadata/").content.decode()
    held = re.search("<ds:X509Certificate>([^<]+)<", published)
    assert held is not None
    certificate = x509.load_der_x509_certificate(base64.b64decode(held[1]))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(
        base64.b64decode(unquote(signature)), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_rules_are_written_as_the_contract_says(script: Script, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    rule = {
        "identity_provider": str(provider.pk),
        "claim": "RoleSessionName",
        "position": 10,
        "user_type": "any",
        "groups": [],
        "source": "transformation",
        "value": "",
        "transformations": [
            {
                "function": "ExtractMailPrefix",
                "parameters": {"input": "user.userprincipalname"},
            }
        ],
    }

    made = script.call("POST", "claim-rules/", rule)

    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in rule} == rule | {
        "transformations": [rule["transformations"][0] | {"multivalued": False}]  # type: ignore[index]
    }


def test_a_rule_that_cannot_run_is_refused_when_it_is_saved(
    script: Script, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    rule = {
        "identity_provider": str(provider.pk),
        "claim": "RoleSessionName",
        "source": "transformation",
        "transformations": [
            {
                "function": "RegexReplace",
                "parameters": ["user.mail", r"(a)\1(?=b)", "{1}"],
            }
        ],
    }

    answer = script.call("POST", "claim-rules/", rule)

    assert answer.status_code == 400
    assert answer.json()["code"] == "claim_rule_invalid"
    assert answer.json()["errors"][0]["pointer"] == "/transformations/0/parameters"


def test_the_simulator_says_rule_by_rule_what_won(script: Script, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)

    answer = script.call(
        "POST",
        f"identity-providers/{provider.pk}/simulate/",
        {
            "attributes": {
                GROUPS: ["QuickSight-Admin", "QuickSight-Reader"],
                NAME: "joe@customer.example",
            }
        },
    )

    body = answer.json()
    assert answer.status_code == 200, body
    assert body["roles"] == ["reader"]
    assert body["username"] == "reader/joe"
    assert [one["result"] for one in body["rules"]] == [
        "overridden",
        "not_in_group",
        "won",
        "won",
    ]
    assert body["refusal"] is None


def test_the_simulator_names_what_stands_in_the_way(script: Script, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        a_session_name_rule(provider)

    answer = script.call(
        "POST",
        f"identity-providers/{provider.pk}/simulate/",
        {"attributes": {GROUPS: ["QuickSight-Admin"]}},
    )

    assert answer.json()["refusal"]["code"] == "saml_no_role"


def test_eve_sees_no_provider_of_another_namespace(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    eve = Script(a_namespace("umbrella", account_id="111122223333"))
    acme_base = "/api/v1/namespaces/acme"

    assert eve.call("GET", f"identity-providers/{provider.pk}/").status_code == 404
    assert eve.call("GET", "identity-providers/", base=acme_base).status_code == 404
    assert eve.call("GET", "identity-providers/").json()["count"] == 0
    made = eve.call(
        "POST", "claim-rules/", {"identity_provider": str(provider.pk), "claim": "Role"}
    )
    assert made.status_code == 400
    with namespace_scope(acme.pk):
        assert IdentityProvider.objects.get().claim_rules.count() == 0


def test_a_reading_token_cannot_write(acme: Namespace) -> None:
    reader = Script(acme, "federation:read")

    assert reader.call("POST", "identity-providers/", {"name": "X"}).status_code == 403
    assert reader.call("GET", "identity-providers/").status_code == 200
