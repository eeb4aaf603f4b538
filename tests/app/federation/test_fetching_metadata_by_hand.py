"""An administrator who fetches metadata keeps no transaction waiting for the provider's host."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from federation import wiring
from federation.models import IdentityProvider
from federation.services import identity_providers
from governance.egress.client import AddressUnreachable
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace
from tests.factories.federation_saml import an_identity_provider, metadata_xml
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace, a_user, ivan, signed_in
from tests.fakes.idp import a_key_pair

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://idp.customer.example/metadata"
RENEWED = metadata_xml(a_key_pair(), a_key_pair("renewed"))


class Host:
    """Answers, and looks at the transaction of who asks."""

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self.fails = False

    def fetched(self, *, url: str) -> str:
        assert url == URL
        self.seen.append(connection.connection.info.transaction_status != 0)
        if self.fails:
            raise AddressUnreachable
        return RENEWED


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(wiring, "EgressMetadataFetcher", lambda: host)
    return host


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        an_identity_provider()
    return acme


def the_provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        return IdentityProvider.objects.get()


def known(acme: Namespace) -> int:
    with namespace_scope(acme.pk):
        return IdentityProvider.objects.get().certificates.count()


def moved_to_the_url(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(metadata_url=URL)


def by_patch(acme: Namespace) -> Any:
    address = f"identity-providers/{the_provider(acme).pk}/"
    return Script(acme).patch(address, {"metadata_url": URL})


def by_rest(acme: Namespace) -> Any:
    moved_to_the_url(acme)
    return Script(acme).post(f"identity-providers/{the_provider(acme).pk}/refresh/")


def by_rest_with_a_key(acme: Namespace) -> Any:
    moved_to_the_url(acme)
    address = f"identity-providers/{the_provider(acme).pk}/refresh/"
    return Script(acme).post(address, {}, key="refresh-1")


def by_a_platform_administrator(acme: Namespace) -> Any:
    moved_to_the_url(acme)
    with system_scope("test"):
        pia = a_user("pia")
    address = f"/api/v1/namespaces/acme/identity-providers/{the_provider(acme).pk}/refresh/"
    return signed_in(pia).post(address)


def by_session(acme: Namespace) -> Any:
    moved_to_the_url(acme)
    address = f"/api/v1/namespaces/acme/identity-providers/{the_provider(acme).pk}/refresh/"
    return signed_in(ivan(acme)).post(address)


def by_button(acme: Namespace) -> Any:
    moved_to_the_url(acme)
    address = f"/admin/federation/identityprovider/{the_provider(acme).pk}/do/refresh/"
    return signed_in(ivan(acme)).post(address, follow=True)


def by_form(acme: Namespace) -> Any:
    browser = signed_in(ivan(acme))
    address = f"/admin/federation/identityprovider/{the_provider(acme).pk}/change/"
    fields = {
        "display_name": "",
        "enabled": "on",
        "metadata_url": URL,
        "max_validity_seconds": "4500",
        "clock_skew_seconds": "60",
        "request_binding": "auto",
        "scim_shuts_directories": "on",
    }
    return browser.post(address, fields, follow=True)


WAYS: list[Callable[[Namespace], Any]] = [
    by_patch,
    by_rest,
    by_rest_with_a_key,
    by_session,
    by_a_platform_administrator,
    by_button,
    by_form,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
def test_no_transaction_waits_for_the_host(
    acme: Namespace, host: Host, way: Callable[[Namespace], Any]
) -> None:
    answer = way(acme)

    assert answer.status_code == 200, answer.content
    assert host.seen == [False]
    assert known(acme) == 2
    assert the_provider(acme).metadata_url == URL


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
def test_a_host_that_does_not_answer_changes_nothing_and_is_told(
    acme: Namespace, host: Host, way: Callable[[Namespace], Any]
) -> None:
    host.fails = True

    answer = way(acme)

    assert "did not answer" in answer.content.decode()
    assert known(acme) == 1


def test_a_provider_is_made_from_a_url_the_same_way(acme: Namespace, host: Host) -> None:
    body = {"name": "Second", "metadata_url": URL}

    made = Script(acme).post("identity-providers/", body)

    assert made.status_code == 201, made.content
    assert len(made.json()["certificates"]) == 2
    assert host.seen == [False]


def test_an_address_that_somebody_else_gave_meanwhile_leaves_no_certificates_of_theirs(
    acme: Namespace, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first had nothing to fetch: their address was the one that was stored."""
    moved_to_the_url(acme)
    check = identity_providers._check_recent

    def and_another_comes(*what: Any, **named: Any) -> None:
        check(*what, **named)
        locking = IdentityProvider.objects.select_for_update

        def second(*args: Any, **options: Any) -> Any:
            IdentityProvider.objects.update(metadata_url="https://other.example/metadata")
            return locking(*args, **options)

        monkeypatch.setattr(IdentityProvider.objects, "select_for_update", second)

    monkeypatch.setattr(identity_providers, "_check_recent", and_another_comes)

    answer = by_patch(acme)

    assert answer.status_code == 200, answer.content
    assert len(host.seen) == 1
    assert the_provider(acme).metadata_url == URL
    assert known(acme) == 2


def test_a_provider_is_made_once_by_a_key_while_no_transaction_waits(
    acme: Namespace, host: Host
) -> None:
    script, body = Script(acme), {"name": "Second", "metadata_url": URL}

    made, again = (script.post("identity-providers/", body, key="make-1") for _ in range(2))

    assert (made.status_code, again.status_code) == (201, 201), made.content
    assert made.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert host.seen == [False]


def test_an_address_that_failed_leaves_the_key_free(acme: Namespace, host: Host) -> None:
    script, body = Script(acme), {"name": "Second", "metadata_url": URL}
    host.fails = True
    refused = script.post("identity-providers/", body, key="make-1")
    host.fails = False

    assert "did not answer" in refused.content.decode()
    assert script.post("identity-providers/", body, key="make-1").status_code == 201
