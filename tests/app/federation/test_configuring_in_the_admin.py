"""Ivan configures an identity provider by hand, as the walk-through does."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from federation.models import ClaimRule, IdentityProvider, SignInAttempt
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.tenancy import a_namespace, ivan, signed_in, the_role
from tests.fakes.idp import a_key_pair

pytestmark = pytest.mark.django_db

PROVIDERS = "/admin/federation/identityprovider/"
RULES = "/admin/federation/claimrule/"


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


def the_provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        return IdentityProvider.objects.select_related("namespace").get()


def test_a_name_is_enough_to_see_what_to_type_into_the_identity_provider(
    browser: Client, acme: Namespace
) -> None:
    made = browser.post(
        f"{PROVIDERS}add/", {"name": "AzureActiveDirectory", "display_name": "", "_continue": "1"}
    )

    assert made.status_code == 302, made.content.decode()[:3000]
    page = browser.get(f"{PROVIDERS}{the_provider(acme).pk}/change/").content.decode()
    assert "/saml/acme/AzureActiveDirectory/acs/" in page
    assert "/saml/acme/AzureActiveDirectory/metadata/" in page
    assert "arn:aws:iam::253914981264:saml-provider/AzureActiveDirectory" in page


def test_metadata_is_seen_before_it_is_saved(browser: Client, acme: Namespace) -> None:
    browser.post(f"{PROVIDERS}add/", {"name": "Azure", "display_name": ""})
    address = f"{PROVIDERS}{the_provider(acme).pk}/do/import-metadata/"
    upload = SimpleUploadedFile("metadata.xml", metadata_xml().encode())

    seen = browser.post(address, {"file": upload})

    assert "https://idp.customer.example/metadata" in seen.content.decode()
    assert "https://idp.customer.example/sso" in seen.content.decode()
    assert the_provider(acme).entity_id == ""

    saved = browser.post(address, {"metadata_xml": metadata_xml(), "save": "on"})

    assert saved.status_code == 302
    assert the_provider(acme).entity_id == "https://idp.customer.example/metadata"


def test_unusable_metadata_is_refused_in_words_at_its_field(
    browser: Client, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()

    answer = browser.post(
        f"{PROVIDERS}{provider.pk}/do/import-metadata/",
        {"metadata_xml": "<!DOCTYPE x [<!ENTITY y 'z'>]><x/>", "save": "on"},
    )

    assert answer.status_code == 200
    assert "Document types are not accepted" in answer.content.decode()


def test_a_role_is_chosen_and_written_as_the_pair_of_arns(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        role = the_role("author")

    made = browser.post(
        f"{RULES}add/",
        {
            "identity_provider": str(provider.pk),
            "claim": "Role",
            "position": "",
            "user_type": "any",
            "groups": "QuickSight-Author\nLake Authors",
            "source": "attribute",
            "role": str(role.pk),
            "value": "",
        },
    )

    assert made.status_code == 302, made.content.decode()[:5000]
    with namespace_scope(acme.pk):
        rule = ClaimRule.objects.get()
    assert rule.groups == ["QuickSight-Author", "Lake Authors"]
    assert rule.value == (
        "arn:aws:iam::253914981264:role/author,"
        "arn:aws:iam::253914981264:saml-provider/AzureActiveDirectory"
    )


def test_a_transformation_is_written_line_by_line(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()

    made = browser.post(
        f"{RULES}add/",
        {
            "identity_provider": str(provider.pk),
            "claim": "RoleSessionName",
            "user_type": "any",
            "source": "transformation",
            "first_function": "ExtractMailPrefix",
            "first_parameters": "user.userprincipalname",
            "second_function": "ToLowercase",
        },
    )

    assert made.status_code == 302, made.content.decode()[:5000]
    with namespace_scope(acme.pk):
        rule = ClaimRule.objects.get()
    assert rule.transformations == [
        {"function": "ExtractMailPrefix", "parameters": {"input": "user.userprincipalname"}},
        {"function": "ToLowercase", "parameters": {}},
    ]
    page = browser.get(f"{RULES}{rule.pk}/change/").content.decode()
    assert "user.userprincipalname" in page
    assert browser.get(RULES).status_code == 200


def previewed(browser: Client, provider: IdentityProvider, xml: str) -> str:
    address = f"{PROVIDERS}{provider.pk}/do/import-metadata/"
    return browser.post(address, {"metadata_xml": xml}).content.decode()


def test_a_preview_says_what_would_change(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    moved = metadata_xml(a_key_pair(), a_key_pair("renewed")).replace(
        "https://idp.customer.example/sso", "https://new.customer.example/sso"
    )

    page = previewed(browser, provider, moved)

    assert "https://new.customer.example/sso (was https://idp.customer.example/sso)" in page
    assert ", new" in page
    assert ", held already" in page
    assert "Turn on Save it" in page


def test_a_preview_says_that_nothing_would_change(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()

    assert "It changes no address and no certificate." in previewed(
        browser, provider, metadata_xml()
    )


def test_rules_can_be_tried_without_signing_anybody_in(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)
    attributes = {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "joe@customer.example",
        "groups": ["QuickSight-Author"],
    }

    answer = browser.post(
        f"{PROVIDERS}{provider.pk}/do/try-rules/",
        {"name_id": "joe", "attributes": json.dumps(attributes)},
    )

    page = answer.content.decode()
    assert "author/joe" in page
    assert "The person is in none of these groups." in page


def test_the_sign_in_log_is_read_and_never_written(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.create(
            identity_provider=an_identity_provider(),
            reference="ABCD2345",
            outcome="refused",
            code="saml_no_role",
            explanation="No rule gives this person a role.",
            at=timezone.now(),
        )

    page = browser.get(f"/admin/federation/signinattempt/{attempt.pk}/change/")

    assert "No rule gives this person a role." in page.content.decode()
    assert browser.get("/admin/federation/signinattempt/add/").status_code == 403


def test_a_reader_may_not_look_and_eve_finds_nothing(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    umbrella = a_namespace("umbrella", account_id="111122223333")
    eve = signed_in(ivan(umbrella))

    answer = eve.get(f"{PROVIDERS}{provider.pk}/change/")

    assert answer.status_code in {302, 404}
    assert "AzureActiveDirectory" not in eve.get(PROVIDERS).content.decode()
