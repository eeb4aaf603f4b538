"""A SCIM token is made on its provider's page, shown once, and rotated."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import IdentityProvider
from federation.services import identity_providers
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import ApiToken, Namespace, User, UserSession
from governance.tenancy.services import actors
from tests.factories import tenancy
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.scim import Entra

pytestmark = pytest.mark.django_db


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


def switched_off(provider: IdentityProvider) -> None:
    with namespace_scope(provider.namespace_id):
        IdentityProvider.objects.filter(pk=provider.pk).update(enabled=False)


def page_of(browser: Client, provider: IdentityProvider) -> str:
    address = f"/admin/federation/identityprovider/{provider.pk}/change/"
    return browser.get(address).content.decode()


def test_provisioning_goes_on_while_sign_in_is_off_and_the_page_says_so(
    browser: Client, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    entra = Entra(made(browser, provider))
    joe = entra.user("joe@acme.example")
    assert "provisioning goes on" not in page_of(browser, provider)

    switched_off(provider)

    answer = entra.patch(f"Users/{joe}", {"op": "Replace", "path": "active", "value": "False"})
    assert answer.status_code == 200
    assert "provisioning goes on" in page_of(browser, provider)
    with namespace_scope(acme.pk):
        assert not User.objects.get(source="scim").is_active


def test_whom_it_provisions_meanwhile_cannot_come_in(browser: Client, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)
    entra = Entra(made(browser, provider))
    saml = SAMLBrowser(acme)
    request_id = saml.begun()
    switched_off(provider)

    entra.user("joe@customer.example")

    answer = saml.post(saml.response(request_id=request_id, name_id="joe@customer.example"))
    assert answer.json()["code"] == "saml_provider_disabled"


def test_one_button_ends_all_its_tokens_and_no_others(
    browser: Client, acme: Namespace, provider: IdentityProvider
) -> None:
    with namespace_scope(acme.pk):
        other = IdentityProvider.objects.create(name="Okta")
    first, second, theirs = (made(browser, one) for one in (provider, provider, other))
    assert "End its SCIM tokens" in page_of(browser, provider)

    browser.post(f"/admin/federation/identityprovider/{provider.pk}/do/end-scim-tokens/")

    assert [status_of(one) for one in (first, second, theirs)] == [401, 401, 200]
    assert "End its SCIM tokens" not in page_of(browser, provider)


def test_the_tokens_of_a_provider_that_was_removed_are_refused(
    browser: Client, acme: Namespace, provider: IdentityProvider
) -> None:
    token = made(browser, provider)

    with namespace_scope(acme.pk):
        identity_providers.remove(provider=provider, actor=actors.system(), now=timezone.now())

    assert status_of(token) == 401
