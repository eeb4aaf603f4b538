"""An identity provider may encrypt what it says of a person, or must."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from lxml import etree

from federation import wiring
from federation.models import IdentityProvider, ServiceProviderKey
from federation.services import identity_providers, service_provider_keys
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from governance.tenancy.services import actors
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.fakes.idp import Response, Signing, a_key_pair, a_tree, encoded, signed
from tests.fakes.idp_encryption import Sealing, an_assertion, an_encrypted_tree

XENC = "http://www.w3.org/2001/04/xmlenc#"
CBC = f"{XENC}aes256-cbc"
MALLORY = Signing(key=a_key_pair("mallory"))

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(acme: Namespace) -> IdentityProvider:
    with namespace_scope(acme.pk):
        provider = an_identity_provider()
        the_walk_through(provider)
        change(provider, want_assertions_encrypted=True)
    return provider


def change(provider: IdentityProvider, **values: Any) -> None:
    identity_providers.change(
        provider=provider,
        values=values,  # type: ignore[arg-type] # a test's shape
        ports=wiring.provider_ports(),
        actor=actors.system(),
        now=timezone.now(),
    )


def certificate(acme: Namespace, *, newest: bool = True) -> str:
    with namespace_scope(acme.pk):
        rows = ServiceProviderKey.objects.order_by("-created_at" if newest else "created_at")
        return rows[0].certificate


def answered(acme: Namespace, make: Callable[[Response], etree._Element]) -> Any:
    """What the ACS says of the document that is made of a good response."""
    browser = SAMLBrowser(acme)
    response = browser.response(request_id=browser.begun())
    return browser.post_raw(encoded(make(response)))


def code_of(answer: Any) -> str:
    assert answer.status_code == 403, answer.status_code
    return str(answer.json()["code"])


def open_sessions(acme: Namespace) -> int:
    with namespace_scope(acme.pk):
        return UserSession.objects.filter(ended_at__isnull=True).count()


@pytest.mark.parametrize("method", ["aes256-gcm", "aes256-cbc"])
def test_an_encrypted_assertion_signs_in(
    provider: IdentityProvider, acme: Namespace, method: str
) -> None:
    space = "http://www.w3.org/2009/xmlenc11#" if method.endswith("gcm") else XENC
    sealing = Sealing(certificate_pem=certificate(acme), method=f"{space}{method}")

    answer = answered(acme, lambda response: an_encrypted_tree(response, sealing=sealing))

    assert answer.status_code == 302, answer.content
    assert open_sessions(acme) == 1


def test_a_response_that_is_signed_outside_too_signs_in(
    provider: IdentityProvider, acme: Namespace
) -> None:
    sealing = Sealing(certificate_pem=certificate(acme))

    def make(response: Response) -> etree._Element:
        return signed(an_encrypted_tree(response, sealing=sealing), target="Response")

    assert answered(acme, make).status_code == 302


def test_a_bad_signature_outside_is_not_saved_by_a_good_one_inside(
    provider: IdentityProvider, acme: Namespace
) -> None:
    sealing = Sealing(certificate_pem=certificate(acme))

    def make(response: Response) -> etree._Element:
        tree = an_encrypted_tree(response, sealing=sealing)
        return signed(tree, target="Response", signing=MALLORY)

    assert code_of(answered(acme, make)) == "saml_signature_invalid"


def test_a_plain_assertion_is_refused_where_encryption_is_demanded(
    provider: IdentityProvider, acme: Namespace
) -> None:
    answer = answered(acme, a_tree)

    assert code_of(answer) == "saml_assertion_not_encrypted"
    assert answer.json()["check"] == "encryption"


def test_a_plain_assertion_is_accepted_where_it_is_not_demanded(
    provider: IdentityProvider, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        change(provider, want_assertions_encrypted=False)

    answer = answered(acme, a_tree)

    assert answer.status_code == 302


@pytest.mark.parametrize("outside", [False, True])
def test_encrypted_but_unsigned_is_refused_even_within_a_signed_response(
    provider: IdentityProvider, acme: Namespace, *, outside: bool
) -> None:
    """Threat T11: our key is public, so anybody can encrypt to us."""
    sealing = Sealing(certificate_pem=certificate(acme))

    def make(response: Response) -> etree._Element:
        clear = etree.tostring(an_assertion(response, sign=False))
        tree = an_encrypted_tree(response, sealing=sealing, clear=clear)
        return signed(tree, target="Response") if outside else tree

    assert code_of(answered(acme, make)) == "saml_signature_missing"
    assert open_sessions(acme) == 0


def test_with_cbc_no_failure_is_told_from_another(
    provider: IdentityProvider, acme: Namespace
) -> None:
    """Else whoever may ask often enough reads an assertion, byte by byte."""
    sealing = Sealing(certificate_pem=certificate(acme), method=CBC)
    contents: dict[str, Callable[[Response], bytes]] = {
        "no XML": lambda _: b"garbage" * 9,
        "no element": lambda _: b"",
        "another shape": lambda _: b"<a xmlns='urn:x'/>",
        "unsigned": lambda response: etree.tostring(an_assertion(response, sign=False)),
        "a stranger's": lambda response: etree.tostring(an_assertion(response, signing=MALLORY)),
    }

    def tree(clear: Callable[[Response], bytes]) -> Callable[[Response], etree._Element]:
        return lambda response: an_encrypted_tree(response, sealing=sealing, clear=clear(response))

    answers = {name: answered(acme, tree(clear)).json() for name, clear in contents.items()}

    said = {(one["code"], one["detail"], one["check"]) for one in answers.values()}
    assert {code for code, _, _ in said} == {"saml_assertion_not_opened"}
    assert len(said) == 1


def test_what_is_encrypted_to_either_of_two_keys_opens_until_one_is_dropped(
    provider: IdentityProvider, acme: Namespace
) -> None:
    by = {"provider": provider, "actor": actors.system(), "now": timezone.now()}
    maker = wiring.provider_ports().key_maker
    with namespace_scope(acme.pk):
        service_provider_keys.roll(switch_at=None, key_maker=maker, **by)  # type: ignore[arg-type]
    old, new = (
        Sealing(certificate_pem=certificate(acme, newest=newest)) for newest in (False, True)
    )

    assert answered(acme, lambda r: an_encrypted_tree(r, sealing=old)).status_code == 302
    assert answered(acme, lambda r: an_encrypted_tree(r, sealing=new)).status_code == 302
    with namespace_scope(acme.pk):
        service_provider_keys.switch(**by)  # type: ignore[arg-type]
        service_provider_keys.drop_previous(**by)  # type: ignore[arg-type]

    assert answered(acme, lambda r: an_encrypted_tree(r, sealing=new)).status_code == 302
    refused = answered(acme, lambda r: an_encrypted_tree(r, sealing=old))
    assert code_of(refused) == "saml_assertion_not_opened"


def test_without_a_key_of_ours_an_encrypted_assertion_is_refused(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        an_identity_provider()

    answer = answered(acme, an_encrypted_tree)

    assert code_of(answer) == "saml_assertion_encrypted"


def test_an_assertion_encrypted_to_somebody_else_is_refused(
    provider: IdentityProvider, acme: Namespace
) -> None:
    """Also one for another provider of ours: each has its own keys."""
    sealing = Sealing(certificate_pem=a_key_pair("another service").certificate_pem)

    answer = answered(acme, lambda response: an_encrypted_tree(response, sealing=sealing))

    assert code_of(answer) == "saml_assertion_not_opened"
