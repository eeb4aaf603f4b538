"""The published walk-through for Entra, step by step, with this service in the place of AWS.

An administrator imports Entra's metadata, makes three roles that trust the provider, and writes
the claims; people move from group to group and are admin, author, reader. Responses are shaped
as Entra writes them: groups as object ids, claims under its long names, only the assertion signed.
"""

from typing import Any

import pytest
from django.utils import timezone

from federation.models import IdentityProvider, SignInAttempt
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User
from tests.factories.federation_saml import metadata_xml
from tests.factories.rest import Script
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import ivan, signed_in
from tests.fakes.idp import a_response

pytestmark = pytest.mark.django_db

TENANT = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
ISSUER = f"https://sts.windows.net/{TENANT}/"
GROUP_IDS = {
    "admin": "0f0a1c52-7d2e-4d4f-9b39-1b9e3b1d7a01",
    "author": "0f0a1c52-7d2e-4d4f-9b39-1b9e3b1d7a02",
    "reader": "0f0a1c52-7d2e-4d4f-9b39-1b9e3b1d7a03",
}
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
AWS = "https://aws.amazon.com/SAML/Attributes/"
ACCOUNT = "arn:aws:iam::253914981264"
PROVIDER_ARN = f"{ACCOUNT}:saml-provider/AzureActiveDirectory"


def entra_says(*roles: str, **more: list[str]) -> dict[str, list[str]]:
    """The attributes that Entra sends for joe, in its default configuration."""
    groups = {GROUPS: [GROUP_IDS[role] for role in roles]} if roles else {}
    return {
        f"{MICROSOFT}/tenantid": [TENANT],
        f"{MICROSOFT}/objectidentifier": ["a4f2b6f0-1111-4222-8333-444455556666"],
        f"{MICROSOFT}/displayname": ["Joe Smith"],
        f"{MICROSOFT}/identityprovider": [ISSUER],
        "http://schemas.microsoft.com/claims/authnmethodsreferences": [
            "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
        ],
        f"{CLAIMS}/givenname": ["Joe"],
        f"{CLAIMS}/surname": ["Smith"],
        f"{CLAIMS}/emailaddress": ["joe.smith@customer.example"],
        f"{CLAIMS}/name": ["joe@customer.example"],
        **groups,
        **more,
    }


@pytest.fixture
def browser(acme: Namespace) -> SAMLBrowser:
    """The steps of docs/single-sign-on.md, in their order."""
    script = Script(acme, "federation:read", "federation:write", "tenancy:write")
    made = script.post("identity-providers/", {"name": "AzureActiveDirectory"}).json()
    assert made["enabled"] is False
    assert made["arn"] == PROVIDER_ARN
    address = f"identity-providers/{made['id']}/"
    imported = script.patch(
        address,
        {"metadata_xml": metadata_xml(entity_id=ISSUER), "allow_idp_initiated": True},
    )
    assert imported.status_code == 200, imported.content
    for role, group in GROUP_IDS.items():
        value = f"{ACCOUNT}:role/{role},{PROVIDER_ARN}"
        rule(script, made["id"], claim="Role", groups=[group], value=value)
    prefix = {"function": "ExtractMailPrefix", "parameters": ["user.userprincipalname"]}
    rule(
        script,
        made["id"],
        claim="RoleSessionName",
        source="transformation",
        transformations=[prefix],
    )
    tester = SAMLBrowser(acme, client=signed_in(ivan(acme)))
    assert "Every check passed" in application_tested(tester, "admin")
    assert script.patch(address, {"enabled": True}).json()["enabled"] is True
    return SAMLBrowser(acme)


def rule(script: Script, provider: str, **values: Any) -> None:
    made = script.post("claim-rules/", {"identity_provider": provider, **values})
    assert made.status_code == 201, made.content


def application_tested(tester: SAMLBrowser, role: str) -> str:
    """Test this application, as in the Azure portal."""
    from_entra = tester.client.get(f"{tester.base}/test/")["Location"]
    assert from_entra.startswith("https://idp.customer.example/sso?SAMLRequest=")
    with namespace_scope(tester.namespace.pk):
        asked = IdentityProvider.objects.get().sign_in_requests.latest("created_at").request_id
    response = answer_of(tester, request_id=asked, attributes=entra_says(role))
    posted = tester.client.post(f"{tester.base}/acs/", {"SAMLResponse": a_response(response)})
    return str(posted.content.decode())


def answer_of(browser: SAMLBrowser, **changes: Any) -> Any:
    return browser.response(
        issuer=ISSUER, response_issuer=ISSUER, name_id="joe@customer.example", **changes
    )


def opened_from_my_apps(browser: SAMLBrowser, *, relay_state: str = "", **changes: Any) -> Any:
    """IdP-initiated, as in the walk-through: nobody here asked."""
    changes.setdefault("assertion_id", f"_{timezone.now().timestamp()}")
    return browser.post(answer_of(browser, **changes), relay_state=relay_state)


def me(browser: SAMLBrowser) -> dict[str, Any]:
    found: dict[str, Any] = browser.client.get("/api/v1/me/").json()
    return found


def test_admin_then_author_then_reader_by_group_is_one_person(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    seen = []
    for role in ("admin", "author", "reader"):
        assert opened_from_my_apps(browser, attributes=entra_says(role)).status_code == 302
        seen.append(me(browser)["username"])

    assert seen == ["admin/joe", "author/joe", "reader/joe"]
    with namespace_scope(acme.pk):
        person = User.objects.get(source="saml")
        assert person.email == "joe.smith@customer.example"
        assert person.display_name == "Joe Smith"
        assert [one.username for one in person.former_usernames.order_by("id")] == seen[:2]
        assert [one.role.name for one in person.bindings.all()] == ["reader"]


def test_in_admin_and_reader_the_last_condition_wins(browser: SAMLBrowser) -> None:
    opened_from_my_apps(browser, attributes=entra_says("admin", "reader"))

    assert me(browser)["role"] == "reader"


def test_without_a_group_the_person_loses_everything(browser: SAMLBrowser, acme: Namespace) -> None:
    opened_from_my_apps(browser, attributes=entra_says("author"))

    answer = opened_from_my_apps(browser, attributes=entra_says())

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_no_role"
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get(reference=answer.json()["reference"])
        assert attempt.check_name == "role"
        assert len(attempt.rules) == 4


def test_deep_links_by_relay_state(browser: SAMLBrowser) -> None:
    answer = opened_from_my_apps(
        browser, attributes=entra_says("author"), relay_state="/n/acme/dashboards/sales/"
    )

    assert answer["Location"] == "/n/acme/dashboards/sales/"


def test_more_groups_than_entra_sends_is_an_explicit_error(browser: SAMLBrowser) -> None:
    link = f"https://graph.windows.net/{TENANT}/users/a4f2b6f0/getMemberObjects"
    overage = {"http://schemas.microsoft.com/claims/groups.link": [link]}

    answer = opened_from_my_apps(browser, attributes=entra_says(**overage))

    assert answer.json()["code"] == "saml_groups_overage"
    assert "groups assigned to this application" in answer.json()["detail"]


def test_a_role_claim_of_entra_itself_needs_the_roles_trust(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    """The walk-through's own way: Entra's conditions write the pair, the role trusts the ARN."""
    pair = {f"{AWS}Role": [f"{ACCOUNT}:role/admin,{PROVIDER_ARN}"]}
    assert (
        opened_from_my_apps(browser, attributes=entra_says("reader", **pair)).json()["code"]
        == "saml_role_not_entrusted"
    )
    with namespace_scope(acme.pk):
        pk = IdentityProvider.objects.get().pk
    admin = signed_in(the_ivan(acme))
    with namespace_scope(acme.pk):
        role = User.objects.get(login_name="ivan-acme").bindings.get().role
    admin.post(f"/admin/federation/identityprovider/{pk}/do/name-roles/", {"roles": [str(role.pk)]})

    answer = opened_from_my_apps(browser, attributes=entra_says("reader", **pair))

    assert answer.status_code == 302, answer.content
    assert me(browser)["role"] == "admin"


def test_a_role_claim_in_another_case_is_named_and_never_matched(browser: SAMLBrowser) -> None:
    pair = {f"{AWS}Role": [f"{ACCOUNT}:role/Admin,{PROVIDER_ARN}"]}

    answer = opened_from_my_apps(browser, attributes=entra_says(**pair))

    assert answer.json()["code"] == "saml_role_unknown"
    assert "differs from it only in case" in answer.json()["detail"]


def the_ivan(acme: Namespace) -> User:
    with namespace_scope(acme.pk):
        return User.objects.get(login_name="ivan-acme")
