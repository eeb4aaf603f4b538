"""Step-up by single sign-on: asked again by the same provider, as the same person (T47, T55)."""

import base64
import zlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation.models import IdentityProvider, SignInRequest
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, RoleBinding, User, UserSession
from governance.tenancy.services import sessions
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import ivan as a_person, signed_in, the_role

pytestmark = pytest.mark.django_db

STEP_UP = "/saml/step-up/"


@pytest.fixture
def browser(acme: Namespace, provider: IdentityProvider) -> SAMLBrowser:
    """Joe, who proved who he is an hour ago."""
    browser = SAMLBrowser(acme)
    browser.signed_in(attributes=as_member_of("QuickSight-Admin"))
    with namespace_scope(acme.pk):
        UserSession.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))
    return browser


def asked_again(browser: SAMLBrowser, *, target: str = "/admin/") -> str:
    """Begin a step-up; the id of the request that went out."""
    answer = browser.client.get(STEP_UP, {"next": target})
    assert answer.status_code == 302, answer.content
    with namespace_scope(browser.namespace.pk):
        return SignInRequest.objects.latest("created_at").request_id


def answered(browser: SAMLBrowser, *, request_id: str | None = None, **changes: Any) -> Any:
    plain: dict[str, Any] = {
        "attributes": as_member_of("QuickSight-Admin"),
        "authenticated": timedelta(0),
        "request_id": asked_again(browser) if request_id is None else request_id,
    }
    return browser.post(browser.response(**plain | changes))


def all_sessions(namespace: Namespace) -> list[UserSession]:
    with namespace_scope(namespace.pk):
        return list(UserSession.objects.select_related("role", "user").order_by("created_at"))


def test_the_provider_is_told_to_ask_again(browser: SAMLBrowser) -> None:
    answer = browser.client.get(STEP_UP, {"next": "/admin/"})

    query = parse_qs(urlsplit(answer["Location"]).query)
    request = etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
    assert request.get("ForceAuthn") == "true"


def test_an_ordinary_sign_in_does_not_force_it(browser: SAMLBrowser) -> None:
    answer = browser.client.get(f"{browser.base}/login/")

    query = parse_qs(urlsplit(answer["Location"]).query)
    request = etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
    assert request.get("ForceAuthn") is None


def test_the_page_of_a_saml_session_leads_to_the_provider(browser: SAMLBrowser) -> None:
    page = browser.client.get("/step-up/?next=/n/acme/sql/").content.decode()

    assert "/saml/step-up/?next=%2Fn%2Facme%2Fsql%2F" in page
    assert "Password" not in page


def test_a_fresh_answer_renews_the_session_under_a_new_key(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    key = browser.client.cookies[settings.SESSION_COOKIE_NAME].value

    done = answered(browser)

    assert done["Location"] == "/admin/"
    before, after = all_sessions(acme)
    assert (before.end_reason, after.ended_at) == ("proved again", None)
    assert timezone.now() - after.authenticated_at < timedelta(minutes=1)
    assert browser.client.cookies[settings.SESSION_COOKIE_NAME].value != key
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = key
    assert stolen.get("/api/v1/me/").status_code == 401


def test_the_role_that_one_was_in_stays(browser: SAMLBrowser, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        RoleBinding.objects.create(user=User.objects.get(source="saml"), role=the_role("officer"))
        officer = str(the_role("officer").pk)
    browser.client.post("/roles/", {"role": officer})

    answered(browser)

    assert browser.client.get("/api/v1/me/").json()["role"] == "officer"


def test_a_role_lost_meanwhile_is_not_kept(browser: SAMLBrowser) -> None:
    answered(browser, attributes=as_member_of("QuickSight-Reader"))

    me = browser.client.get("/api/v1/me/").json()
    assert (me["role"], me["roles"]) == ("reader", ["reader"])


def test_a_session_is_told_when_it_was_proved_last(browser: SAMLBrowser) -> None:
    began = timezone.now().replace(microsecond=0)

    answered(browser)

    told = browser.client.get("/api/v1/me/").json()["authenticated_at"]
    assert began <= datetime.fromisoformat(told) <= timezone.now()


def test_another_persons_answer_is_refused(browser: SAMLBrowser, acme: Namespace) -> None:
    answer = answered(
        browser,
        name_id="eve@customer.example",
        attributes=as_member_of("QuickSight-Admin", name="eve@customer.example"),
    )

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_other_person"
    [session] = all_sessions(acme)
    assert session.ended_at is None
    assert timezone.now() - session.authenticated_at > timedelta(minutes=50)
    with namespace_scope(acme.pk):
        assert User.objects.filter(source="saml").count() == 1


def test_an_answer_from_memory_is_refused(browser: SAMLBrowser, acme: Namespace) -> None:
    answer = answered(browser, authenticated=timedelta(minutes=-30))

    assert answer.json()["code"] == "saml_not_asked_again"
    assert len(all_sessions(acme)) == 1


def test_a_session_that_ended_meanwhile_is_not_renewed(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    request_id = asked_again(browser)
    [session] = all_sessions(acme)
    with namespace_scope(acme.pk):
        sessions.end(session=session, reason="ended by an administrator", now=timezone.now())

    answer = answered(browser, request_id=request_id)

    assert answer.json()["code"] == "saml_session_over"
    assert len(all_sessions(acme)) == 1


def test_another_browser_cannot_answer(browser: SAMLBrowser) -> None:
    request_id = asked_again(browser)
    browser.client.cookies.clear()

    assert answered(browser, request_id=request_id).json()["code"] == "saml_other_browser"


def test_who_the_provider_remembered_at_sign_in_proved_nothing_lately(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    """AuthnInstant counts, not the moment of the visit: a session there may be hours old."""
    visitor = SAMLBrowser(acme)
    visitor.signed_in(
        authenticated=timedelta(hours=-3), attributes=as_member_of("QuickSight-Admin")
    )

    session = all_sessions(acme)[-1]
    assert timezone.now() - session.authenticated_at > timedelta(hours=2)
    assert session.expires_at > timezone.now() + timedelta(minutes=50)


def test_strangers_have_nothing_to_renew() -> None:
    assert Client().get(STEP_UP)["Location"].startswith("/login/")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/step-up/"])
def test_nobody_is_led_elsewhere(browser: SAMLBrowser, target: str) -> None:
    request_id = asked_again(browser, target=target)

    assert answered(browser, request_id=request_id)["Location"] == "/"


# --- what wants it here


def aged(namespace: Namespace) -> Client:
    """Ivan's browser, eleven minutes after he signed in."""
    ivan = a_person(namespace)
    client = signed_in(ivan)
    with namespace_scope(namespace.pk):
        then = timezone.now() - timedelta(minutes=11)
        UserSession.objects.filter(user=ivan).update(authenticated_at=then)
    return client


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("identity-providers", {"name": "Okta"}),
        ("directories", {"name": "ad", "urls": ["ldaps://a.example"], "base_dn": "dc=a"}),
    ],
)
def test_doors_are_made_only_after_a_recent_proof(
    acme: Namespace, resource: str, body: dict[str, Any]
) -> None:
    answer = aged(acme).post(
        f"/api/v1/namespaces/acme/{resource}/", body, content_type="application/json"
    )

    assert answer.json()["code"] == "authentication_too_old"


def test_a_provider_is_changed_only_after_a_recent_proof_but_shut_at_once(
    acme: Namespace, provider: IdentityProvider
) -> None:
    ivan = aged(acme)
    address = f"/api/v1/namespaces/acme/identity-providers/{provider.pk}/"

    opened = ivan.patch(address, {"allow_idp_initiated": True}, content_type="application/json")
    shut = ivan.patch(address, {"enabled": False}, content_type="application/json")

    assert opened.json()["code"] == "authentication_too_old"
    assert shut.json()["enabled"] is False


def test_a_rule_is_made_only_after_a_recent_proof(
    acme: Namespace, provider: IdentityProvider
) -> None:
    rule = {"identity_provider": str(provider.pk), "claim": "Role", "value": '"x"'}

    answer = aged(acme).post(
        "/api/v1/namespaces/acme/claim-rules/", rule, content_type="application/json"
    )

    assert answer.json()["code"] == "authentication_too_old"
