"""A logout is always signed, also by a provider that nobody saved since logouts are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from federation import wiring
from federation.models import IdentityProvider, ServiceProviderKey
from federation.services import housekeeping, service_provider_keys
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider
from tests.factories.logouts import a_provider, document_of
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace


@pytest.fixture
def acme() -> Namespace:
    """With a provider that has an address for logouts, and no key of ours."""
    acme = a_namespace("acme")
    a_provider(acme)
    with namespace_scope(acme.pk):
        ServiceProviderKey.objects.all().delete()
    return acme


def keys(acme: Namespace) -> int:
    with namespace_scope(acme.pk):
        return ServiceProviderKey.objects.count()


@pytest.mark.django_db
def test_the_key_is_made_for_the_first_logout(acme: Namespace) -> None:
    browser = SAMLBrowser(acme)
    browser.signed_in()
    browser.client.post("/sign-out/")

    page = browser.client.get("/saml/acme/AzureActiveDirectory/logout/")

    _, parameters = document_of(page.context["onward"])
    assert parameters["Signature"]
    assert keys(acme) == 1
    metadata = browser.client.get("/saml/acme/AzureActiveDirectory/metadata/").content.decode()
    assert 'use="signing"' in metadata


@pytest.mark.django_db
def test_the_key_is_made_by_itself_before_anybody_signs_out(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        an_identity_provider("WithoutLogouts")
        for _ in range(2):
            housekeeping.keep_house(key_maker=wiring.own_key_maker(), now=timezone.now())

    assert keys(acme) == 1


@pytest.mark.django_db
def test_who_came_earlier_and_waited_signs_with_the_first_key(acme: Namespace) -> None:
    later = timezone.now()
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        maker = wiring.own_key_maker()
        first = service_provider_keys.signing(provider=provider, key_maker=maker, now=later)

        earlier = service_provider_keys.signing(
            provider=provider, key_maker=maker, now=later - timedelta(seconds=5)
        )

    assert earlier.certificate == first.certificate


@pytest.mark.django_db(transaction=True)
def test_of_two_who_need_the_first_key_at_once_one_makes_it(acme: Namespace) -> None:
    def signing(_: int) -> str:
        try:
            with namespace_scope(acme.pk):
                key = service_provider_keys.signing(
                    provider=IdentityProvider.objects.get(),
                    key_maker=wiring.own_key_maker(),
                    now=timezone.now(),
                )
                return key.certificate
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as pool:
        made = set(pool.map(signing, range(4)))

    assert len(made) == 1
    assert keys(acme) == 1
