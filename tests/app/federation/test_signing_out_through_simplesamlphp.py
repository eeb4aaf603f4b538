"""Single logout and encrypted assertions with an independent identity provider, over HTTP.

It knows us by our own metadata, checks our signatures on logout messages, and signs its own.
"""

import html
import re
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation import wiring
from federation.models import IdentityProvider
from federation.services import identity_providers, service_provider_keys
from federation.services.identity_providers import ProviderValues
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import actors
from tests.app.federation.test_signing_in_through_simplesamlphp import ACS, LOGIN, Browser
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.servers.simplesamlphp import PEOPLE, SimpleSAMLphp
from tests.servers.simplesamlphp_fixture import idp

__all__ = ["idp"]

METADATA = "/saml/acme/AzureActiveDirectory/metadata/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(acme: Namespace, idp: SimpleSAMLphp) -> IdentityProvider:
    metadata = requests.get(idp.metadata_url, timeout=10).text
    with namespace_scope(acme.pk):
        provider = an_identity_provider(metadata=metadata)
        the_walk_through(provider)
    for name, groups in PEOPLE.items():
        idp.set_groups(name, groups)
    exchange(idp)
    return provider


def exchange(idp: SimpleSAMLphp, **options: object) -> None:
    """The provider imports our metadata as it is now."""
    idp.import_service(
        entity_id=f"{settings.PUBLIC_URL}{METADATA}",
        metadata=Client().get(METADATA).content.decode(),
        **{"validate.logout": True, "redirect.validate": True, "sign.logout": True} | options,
    )


def changed(provider: IdentityProvider, acme: Namespace, **values: object) -> None:
    wanted: ProviderValues = values  # type: ignore[assignment]
    with namespace_scope(acme.pk):
        identity_providers.change(
            provider=provider,
            values=wanted,
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )


def signed_in(name: str = "joe") -> Browser:
    browser = Browser(Client(), requests.Session())
    answer = browser.ours.post(ACS, browser.sign_in_at(browser.ours.get(LOGIN)["Location"], name))
    assert answer.status_code == 302, answer.content.decode()
    return browser


def open_sessions(acme: Namespace) -> list[str]:
    with namespace_scope(acme.pk):
        rows = UserSession.objects.filter(ended_at__isnull=True).select_related("user")
        return sorted(row.user.username for row in rows)


def until_ours(browser: Browser, address: str) -> str:
    """Follow the provider's redirects up to the one that leads back here."""
    for _ in range(10):
        if address.startswith(settings.PUBLIC_URL):
            parts = urlsplit(address)
            return f"{parts.path}?{parts.query}"
        page = browser.theirs.get(address, timeout=10, allow_redirects=False)
        if "location" not in page.headers:
            message = f"the provider stopped with {page.status_code}: {page.text[:1500]}"
            raise AssertionError(message)
        address = urljoin(page.url, page.headers["location"])
    message = "too many redirects"
    raise AssertionError(message)


def is_signed_in_there(browser: Browser) -> bool:
    page = browser.theirs.get(Client().get(LOGIN)["Location"], timeout=10)
    return "SAMLResponse" in page.text


def test_signing_out_at_the_provider_ends_the_session_here(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    joe = signed_in("joe")
    signed_in("ann")

    asked = until_ours(joe, f"{idp.base}/saml2/idp/SingleLogoutService.php?ReturnTo={idp.base}/")
    answer = joe.ours.get(asked)
    done = joe.theirs.get(answer["Location"], timeout=10)

    assert "SAMLRequest=" in asked
    assert answer["Location"].startswith(f"{idp.base}/saml2/idp/SingleLogoutService.php?SAMLResp")
    assert done.status_code == 200
    assert open_sessions(acme) == ["author/ann"]
    assert joe.ours.get("/").status_code == 302
    assert not is_signed_in_there(joe)


def test_signing_out_here_signs_out_at_the_provider(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    joe = signed_in("joe")
    assert is_signed_in_there(joe)

    page = joe.ours.get(joe.ours.post("/sign-out/")["Location"])
    onward = re.search(r'content="0; url=([^"]+)"', page.content.decode())
    assert onward is not None
    back = until_ours(joe, html.unescape(onward[1]))
    done = joe.ours.get(back)

    assert "SAMLResponse=" in back
    assert done.status_code == 200, done.content.decode()
    assert "signed you out as well" in done.content.decode()
    assert open_sessions(acme) == []
    assert not is_signed_in_there(joe)


def test_an_encrypted_assertion_signs_in(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    changed(provider, acme, want_assertions_encrypted=True)
    exchange(idp, **{"assertion.encryption": True})

    signed_in("ann")

    assert open_sessions(acme) == ["author/ann"]


def test_a_plain_assertion_is_refused_where_encryption_is_demanded(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    changed(provider, acme, want_assertions_encrypted=True)
    browser = Browser(Client(), requests.Session())
    form = browser.sign_in_at(browser.ours.get(LOGIN)["Location"], "ann")

    answer = browser.ours.post(ACS, form, headers={"accept": "application/json"})

    assert answer.json()["code"] == "saml_assertion_not_encrypted"


def test_nobody_is_locked_out_while_our_keys_take_turns(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    """Requests signed and assertions encrypted; the provider imports our metadata once."""
    changed(provider, acme, want_assertions_encrypted=True, sign_requests=True)
    options = {"assertion.encryption": True, "validate.authnrequest": True}
    exchange(idp, **options)
    by = {"provider": provider, "actor": actors.system(), "now": timezone.now()}
    maker = wiring.provider_ports().key_maker

    signed_in("ann")
    with namespace_scope(acme.pk):
        service_provider_keys.roll(switch_at=None, key_maker=maker, **by)  # type: ignore[arg-type]
    signed_in("bob")
    exchange(idp, **options)
    signed_in("joe")
    with namespace_scope(acme.pk):
        service_provider_keys.switch(**by)  # type: ignore[arg-type]
    signed_in("ann")
    with namespace_scope(acme.pk):
        service_provider_keys.drop_previous(**by)  # type: ignore[arg-type]
    signed_in("joe")

    assert len(open_sessions(acme)) == 5


def test_a_request_by_form_signs_in_too(
    provider: IdentityProvider, idp: SimpleSAMLphp, acme: Namespace
) -> None:
    changed(provider, acme, request_binding="post", sign_requests=True)
    exchange(idp, **{"validate.authnrequest": True})
    browser = Browser(Client(), requests.Session())

    page = browser.ours.get(LOGIN).content.decode()
    fields = dict(re.findall(r'name="(SAMLRequest|RelayState)" value="([^"]*)"', page))
    begun = browser.theirs.post(idp.sso_url, data=fields, timeout=10)
    answer = browser.ours.post(ACS, browser.sign_in_at(begun.url, "joe"))

    assert answer.status_code == 302
    assert open_sessions(acme) == ["admin/joe"]
