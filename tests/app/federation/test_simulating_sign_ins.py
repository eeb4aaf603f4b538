"""The simulator: attributes or a captured response, rule by rule, with AWS's limits."""

import base64
from typing import Any

import pytest

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, Role, User, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.rest import Script
from tests.factories.saml_sign_ins import GROUPS, NAME, SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace, a_user, signed_in
from tests.fakes.idp import a_response

pytestmark = pytest.mark.django_db

AWS = "https://aws.amazon.com/SAML/Attributes/"


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider())
    return acme


def simulated(acme: Namespace, **body: Any) -> Any:
    with namespace_scope(acme.pk):
        pk = IdentityProvider.objects.get().pk
    return Script(acme).post(f"identity-providers/{pk}/simulate/", body)


def broken(answer: Any) -> set[str]:
    return {limit["claim"] for limit in answer.json()["limits"] if not limit["ok"]}


def test_a_captured_response_is_read_without_proof_and_marked_so(acme: Namespace) -> None:
    forged = a_response(SAMLBrowser(acme).response(audiences=(("urn:other",),)), sign="none")

    body = simulated(acme, saml_response=forged).json()

    assert (body["roles"], body["username"]) == (["author"], "author/joe")
    assert body["proved"] is False
    differing = {fact["what"]: fact for fact in body["arrived"] if not fact["fits"]}
    assert differing["Audience"]["found"] == "urn:other"
    with namespace_scope(acme.pk):
        assert not UserSession.objects.exists()
        assert not User.objects.filter(source="saml").exists()


@pytest.mark.parametrize(
    "text", ["%%%", base64.b64encode(b"<html/>").decode(), base64.b64encode(b"no").decode()]
)
def test_what_is_no_response_is_said(acme: Namespace, text: str) -> None:
    answer = simulated(acme, saml_response=text)

    assert answer.status_code == 400
    assert answer.json()["code"] == "saml_capture_unreadable"


def test_an_encrypted_response_is_sent_to_the_test_page(acme: Namespace) -> None:
    raw = (
        b'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"><a:EncryptedAssertion '
        b'xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/></p:Response>'
    )

    answer = simulated(acme, saml_response=base64.b64encode(raw).decode())

    assert answer.json()["code"] == "saml_capture_encrypted"


@pytest.mark.parametrize("body", [{}, {"attributes": {}, "saml_response": "x"}])
def test_either_attributes_or_a_response(acme: Namespace, body: dict[str, Any]) -> None:
    assert simulated(acme, **body).status_code == 400


@pytest.mark.parametrize(
    ("sent", "claims"),
    [
        ({"RoleSessionName": ["j"]}, {"RoleSessionName"}),
        ({"RoleSessionName": ["a b"]}, {"RoleSessionName"}),
        ({"RoleSessionName": ["joe", "jim"]}, {"RoleSessionName"}),
        ({"SourceIdentity": ["x" * 65]}, {"SourceIdentity"}),
        (
            {"SessionDuration": ["10"], "RoleSessionName": ["?"]},
            {"SessionDuration", "RoleSessionName"},
        ),
        ({"PrincipalTag:Department": ["x" * 257]}, {"PrincipalTag:Department"}),
        ({f"PrincipalTag:K{n}": ["v"] for n in range(51)}, {"PrincipalTag"}),
        ({"TransitiveTagKeys": ["Absent"]}, {"TransitiveTagKeys"}),
        ({"Role": ["not a pair"]}, {"Role"}),
    ],
)
def test_every_limit_that_a_value_would_break_is_named(
    acme: Namespace, sent: dict[str, list[str]], claims: set[str]
) -> None:
    attributes = as_member_of("QuickSight-Author") | {
        f"{AWS}{name}": values for name, values in sent.items()
    }

    answer = simulated(acme, attributes=attributes)

    assert answer.status_code == 200, answer.content
    assert broken(answer) == claims


def test_names_that_differ_in_case_are_said(acme: Namespace) -> None:
    attributes = {
        GROUPS: ["quicksight-author"],
        NAME.replace("/name", "/Name"): ["joe@customer.example"],
        f"{AWS}rolesessionname": ["joe"],
    }

    body = simulated(acme, attributes=attributes).json()

    assert body["refusal"]["code"] == "saml_no_role"
    assert "object ids" in body["refusal"]["what_to_change"]
    assert any("differs only in case: QuickSight-Author" in one["why"] for one in body["rules"])
    assert [note.split(" differs only")[0] for note in body["notes"]] == [
        f"The attribute {NAME.replace('/name', '/Name')}",
        f"The attribute {AWS}rolesessionname",
    ]


def test_a_role_that_every_provider_may_give_is_said(acme: Namespace) -> None:
    attributes = as_member_of("QuickSight-Author")
    assert simulated(acme, attributes=attributes).json()["notes"] == []
    with namespace_scope(acme.pk):
        Role.objects.update(trust_policy={})

    (note,) = simulated(acme, attributes=attributes).json()["notes"]

    assert "The role author has no trust policy" in note


def test_the_page_of_the_provider_takes_a_captured_response(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        pk = IdentityProvider.objects.get().pk
        admin = signed_in(a_user(roles=["admin"]))
    response = a_response(SAMLBrowser(acme).response(), sign="none")

    page = admin.post(
        f"/admin/federation/identityprovider/{pk}/do/try-rules/",
        {"name_id": "someone", "attributes": "{}", "saml_response": response},
    ).content.decode()

    assert "author/joe" in page
    assert "read without any proof" in page
