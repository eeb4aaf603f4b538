"""Several roles: the person chooses one, once, in the browser that came; and switches later."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider, RoleChoice, SignInAttempt
from federation.views.roles import CHOICE_COOKIE
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import (
    Namespace,
    Role,
    RoleBinding,
    User,
    UsernameChange,
    UserSession,
)
from governance.tenancy.services import actors, sessions, users
from tests.factories.federation_saml import an_identity_provider
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import the_role

pytestmark = pytest.mark.django_db

AWS = "https://aws.amazon.com/SAML/Attributes/"
ACCOUNT = "arn:aws:iam::253914981264"
PROVIDER_ARN = f"{ACCOUNT}:saml-provider/AzureActiveDirectory"
CHOOSER = "/saml/acme/AzureActiveDirectory/role/"


def offering(*roles: str, **claims: list[str]) -> dict[str, list[str]]:
    pairs = [f"{ACCOUNT}:role/{role},{PROVIDER_ARN}" for role in roles]
    more = {f"{AWS}{name}": values for name, values in claims.items()}
    return as_member_of() | {f"{AWS}Role": pairs} | more


def arrived(browser: SAMLBrowser, *roles: str, target: str = "/", **claims: list[str]) -> Any:
    return browser.post(
        browser.response(
            request_id=browser.begun(target=target), attributes=offering(*roles, **claims)
        )
    )


def role_id(namespace: Namespace, name: str) -> str:
    with namespace_scope(namespace.pk):
        return str(the_role(name).pk)


def open_sessions(namespace: Namespace) -> list[UserSession]:
    with namespace_scope(namespace.pk):
        rows = UserSession.objects.filter(ended_at__isnull=True).select_related("role", "user")
        return list(rows)


def test_with_one_role_nobody_is_asked(browser: SAMLBrowser, acme: Namespace) -> None:
    answer = arrived(browser, "author")

    assert answer["Location"] == "/"
    assert CHOICE_COOKIE not in browser.client.cookies
    assert len(open_sessions(acme)) == 1


def test_several_roles_are_offered_before_there_is_a_session(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    answer = arrived(browser, "admin", "reader")
    page = browser.client.get(answer["Location"])

    assert answer["Location"] == CHOOSER
    assert open_sessions(acme) == []
    assert browser.client.get("/api/v1/me/").status_code == 401
    assert "Continue as admin" in page.content.decode()
    assert "Continue as reader" in page.content.decode()
    assert "author" not in page.content.decode()
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_the_chosen_role_is_the_session_and_the_deep_link_survives(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    arrived(browser, "admin", "reader", target="/n/acme/dashboards/")

    done = browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    assert done["Location"] == "/n/acme/dashboards/"
    me = browser.client.get("/api/v1/me/").json()
    assert (me["role"], me["username"]) == ("reader", "reader/joe")
    assert me["roles"] == ["admin", "reader"]


def test_a_choice_is_made_once(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "admin", "reader")
    secret = browser.client.cookies[CHOICE_COOKIE].value
    browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    again = Client()
    again.cookies[CHOICE_COOKIE] = secret
    answer = again.post(CHOOSER, {"role": role_id(acme, "admin")})

    assert answer.status_code == 403
    assert "waits for no choice" in answer.content.decode()
    assert len(open_sessions(acme)) == 1


def test_another_browser_has_no_choice(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "admin", "reader")

    assert Client().get(CHOOSER).status_code == 403
    assert Client().post(CHOOSER, {"role": role_id(acme, "admin")}).status_code == 403
    assert open_sessions(acme) == []


def test_a_choice_waits_five_minutes(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "admin", "reader")
    with namespace_scope(acme.pk):
        RoleChoice.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = browser.client.post(CHOOSER, {"role": role_id(acme, "admin")})

    assert answer.status_code == 403
    assert open_sessions(acme) == []


@pytest.mark.parametrize("wanted", ["author", "officer", "no-uuid", ""])
def test_only_an_offered_role_can_be_chosen(
    browser: SAMLBrowser, acme: Namespace, wanted: str
) -> None:
    arrived(browser, "admin", "reader")
    chosen = role_id(acme, wanted) if wanted in {"author", "officer"} else wanted

    answer = browser.client.post(CHOOSER, {"role": chosen})

    assert answer.status_code == 403
    assert "not offered" in answer.content.decode()
    assert open_sessions(acme) == []


def test_who_was_deactivated_meanwhile_chooses_in_vain(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    arrived(browser, "admin", "reader")
    with namespace_scope(acme.pk):
        users.set_active(
            user=User.objects.get(source="saml"),
            active=False,
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )

    answer = browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    assert answer.status_code == 403
    assert open_sessions(acme) == []


def test_a_provider_disabled_meanwhile_lets_nobody_choose(
    browser: SAMLBrowser, acme: Namespace, provider: IdentityProvider
) -> None:
    arrived(browser, "admin", "reader")
    with namespace_scope(acme.pk):
        IdentityProvider.objects.filter(pk=provider.pk).update(enabled=False)

    answer = browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    assert answer.status_code == 403
    assert open_sessions(acme) == []


def test_a_role_lost_meanwhile_is_not_offered(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "admin", "author", "reader")
    with namespace_scope(acme.pk):
        RoleBinding.objects.filter(role__name="admin").delete()

    page = browser.client.get(CHOOSER).content.decode()
    answer = browser.client.post(CHOOSER, {"role": role_id(acme, "admin")})

    assert "Continue as admin" not in page
    assert answer.status_code == 403


def test_the_role_of_last_time_stands_out(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "admin", "reader")
    browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    later = SAMLBrowser(acme)
    arrived(later, "admin", "reader")
    page = later.client.get(CHOOSER).content.decode()

    assert page.count("last time") == 1
    assert page.index("last time") > page.index("reader</h2>")


def test_choosing_the_same_role_again_makes_no_history(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    for _ in range(2):
        visitor = SAMLBrowser(acme)
        arrived(visitor, "admin", "reader")
        visitor.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    with namespace_scope(acme.pk):
        assert UsernameChange.objects.count() == 0
        assert User.objects.get(source="saml").username == "reader/joe"
        outcomes = SignInAttempt.objects.values_list("outcome", flat=True)
        assert set(outcomes) == {"accepted"}


def test_a_chosen_role_ends_when_its_own_maximum_or_the_proof_does(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        Role.objects.filter(name="admin").update(max_session_seconds=7200)
    arrived(browser, "admin", "reader", SessionDuration=["43200"])
    browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})
    [session] = open_sessions(acme)
    began = session.created_at

    browser.client.post("/roles/", {"role": role_id(acme, "admin")})

    [switched] = open_sessions(acme)
    assert abs(session.expires_at - began - timedelta(hours=1)) < timedelta(seconds=5)
    assert abs(switched.expires_at - began - timedelta(hours=2)) < timedelta(seconds=5)


def test_switching_never_outlives_the_proof(browser: SAMLBrowser, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        Role.objects.filter(name="admin").update(max_session_seconds=43200)
    arrived(browser, "admin", "reader", SessionDuration=["900"])
    browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    browser.client.post("/roles/", {"role": role_id(acme, "admin")})

    [session] = open_sessions(acme)
    assert session.role is not None
    assert session.role.name == "admin"
    assert session.expires_at - session.created_at < timedelta(seconds=905)


def test_a_role_whose_time_is_over_takes_a_new_sign_in(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        Role.objects.filter(name="admin").update(max_session_seconds=43200)
    arrived(browser, "admin", "reader", SessionDuration=["43200"])
    browser.client.post(CHOOSER, {"role": role_id(acme, "admin")})
    [session] = open_sessions(acme)
    with namespace_scope(acme.pk), pytest.raises(sessions.RoleTimeOver):
        sessions.switch_role(
            session=session,
            role_id=the_role("reader").pk,
            actor=actors.system(acme.pk),
            now=timezone.now() + timedelta(hours=2),
        )


def test_what_another_provider_gave_is_no_role_of_this_session(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    arrived(browser, "reader")
    with namespace_scope(acme.pk):
        other = an_identity_provider("Okta")
        person = User.objects.get(source="saml")
        RoleBinding.objects.create(
            user=person, role=the_role("admin"), source="saml", provider_id=other.pk
        )
        RoleBinding.objects.create(user=person, role=the_role("author"))

    me = browser.client.get("/api/v1/me/").json()
    refused = browser.client.post("/roles/", {"role": role_id(acme, "admin")})

    assert me["roles"] == ["author", "reader"]
    assert refused.status_code == 403


def test_the_header_has_a_menu_of_roles(browser: SAMLBrowser, acme: Namespace) -> None:
    arrived(browser, "author", "reader")
    browser.client.post(CHOOSER, {"role": role_id(acme, "reader")})

    page = browser.client.get("/").content.decode()

    assert re.search(r"<summary>reader</summary>", page)
    assert "Act as author" in page
    assert "Act as reader" not in page
