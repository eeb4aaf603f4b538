"""Our own keys: made when needed, published, and followed by the next without an outage."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation import wiring
from federation.models import IdentityProvider, ServiceProviderKey
from federation.selectors import own_keys
from federation.services import identity_providers, service_provider_keys
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace, ivan, signed_in

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
METADATA = "/saml/acme/AzureActiveDirectory/metadata/"
LOGIN = "/saml/acme/AzureActiveDirectory/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        identity_providers.change(
            provider=provider,
            values={"sign_requests": True},
            ports=wiring.provider_ports(),
            actor=actors.system(),
            now=timezone.now(),
        )
    return provider


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme)


def published() -> dict[str, list[str]]:
    """The certificates in our metadata by their use, in order."""
    root = etree.fromstring(Client().get(METADATA).content)
    found: dict[str, list[str]] = {"signing": [], "encryption": []}
    for key in root.iter(f"{MD}KeyDescriptor"):
        found[key.get("use", "")] += [one.text or "" for one in key.iter(f"{DS}X509Certificate")]
    return found


def signer() -> str:
    """The published certificate that our requests are signed with now."""
    query = urlsplit(Client().get(LOGIN)["Location"]).query
    signed, _, signature = query.partition("&Signature=")
    for held in published()["signing"]:
        key = x509.load_der_x509_certificate(base64.b64decode(held)).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            key.verify(
                base64.b64decode(unquote(signature)),
                signed.encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            continue
        return held
    return "none that is published"


def states(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [key["state"] for key in answer.json()]


def test_a_rollover_has_three_steps_and_what_signs_is_always_published(
    provider: IdentityProvider, script: Script
) -> None:
    base = f"identity-providers/{provider.pk}"
    first = signer()
    assert published() == {"signing": [first], "encryption": [first]}

    rolled = script.post(f"{base}/roll-key/", {})

    assert states(rolled) == ["next", "signing"]
    (second, _) = published()["signing"]
    assert published() == {"signing": [second, first], "encryption": [second]}
    assert signer() == first

    switched = script.post(f"{base}/switch-key/", {})

    assert states(switched) == ["signing", "previous"]
    assert signer() == second
    assert published()["signing"] == [second, first]

    dropped = script.post(f"{base}/drop-key/", {})

    assert states(dropped) == ["signing"]
    assert published() == {"signing": [second], "encryption": [second]}
    assert signer() == second


def test_the_next_key_takes_over_by_itself_at_the_moment_that_was_chosen(
    provider: IdentityProvider, script: Script, acme: Namespace
) -> None:
    at = timezone.now() + timedelta(days=1)
    script.post(f"identity-providers/{provider.pk}/roll-key/", {"switch_at": at.isoformat()})

    with namespace_scope(acme.pk):
        before = own_keys.states(provider, now=at - timedelta(seconds=1))
        after = own_keys.states(provider, now=at)

    assert [key.state.value for key in before] == ["next", "signing"]
    assert [key.state.value for key in after] == ["signing", "previous"]


def test_a_moment_in_the_past_is_refused(provider: IdentityProvider, script: Script) -> None:
    at = timezone.now() - timedelta(hours=1)

    answer = script.post(
        f"identity-providers/{provider.pk}/roll-key/", {"switch_at": at.isoformat()}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/switch_at"


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (["roll", "roll"], "own_key_already_rolling"),
        (["switch"], "own_key_no_next"),
        (["drop"], "own_key_no_previous"),
        (["roll", "drop"], "own_key_no_previous"),
        (["roll", "switch", "switch"], "own_key_no_next"),
    ],
)
def test_a_step_out_of_turn_is_refused(
    provider: IdentityProvider, script: Script, steps: list[str], code: str
) -> None:
    answers = [script.post(f"identity-providers/{provider.pk}/{step}-key/", {}) for step in steps]

    assert answers[-1].status_code == 409
    assert answers[-1].json()["code"] == code


def test_the_very_first_key_signs_at_once(acme: Namespace, script: Script) -> None:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
    assert published() == {"signing": [], "encryption": []}

    rolled = script.post(f"identity-providers/{provider.pk}/roll-key/", {})

    assert states(rolled) == ["signing"]
    assert states(script.get(f"identity-providers/{provider.pk}/keys/")) == ["signing"]


def test_expired_keys_make_room_for_a_fresh_one(
    provider: IdentityProvider, acme: Namespace
) -> None:
    later = timezone.now() + timedelta(days=4 * 365)
    first = published()["signing"]
    with namespace_scope(acme.pk):
        service_provider_keys.ensure(
            provider=provider, key_maker=wiring.provider_ports().key_maker, now=later
        )

        assert [key.state.value for key in own_keys.states(provider, now=later)] == ["signing"]

    assert published()["signing"] != first


def test_each_step_is_in_the_trail(
    provider: IdentityProvider, script: Script, acme: Namespace
) -> None:
    for step in ("roll", "switch", "drop"):
        script.post(f"identity-providers/{provider.pk}/{step}-key/", {})

    with namespace_scope(acme.pk):
        actions = list(
            AuditEvent.objects.filter(action__contains="own_key")
            .order_by("at")
            .values_list("action", flat=True)
        )
    assert actions == [
        "identity_provider.own_key_published",
        "identity_provider.own_key_switched",
        "identity_provider.own_key_dropped",
    ]


def test_eve_rolls_nobodys_key(provider: IdentityProvider, acme: Namespace) -> None:
    eve = Script(a_namespace("eve"))
    address = f"/api/v1/namespaces/acme/identity-providers/{provider.pk}"

    codes = {
        eve.post(f"{address}/{step}-key/", {}).status_code for step in ("roll", "switch", "drop")
    } | {eve.get(f"{address}/keys/").status_code}

    assert codes == {404}
    with namespace_scope(acme.pk):
        assert ServiceProviderKey.objects.count() == 1


def test_ivan_rolls_a_key_by_buttons(provider: IdentityProvider, acme: Namespace) -> None:
    browser = signed_in(ivan(acme))
    page = f"/admin/federation/identityprovider/{provider.pk}"

    def shown() -> str:
        return browser.get(f"{page}/change/").content.decode()

    assert ": signs, until" in shown()
    browser.post(f"{page}/do/roll-key/", {"switch_at_0": "", "switch_at_1": ""})
    assert "published, waits to sign" in shown()
    browser.post(f"{page}/do/switch-key/")
    assert "signed before, still opens" in shown()
    browser.post(f"{page}/do/drop-key/")
    assert "still opens" not in shown()
    with namespace_scope(acme.pk):
        assert len(own_keys.states(provider, now=timezone.now())) == 1


def test_two_rolls_make_two_keys_and_no_third(provider: IdentityProvider, acme: Namespace) -> None:
    maker, now = wiring.provider_ports().key_maker, timezone.now()
    with namespace_scope(acme.pk):
        service_provider_keys.roll(
            provider=provider, switch_at=None, key_maker=maker, actor=actors.system(), now=now
        )
        with pytest.raises(service_provider_keys.KeysRolling):
            service_provider_keys.roll(
                provider=provider, switch_at=None, key_maker=maker, actor=actors.system(), now=now
            )

        assert ServiceProviderKey.objects.count() == service_provider_keys.MOST_KEYS
