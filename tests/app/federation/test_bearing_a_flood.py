"""The doors of single sign-on have a budget of requests, by network and by provider (T19)."""

from itertools import count
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db

_networks = count(1)


@pytest.fixture
def acme() -> Namespace:
    namespace = a_namespace("acme")
    with namespace_scope(namespace.pk):
        the_walk_through(an_identity_provider())
    return namespace


@pytest.fixture
def network() -> str:
    """An address that no other test has used: the counters outlive a test."""
    return f"203.0.113.{next(_networks)}"


def begun(network: str, *, provider: str = "AzureActiveDirectory") -> Any:
    return Client(REMOTE_ADDR=network).get(f"/saml/acme/{provider}/login/")


def posted(network: str, *, provider: str = "AzureActiveDirectory") -> Any:
    return Client(REMOTE_ADDR=network).post(
        f"/saml/acme/{provider}/acs/",
        {"SAMLResponse": "none"},
        headers={"accept": "application/json"},
    )


def test_a_network_has_a_budget(acme: Namespace, network: str, settings: Settings) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 3

    answers = [begun(network).status_code for _ in range(4)]

    assert answers == [302, 302, 302, 429]


def test_over_the_budget_one_is_told_when_to_come_back(
    acme: Namespace, network: str, settings: Settings
) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1
    posted(network)

    answer = posted(network)

    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer.json()["code"] == "saml_too_many_requests"


def test_posts_and_beginnings_are_counted_apart(
    acme: Namespace, network: str, settings: Settings
) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1

    assert begun(network).status_code == 302
    assert posted(network).status_code == 403
    assert begun(network).status_code == 429
    assert posted(network).status_code == 429


@pytest.mark.parametrize("door", ["sls", "metadata"])
def test_the_other_doors_have_one_too(
    acme: Namespace, network: str, settings: Settings, door: str
) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1
    address = f"/saml/acme/AzureActiveDirectory/{door}/"

    first, second = (Client(REMOTE_ADDR=network).get(address).status_code for _ in range(2))

    assert first != 429
    assert second == 429


def test_a_provider_has_a_budget_over_all_networks(acme: Namespace, settings: Settings) -> None:
    settings.FEDERATION_SAML_PROVIDER_REQUESTS = 2

    answers = [begun(f"198.51.100.{last}", provider="of-many").status_code for last in range(1, 4)]
    other = begun("198.51.100.9", provider="another").status_code

    assert answers == [404, 404, 429]
    assert other == 404


def test_a_network_over_its_budget_uses_up_nothing_of_the_providers(
    acme: Namespace, network: str, settings: Settings
) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1
    settings.FEDERATION_SAML_PROVIDER_REQUESTS = 2
    for _ in range(5):
        begun(network, provider="flooded")

    assert begun("198.51.100.77", provider="flooded").status_code == 404


def test_neighbours_of_an_ipv6_household_share_a_budget(
    acme: Namespace, settings: Settings
) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1

    assert begun("2001:db8:7:7::1").status_code == 302
    assert begun("2001:db8:7:7::2").status_code == 429
    assert begun("2001:db8:7:8::1").status_code == 302


def test_without_counters_nobody_comes_in(acme: Namespace, settings: Settings) -> None:
    """Fail closed: otherwise whoever takes the counters down has no limit."""
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    answer = posted("203.0.113.250")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert answer.json()["code"] == "sign_in_counters_unavailable"


def test_a_person_reads_a_page(acme: Namespace, network: str, settings: Settings) -> None:
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1
    begun(network)

    page = begun(network).content.decode()

    assert "Too many sign-ins are under way here" in page


def test_the_next_minute_is_another(acme: Namespace, network: str, settings: Settings) -> None:
    """The window ends by itself: a refused request does not lengthen it."""
    settings.FEDERATION_SAML_NETWORK_REQUESTS = 1
    begun(network)
    first = int(begun(network)["Retry-After"])

    later = int(begun(network)["Retry-After"])

    assert later <= first


def test_an_ordinary_sign_in_is_far_below_the_budget(acme: Namespace) -> None:
    assert SAMLBrowser(acme).signed_in().status_code == 302
