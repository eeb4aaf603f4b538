"""Sign-ins through pysaml2, an identity provider that encrypts, over https."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from federation import wiring
from federation.models import IdentityProvider
from federation.services import identity_providers, service_provider_keys
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import actors
from tests.factories.federation_saml import the_walk_through
from tests.factories.tenancy import a_namespace
from tests.servers import pysaml2_idp
from tests.servers.pysaml2_idp import KEYS, PySAML2
from tests.servers.requirements import miss_service

BASE = "/saml/acme/AzureActiveDirectory"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[PySAML2]:
    if not pysaml2_idp.is_installed():
        miss_service("xmlsec1", reason="install the Debian package xmlsec1")
    with pysaml2_idp.running() as server:
        yield server


@pytest.fixture
def idp(server: PySAML2, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> PySAML2:
    """As it began, and reachable as an operator would allow an address inside."""
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.EGRESS_ALLOWED_PORTS = [server.port]
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    server.say(signing=KEYS[0], published=[KEYS[0]], sign_response=False)
    server.encrypt("none")
    server.set_groups("ann", ["QuickSight-Author"])
    return server


@dataclass
class Acme:
    """A namespace that trusts the provider by the address of its metadata."""

    namespace: Namespace
    idp: PySAML2
    browser: Client = field(default_factory=Client)

    def change(self, **values: object) -> None:
        with namespace_scope(self.namespace.pk):
            identity_providers.change(
                provider=IdentityProvider.objects.get(),
                values=values,  # type: ignore[arg-type] # as the caller wrote them
                ports=wiring.provider_ports(),
                actor=actors.system(),
                now=timezone.now(),
            )
        self.introduce()

    def introduce(self) -> None:
        self.idp.know_service(self.browser.get(f"{BASE}/metadata/").content.decode())

    def sign_in(self, person: str) -> tuple[int, str]:
        """The status of our answer, and where it leads or why it refuses."""
        asked = self.browser.get(f"{BASE}/login/?next=/n/acme/dashboards/sales/")
        page = requests.get(
            asked["Location"],
            cookies={"person": person},
            verify=str(self.idp.authority),
            timeout=20,
        )
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        answer = self.browser.post(
            f"{BASE}/acs/",
            {name: html.unescape(value) for name, value in form.items()},
            headers={"accept": "application/json"},
        )
        if answer.status_code == 302:
            return 302, answer["Location"]
        return answer.status_code, answer.json()["code"]

    def sessions(self) -> list[UserSession]:
        with namespace_scope(self.namespace.pk):
            return list(UserSession.objects.select_related("user").order_by("created_at"))


@pytest.fixture
def acme(idp: PySAML2) -> Acme:
    namespace = a_namespace("acme")
    with namespace_scope(namespace.pk):
        provider = identity_providers.create(
            values={
                "name": "AzureActiveDirectory",
                "metadata_url": idp.metadata_url,
                "enabled": True,
            },
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )
        the_walk_through(IdentityProvider.objects.select_related("namespace").get(pk=provider.pk))
    made = Acme(namespace, idp)
    made.introduce()
    return made


def test_metadata_by_url_is_enough_to_sign_in(acme: Acme) -> None:
    assert acme.sign_in("ann") == (302, "/n/acme/dashboards/sales/")
    assert [one.user.username for one in acme.sessions()] == ["author/ann"]


@pytest.mark.parametrize("how", ["aes-gcm", "aes-cbc"])
@pytest.mark.parametrize("sign_response", [False, True])
def test_an_encrypted_assertion_signs_in(acme: Acme, how: str, *, sign_response: bool) -> None:
    acme.change(want_assertions_encrypted=True)
    acme.idp.encrypt(how)
    acme.idp.say(sign_response=sign_response)

    assert acme.sign_in("ann") == (302, "/n/acme/dashboards/sales/")
    assert [one.user.username for one in acme.sessions()] == ["author/ann"]


def test_triple_des_is_refused_and_named(acme: Acme) -> None:
    acme.change(want_assertions_encrypted=True)
    acme.idp.encrypt("default")

    assert acme.sign_in("ann") == (403, "saml_encryption_algorithm")
    assert acme.sessions() == []


def test_a_plain_assertion_is_refused_where_encryption_is_demanded(acme: Acme) -> None:
    acme.change(want_assertions_encrypted=True)

    assert acme.sign_in("ann") == (403, "saml_assertion_not_encrypted")


def test_our_next_key_opens_what_is_encrypted_to_it_while_keys_take_turns(acme: Acme) -> None:
    acme.change(want_assertions_encrypted=True)
    acme.idp.encrypt("aes-gcm")
    with namespace_scope(acme.namespace.pk):
        service_provider_keys.roll(
            provider=IdentityProvider.objects.get(),
            switch_at=None,
            key_maker=wiring.provider_ports().key_maker,
            actor=actors.system(),
            now=timezone.now(),
        )

    assert acme.sign_in("ann")[0] == 302  # it still encrypts to the key it knows
    acme.introduce()
    assert acme.sign_in("ann")[0] == 302  # and to the next one


def test_a_group_decides_at_each_sign_in(acme: Acme) -> None:
    names = []
    for group in ("QuickSight-Admin", "QuickSight-Author", "QuickSight-Reader"):
        acme.idp.set_groups("joe", [group])
        assert acme.sign_in("joe")[0] == 302
        with namespace_scope(acme.namespace.pk):
            names.append(User.objects.get(source="saml").username)

    assert names == ["admin/joe", "author/joe", "reader/joe"]


def test_somebody_without_a_group_gets_nothing(acme: Acme) -> None:
    assert acme.sign_in("eve") == (403, "saml_no_role")


def test_a_provider_that_changed_its_key_overnight_is_believed_once_it_says_so(acme: Acme) -> None:
    assert acme.sign_in("ann")[0] == 302
    acme.idp.say(signing=KEYS[1], published=[KEYS[1]])

    assert acme.sign_in("ann")[0] == 302


def test_our_address_is_told_to_the_provider_by_configuration_alone(acme: Acme) -> None:
    asked = acme.browser.get(f"{BASE}/login/", headers={"host": "localhost"})

    assert asked["Location"].startswith(f"{acme.idp.base}/sso?")
    assert settings.PUBLIC_URL in acme.browser.get(f"{BASE}/metadata/").content.decode()
