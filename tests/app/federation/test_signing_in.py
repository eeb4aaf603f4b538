"""Signing in through an identity provider: who that is, for how long, and what keeps them out."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider, SignInAttempt
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import (
    Identity,
    Namespace,
    RoleBinding,
    User,
    UsernameChange,
)
from governance.tenancy.services import actors, users
from tests.factories.federation_saml import (
    a_role_rule,
    a_session_name_rule,
    an_identity_provider,
    metadata_xml,
    the_walk_through,
)
from tests.factories.saml_sign_ins import GROUPS, NAME, SAMLBrowser, as_member_of, people, sessions
from tests.factories.tenancy import a_namespace, the_role
from tests.fakes.idp import Signing, a_key_pair

pytestmark = pytest.mark.django_db

AWS = "https://aws.amazon.com/SAML/Attributes/"


# --- the session


def test_a_session_is_bound_to_namespace_role_and_the_providers_session(
    browser: SAMLBrowser, acme: Namespace, provider: IdentityProvider
) -> None:
    answer = browser.signed_in()

    assert answer.status_code == 302
    (session,) = sessions(acme)
    assert session.role is not None
    assert (session.namespace_id, session.role.name) == (acme.pk, "author")
    assert (session.provider_id, session.session_index) == (provider.pk, "_session1")
    assert session.name_id == "joe@customer.example"
    me = browser.client.get("/api/v1/me/").json()
    assert (me["username"], me["role"], me["namespace"]) == ("author/joe", "author", "acme")


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 3600),
        ({"session_not_on_or_after": timedelta(minutes=10)}, 600),
        ({"session_not_on_or_after": timedelta(hours=8)}, 3600),
        (
            {"attributes": as_member_of("QuickSight-Author") | {f"{AWS}SessionDuration": ["900"]}},
            900,
        ),
        (
            {"attributes": as_member_of("QuickSight-Author") | {f"{AWS}SessionDuration": ["7200"]}},
            3600,
        ),
    ],
)
def test_a_session_ends_at_the_earliest_of_three_ends(
    browser: SAMLBrowser, acme: Namespace, changes: dict[str, Any], seconds: int
) -> None:
    before = timezone.now()

    assert browser.signed_in(**changes).status_code == 302

    (session,) = sessions(acme)
    assert abs((session.expires_at - before).total_seconds() - seconds) < 5


def test_a_sign_in_gives_the_browser_a_new_session_key(browser: SAMLBrowser) -> None:
    browser.client.get("/login/")
    store = browser.client.session
    store["planted"] = True
    store.save()
    before = browser.client.cookies[settings.SESSION_COOKIE_NAME].value

    browser.signed_in()

    assert browser.client.cookies[settings.SESSION_COOKIE_NAME].value != before


# --- who it is


def test_a_person_is_their_name_id_whatever_their_email_says(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    mail = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
    for name_id in ("joe@customer.example", "eve@customer.example"):
        attributes = as_member_of("QuickSight-Author", name=name_id) | {
            mail: ["joe@customer.example"]
        }
        SAMLBrowser(acme).signed_in(name_id=name_id, attributes=attributes)

    assert people(acme) == ["author/joe", "author/eve"]
    with namespace_scope(acme.pk):
        assert Identity.objects.count() == 2


def test_two_people_with_one_mail_prefix_stay_two(browser: SAMLBrowser, acme: Namespace) -> None:
    for name in ("joe@customer.example", "joe@partner.example"):
        SAMLBrowser(acme).signed_in(
            name_id=name, attributes=as_member_of("QuickSight-Author", name=name)
        )

    assert people(acme) == ["author/joe", "author/joe"]


def test_a_role_change_renames_the_person_and_remembers_the_name(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    browser.signed_in(attributes=as_member_of("QuickSight-Admin"))
    SAMLBrowser(acme).signed_in(attributes=as_member_of("QuickSight-Reader"))

    assert people(acme) == ["reader/joe"]
    with namespace_scope(acme.pk):
        assert UsernameChange.objects.get().username == "admin/joe"
        assert RoleBinding.objects.get(source="saml").role.name == "reader"
    first, second = sessions(acme)
    assert first.ended_at is not None, "the lost role's session must end"
    assert second.ended_at is None


def test_a_role_given_by_hand_stays(browser: SAMLBrowser, acme: Namespace) -> None:
    browser.signed_in(attributes=as_member_of("QuickSight-Admin"))
    with namespace_scope(acme.pk):
        person = User.objects.get(source="saml")
        RoleBinding.objects.create(user=person, role=the_role("officer"))

    SAMLBrowser(acme).signed_in(attributes=as_member_of("QuickSight-Reader"))

    with namespace_scope(acme.pk):
        held = RoleBinding.objects.filter(user=person).values_list("role__name", flat=True)
        assert sorted(held) == ["officer", "reader"]


def test_somebody_deactivated_stays_out(browser: SAMLBrowser, acme: Namespace) -> None:
    browser.signed_in()
    with namespace_scope(acme.pk):
        users.set_active(
            user=User.objects.get(source="saml"),
            active=False,
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )

    answer = SAMLBrowser(acme).signed_in()

    assert answer.status_code == 403
    assert answer.json()["code"] == "user_inactive"


# --- other namespaces


def test_eve_cannot_use_her_providers_response_here(browser: SAMLBrowser, acme: Namespace) -> None:
    umbrella = a_namespace("umbrella", account_id="111122223333")
    evil = a_key_pair("evil")
    with namespace_scope(umbrella.pk):
        the_walk_through(
            an_identity_provider(metadata=metadata_xml(evil, entity_id="https://evil.example/"))
        )
    eve = SAMLBrowser(umbrella)
    hers = eve.response(
        request_id=eve.begun(),
        issuer="https://evil.example/",
        response_issuer="https://evil.example/",
        attributes=as_member_of("QuickSight-Admin"),
    )
    addressed_to_acme = browser.response(
        request_id=browser.begun(),
        issuer="https://evil.example/",
        response_issuer="https://evil.example/",
    )
    pretending = browser.response(request_id=browser.begun())
    signing = Signing(key=evil)

    assert browser.post(hers, signing=signing).status_code == 403
    assert browser.post(addressed_to_acme, signing=signing).status_code == 403
    assert browser.post(pretending, signing=signing).json()["code"] == "saml_signature_invalid"
    assert people(acme) == []
    assert eve.post(hers, signing=signing).status_code == 302
    assert people(umbrella) == ["admin/joe"]
    assert people(acme) == []


def test_the_same_provider_in_two_namespaces_makes_two_people(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    umbrella = a_namespace("umbrella", account_id="111122223333")
    with namespace_scope(umbrella.pk):
        the_walk_through(an_identity_provider())
    browser.signed_in()
    there = SAMLBrowser(umbrella)
    for_acme = browser.response(request_id=there.begun())

    assert there.post(for_acme).status_code == 403
    assert there.signed_in().status_code == 302
    assert people(acme) == people(umbrella) == ["author/joe"]


def test_an_unknown_namespace_and_an_unknown_provider_look_alike(provider: Any) -> None:
    client = Client()
    for address in ("/saml/nowhere/X/acs/", "/saml/acme/X/acs/"):
        assert client.post(address, {"SAMLResponse": "x"}).status_code == 404
    for part in ("metadata", "login", "sls"):
        assert client.get(f"/saml/acme/X/{part}/").status_code == 404


# --- what is switched off


def test_a_provider_that_was_disabled_meanwhile_signs_nobody_in(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    request_id = browser.begun()
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(enabled=False)

    answer = browser.post(browser.response(request_id=request_id))

    assert answer.status_code == 403
    assert browser.client.get(f"{browser.base}/login/").status_code == 403


def test_a_namespace_that_is_going_signs_nobody_in(browser: SAMLBrowser, acme: Namespace) -> None:
    request_id = browser.begun()
    with system_scope("test"):
        Namespace.objects.filter(pk=acme.pk).update(status="DELETING")

    answer = browser.post(browser.response(request_id=request_id))

    assert answer.json()["code"] == "saml_namespace_closed"


# --- what is said of it


def test_a_refusal_is_a_page_with_the_check_and_a_reference(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    answer = browser.client.post(f"{browser.base}/acs/", {"SAMLResponse": "x"})

    page = answer.content.decode()
    assert answer.status_code == 403
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get()
    assert attempt.reference in page
    assert attempt.code in page


def test_a_flood_of_nonsense_does_not_fill_the_log(browser: SAMLBrowser, acme: Namespace) -> None:
    answers = [browser.post_raw("x") for _ in range(35)]

    assert {answer.status_code for answer in answers} == {403}
    assert answers[-1].json()["reference"] == ""
    with namespace_scope(acme.pk):
        assert SignInAttempt.objects.count() == 30


def test_a_body_that_is_too_large_is_not_even_read(browser: SAMLBrowser) -> None:
    answer = browser.post_raw("A" * 300_000)

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_body_too_large"


def test_only_a_post_reaches_the_acs(browser: SAMLBrowser) -> None:
    assert browser.client.get(f"{browser.base}/acs/").status_code == 405


def test_the_sign_in_page_offers_every_enabled_provider(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        an_identity_provider("Waiting", metadata="", enabled=False)

    page = browser.client.get("/login/?namespace=acme&next=/n/acme/").content.decode()

    assert "/saml/acme/AzureActiveDirectory/login/?next=%2Fn%2Facme%2F" in page
    assert "Waiting" not in page
    assert "/admin/login/" in page


def test_the_sign_in_page_says_the_same_of_an_unknown_and_an_empty_namespace() -> None:
    a_namespace("empty")
    pages = [
        Client().get(f"/login/?namespace={name}").content.decode().replace(name, "X")
        for name in ("empty", "nowhere")
    ]

    assert pages[0] == pages[1]


def test_rules_of_another_provider_give_nothing(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        first = an_identity_provider()
        second = an_identity_provider("Second")
        a_role_rule(second, role="admin")
        a_session_name_rule(first)

    answer = SAMLBrowser(acme).signed_in(attributes={GROUPS: ["x"], NAME: ["joe@c.example"]})

    assert answer.json()["code"] == "saml_no_role"
