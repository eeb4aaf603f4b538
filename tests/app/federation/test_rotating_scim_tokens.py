"""A SCIM token is made on its provider's page, shown once, and rotated."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import ApiToken, Namespace, UserSession
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Namespace:
    return tenancy.a_namespace("acme")


@pytest.fixture
def provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        return IdentityProvider.objects.create(name="AzureActiveDirectory")


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return tenancy.signed_in(tenancy.ivan(acme))


def pressed(browser: Client, provider: IdentityProvider, **values: Any) -> Any:
    address = f"/admin/federation/identityprovider/{provider.pk}/do/new-scim-token/"
    return browser.post(address, {"days": "365"} | values)


def made(browser: Client, provider: IdentityProvider, **values: Any) -> str:
    page = pressed(browser, provider, **values).content.decode()
    [text] = set(re.findall(r"lwt_[\w-]{40,}", page))
    return str(text)


def status_of(token: str, *, path: str = "/scim/v2/acme/Users") -> int:
    return Client().get(path, headers={"authorization": f"Bearer {token}"}).status_code


def test_a_token_of_the_page_provisions_for_that_provider(
    browser: Client, provider: IdentityProvider
) -> None:
    token = made(browser, provider)

    assert status_of(token) == 200
    assert status_of(token, path="/api/v1/namespaces/acme/users/") == 401


def test_it_is_shown_once_and_named_by_its_beginning_afterwards(
    browser: Client, provider: IdentityProvider
) -> None:
    token = made(browser, provider)

    page = browser.get(f"/admin/federation/identityprovider/{provider.pk}/change/").content.decode()

    assert token not in page
    assert token[:12] in page
    assert "/scim/v2/acme/" in page


def test_a_rotation_without_a_gap_keeps_the_old_one(
    browser: Client, provider: IdentityProvider
) -> None:
    old = made(browser, provider)
    new = made(browser, provider)

    assert (status_of(old), status_of(new)) == (200, 200)


def test_a_rotation_can_end_the_old_one_at_once(
    browser: Client, provider: IdentityProvider
) -> None:
    old = made(browser, provider)
    new = made(browser, provider, replace="on")

    assert (status_of(old), status_of(new)) == (401, 200)


def test_tokens_of_other_providers_stay(
    browser: Client, acme: Namespace, provider: IdentityProvider
) -> None:
    with namespace_scope(acme.pk):
        other = IdentityProvider.objects.create(name="Okta")
    theirs = made(browser, other)

    made(browser, provider, replace="on")

    assert status_of(theirs) == 200


def test_it_takes_a_recent_proof(
    browser: Client, acme: Namespace, provider: IdentityProvider
) -> None:
    with namespace_scope(acme.pk):
        UserSession.objects.update(authenticated_at=timezone.now() - timedelta(minutes=11))

    page = pressed(browser, provider).content.decode()

    assert "Prove who you are" in page
    with namespace_scope(acme.pk):
        assert not ApiToken.objects.exists()
