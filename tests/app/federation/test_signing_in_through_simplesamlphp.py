"""Sign-ins through an independent identity provider, over HTTP."""

import html
import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider, SignInAttempt
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, RoleBinding, User, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.servers.simplesamlphp import PEOPLE, SimpleSAMLphp
from tests.servers.simplesamlphp_fixture import idp

__all__ = ["idp"]

ACS = "/saml/acme/AzureActiveDirectory/acs/"
LOGIN = "/saml/acme/AzureActiveDirectory/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(acme: Namespace, idp: SimpleSAMLphp) -> IdentityProvider:
    metadata = requests.get(idp.metadata_url, timeout=10).text
    with namespace_scope(acme.pk):
        provider = an_identity_provider(metadata=metadata, allow_idp_initiated=True)
        the_walk_through(provider)
    idp.know_service(
        entity_id=f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory/metadata/",
        acs_url=f"{settings.PUBLIC_URL}{ACS}",
    )
    for name, groups in PEOPLE.items():
        idp.set_groups(name, groups)
    return provider


@dataclass
class Browser:
    """Our pages through Django's client, the provider's over HTTP, each with its cookies."""

    ours: Client
    theirs: requests.Session

    def sign_in_at(self, address: str, name: str) -> dict[str, str]:
        """Sign in at the provider and return the form that it makes the browser post."""
        page = self.theirs.get(address, timeout=10)
        if "SAMLResponse" not in page.text:
            state = _value(page.text, "AuthState")
            page = self.theirs.post(
                page.url.split("?")[0],
                data={"username": name, "password": f"{name}pass", "AuthState": state},
                timeout=10,
            )
        return {
            key: _value(page.text, key)
            for key in ("SAMLResponse", "RelayState")
            if f'name="{key}"' in page.text
        }


def _value(page: str, name: str) -> str:
    field = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    if field is None:
        message = f"no field {name}: {page[:2000]}"
        raise AssertionError(message)
    return html.unescape(field[1])


@pytest.fixture
def browser() -> Browser:
    return Browser(Client(), requests.Session())


def sessions_of(acme: Namespace) -> list[UserSession]:
    with namespace_scope(acme.pk):
        return list(UserSession.objects.select_related("user", "role").order_by("created_at"))


def test_a_sign_in_begun_here_lands_on_the_page_that_was_asked_for(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    begun = browser.ours.get(f"{LOGIN}?next=/n/acme/dashboards/sales/")
    form = browser.sign_in_at(begun["Location"], "joe")

    answer = browser.ours.post(ACS, form)

    assert answer.status_code == 302
    assert answer["Location"] == "/n/acme/dashboards/sales/"
    (session,) = sessions_of(acme)
    assert session.user.username == "admin/joe"
    assert session.user.email == "joe@customer.example"
    assert session.role is not None
    assert session.role.name == "admin"
    assert session.provider_id == provider.pk
    assert session.session_index.startswith("_")


def test_a_sign_in_begun_at_the_provider_follows_its_deep_link(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    entity_id = f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory/metadata/"
    deep_link = f"{settings.PUBLIC_URL}/n/acme/dashboards/sales/"
    form = browser.sign_in_at(f"{idp.sso_url}?spentityid={entity_id}&RelayState={deep_link}", "ann")

    answer = browser.ours.post(ACS, form)

    assert answer.status_code == 302
    assert answer["Location"] == "/n/acme/dashboards/sales/"
    assert [one.user.username for one in sessions_of(acme)] == ["author/ann"]


def test_a_moved_group_moves_the_role_and_keeps_the_person(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    roles = []
    for group in ("QuickSight-Admin", "QuickSight-Author", "QuickSight-Reader"):
        idp.set_groups("joe", [group])
        browser = Browser(Client(), requests.Session())
        begun = browser.ours.get(LOGIN)
        answer = browser.ours.post(ACS, browser.sign_in_at(begun["Location"], "joe"))
        assert answer.status_code == 302
        with namespace_scope(acme.pk):
            person = User.objects.get(source="saml")
            roles.append(person.username)
            assert RoleBinding.objects.filter(user=person).count() == 1

    assert roles == ["admin/joe", "author/joe", "reader/joe"]


def test_somebody_in_admin_and_reader_becomes_a_reader(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    idp.set_groups("joe", ["QuickSight-Admin", "QuickSight-Reader"])
    begun = browser.ours.get(LOGIN)

    browser.ours.post(ACS, browser.sign_in_at(begun["Location"], "joe"))

    assert [one.user.username for one in sessions_of(acme)] == ["reader/joe"]


def test_somebody_without_a_group_is_refused_and_told_why(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    begun = browser.ours.get(LOGIN)

    answer = browser.ours.post(ACS, browser.sign_in_at(begun["Location"], "nil"))

    assert answer.status_code == 403
    assert "saml_no_role" in answer.content.decode()
    assert sessions_of(acme) == []
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get()
        assert attempt.reference in answer.content.decode()
        assert attempt.code == "saml_no_role"


def test_an_unsolicited_sign_in_is_refused_where_it_is_not_allowed(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(allow_idp_initiated=False)
    entity_id = f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory/metadata/"
    form = browser.sign_in_at(f"{idp.sso_url}?spentityid={entity_id}", "joe")

    answer = browser.ours.post(ACS, form, headers={"accept": "application/json"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_unsolicited_response"


def test_the_provider_asks_again_for_a_fresh_proof(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    browser.ours.post(ACS, browser.sign_in_at(browser.ours.get(LOGIN)["Location"], "joe"))
    with namespace_scope(acme.pk):
        UserSession.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))

    asked = browser.ours.get("/saml/step-up/?next=/admin/")["Location"]
    page = browser.theirs.get(asked, timeout=10).text
    answer = browser.ours.post(ACS, browser.sign_in_at(asked, "joe"))

    assert "SAMLResponse" not in page, "the provider remembers joe, and must ask all the same"
    assert answer["Location"] == "/admin/"
    before, after = sessions_of(acme)
    assert before.end_reason == "proved again"
    assert timezone.now() - after.authenticated_at < timedelta(minutes=2)


def test_somebody_else_at_the_provider_proves_nothing(
    provider: IdentityProvider, idp: SimpleSAMLphp, browser: Browser, acme: Namespace
) -> None:
    browser.ours.post(ACS, browser.sign_in_at(browser.ours.get(LOGIN)["Location"], "joe"))
    other = next(name for name in PEOPLE if name != "joe")
    elsewhere = Browser(browser.ours, requests.Session())

    asked = browser.ours.get("/saml/step-up/?next=/admin/")["Location"]
    answer = browser.ours.post(
        ACS, elsewhere.sign_in_at(asked, other), headers={"accept": "application/json"}
    )

    assert answer.json()["code"] == "saml_other_person"
    assert len(sessions_of(acme)) == 1
