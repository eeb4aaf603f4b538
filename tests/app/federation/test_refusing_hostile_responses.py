"""Every hostile response is refused by the check that is meant to, whatever was signed."""

import gc
import resource
import socket
import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from lxml import etree

from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.saml import METADATA_NS, ResponseRefused
from federation.models import SignInRequest
from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from governance.tenancy.models import User, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.tenancy import a_namespace
from tests.fakes.hostile import HOSTILE, THEMES
from tests.fakes.hostile.cases import Hostile
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import (
    DS,
    NOW,
    Response,
    Signing,
    a_key_pair,
    a_response,
    an_expectation,
    encoded,
)
from tests.fakes.idp_encryption import XENC, XENC11, Sealing, an_assertion, an_encrypted_tree

SIGNED = ("Assertion", "Response")
OPENING = (Personal(a_key_pair("service").private_pem.decode()),)
WARMING_ROUNDS, MEASURED_ROUNDS = 2, 4
# A leak of 1 KiB a refusal would be about 3 MiB.
GROWTH_ALLOWED = 2 << 20


def verified_name(saml_response: str, **expected: object) -> str:
    return (
        PythonSAMLVerifier()
        .verified_assertion(
            saml_response=saml_response,
            expectation=an_expectation(**{"opening_keys": OPENING, **expected}),
            now=NOW,
        )
        .name_id
    )


def refused_code(saml_response: str) -> str:
    with pytest.raises(ResponseRefused) as refusal:
        verified_name(saml_response)
    return refusal.value.code


def encryption_certificate(browser: Client) -> str:
    """What our metadata tells a provider to encrypt to."""
    published = browser.get("/saml/acme/AzureActiveDirectory/metadata/").content
    descriptors = etree.fromstring(published).iter(f"{{{METADATA_NS}}}KeyDescriptor")
    sealing = next(one for one in descriptors if one.get("use") == "encryption")
    certificate = next(sealing.iter(f"{{{DS}}}X509Certificate"))
    lines = textwrap.wrap("".join((certificate.text or "").split()), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def resident_bytes() -> int:
    """What this process holds of the machine's memory, as Linux counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("sign", [*SIGNED, "both"])
def test_a_good_response_is_accepted(sign: str) -> None:
    assert verified_name(a_response(sign=sign)) == "joe@customer.example"


@pytest.mark.parametrize("sign", SIGNED)
@pytest.mark.parametrize("hostile", HOSTILE, ids=[one.name for one in HOSTILE])
def test_a_hostile_response_is_refused_by_its_check(hostile: Hostile, sign: str) -> None:
    response = hostile.build(Response(), sign)

    code = refused_code(response)

    assert code in hostile.codes


def test_there_are_many_of_them() -> None:
    assert len(HOSTILE) > 300
    assert len({one.name for one in HOSTILE}) == len(HOSTILE)
    assert all(len(list(cases)) > 1 for cases in THEMES.values())


@pytest.mark.parametrize("sign", SIGNED)
def test_none_of_them_makes_the_service_fetch_anything(sign: str) -> None:
    lure().visits()

    for hostile in HOSTILE:
        refused_code(hostile.build(Response(), sign))

    assert lure().visits() == 0


def test_the_lure_counts_who_comes() -> None:
    lure().visits()

    socket.create_connection(lure().listener.getsockname()).close()

    assert lure().visits() == 1


def test_the_process_does_not_grow_with_what_it_refuses() -> None:
    responses = [hostile.build(Response(), sign) for hostile in HOSTILE for sign in SIGNED]

    def a_round() -> int:
        for response in responses:
            refused_code(response)
        gc.collect()
        return resident_bytes()

    for _ in range(WARMING_ROUNDS):
        a_round()
    before = a_round()
    after = [a_round() for _ in range(MEASURED_ROUNDS)][-1]

    assert after - before < GROWTH_ALLOWED


@pytest.mark.parametrize(("kind", "method"), [("ec256", "ecdsa-sha256"), ("rsa3072", "rsa-sha512")])
def test_strong_keys_of_other_kinds_are_accepted(kind: str, method: str) -> None:
    key = a_key_pair(kind, kind=kind)
    signing = Signing(key=key, method=f"http://www.w3.org/2001/04/xmldsig-more#{method}")

    name = verified_name(a_response(signing=signing), certificates=(key.certificate,))

    assert name == "joe@customer.example"


@pytest.mark.parametrize(
    ("method", "key_bytes"),
    [(f"{XENC11}aes128-gcm", 16), (f"{XENC11}aes256-gcm", 32), (f"{XENC}aes256-cbc", 32)],
)
@pytest.mark.parametrize(
    ("transport", "digest", "mask"),
    [
        (f"{XENC}rsa-oaep-mgf1p", f"{DS}sha1", ""),
        (f"{XENC}rsa-oaep-mgf1p", f"{XENC}sha256", ""),
        (f"{XENC11}rsa-oaep", f"{XENC}sha256", f"{XENC11}mgf1sha256"),
    ],
)
def test_an_encrypted_assertion_is_opened(
    method: str, key_bytes: int, transport: str, digest: str, mask: str
) -> None:
    sealing = Sealing(
        method=method, key_bytes=key_bytes, transport=transport, digest=digest, mask=mask
    )

    name = verified_name(encoded(an_encrypted_tree(Response(), sealing=sealing)))

    assert name == "joe@customer.example"


def test_an_encrypted_assertion_is_refused_where_we_gave_out_no_key() -> None:
    with pytest.raises(ResponseRefused) as refusal:
        verified_name(encoded(an_encrypted_tree(Response())), opening_keys=())

    assert refusal.value.code == "saml_assertion_encrypted"


@pytest.mark.parametrize(
    "clear",
    [
        b"",
        b"<x/>",
        b"not XML",
        etree.tostring(an_assertion(Response(), sign=False)),
        etree.tostring(an_assertion(Response(), signing=Signing(key=a_key_pair("mallory")))),
    ],
)
def test_what_is_wrong_inside_is_told_to_nobody_where_octets_can_be_changed(clear: bytes) -> None:
    """CBC does not notice changes: a refusal that says more than "no" would decrypt for anybody."""
    by_cbc = Sealing(method=f"{XENC}aes256-cbc")

    code = refused_code(encoded(an_encrypted_tree(Response(), sealing=by_cbc, clear=clear)))

    assert code == "saml_assertion_not_opened"


def test_any_of_several_certificates_will_do() -> None:
    keys = (a_key_pair("renewed").certificate, a_key_pair().certificate)

    assert verified_name(a_response(), certificates=keys) == "joe@customer.example"


def test_an_expired_certificate_signs_nobody_in() -> None:
    expired = replace(a_key_pair().certificate, not_after=NOW)

    with pytest.raises(ResponseRefused) as refusal:
        verified_name(a_response(), certificates=(expired,))

    assert refusal.value.code == "saml_no_trusted_certificate"


def test_a_message_must_be_signed_where_that_is_demanded() -> None:
    with pytest.raises(ResponseRefused) as refusal:
        verified_name(a_response(sign="Assertion"), want_messages_signed=True)

    assert refusal.value.code == "saml_message_signature_missing"
    assert verified_name(a_response(sign="both"), want_messages_signed=True)


def test_a_bad_signature_on_the_message_is_not_saved_by_a_good_one_inside() -> None:
    response = Response()
    good = a_response(response, sign="both")
    assert verified_name(good)
    from_mallory = Signing(key=a_key_pair("mallory"))
    signed_by_two = a_response(response, sign="both", signing=from_mallory)

    with pytest.raises(ResponseRefused):
        verified_name(signed_by_two)


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(-1, True), (0, True), (59, True), (60, False), (61, False)]
)
def test_the_end_is_the_first_moment_too_late_and_the_skew_moves_it(
    *, seconds: int, accepted: bool
) -> None:
    ends = timedelta(seconds=-seconds)
    response = a_response(Response(not_on_or_after=ends, confirmed_until=ends))

    if accepted:
        assert verified_name(response)
    else:
        with pytest.raises(ResponseRefused) as refusal:
            verified_name(response)
        assert refusal.value.code == "saml_assertion_expired"


@pytest.mark.django_db
def test_none_of_them_signs_anybody_in_or_uses_up_what_is_open() -> None:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider(allow_idp_initiated=True, sign_requests=True))
    browser = Client(raise_request_exception=False)
    browser.get("/saml/acme/AzureActiveDirectory/login/")
    with namespace_scope(acme.pk):
        request_id = SignInRequest.objects.get().request_id
    base = f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory"
    good = Response(
        now=timezone.now().replace(microsecond=0),
        destination=f"{base}/acs/",
        recipient=f"{base}/acs/",
        audiences=((f"{base}/metadata/",),),
        in_response_to=request_id,
        response_in_response_to=request_id,
        seal_for=encryption_certificate(browser),
    )

    def post(saml_response: str) -> tuple[int, str]:
        answer = browser.post(
            "/saml/acme/AzureActiveDirectory/acs/",
            {"SAMLResponse": saml_response},
            headers={"accept": "application/json"},
        )
        return answer.status_code, answer.json()["code"] if answer.status_code == 403 else ""

    answers = {
        (hostile.name, sign): (post(hostile.build(good, sign)), hostile.codes)
        for hostile in HOSTILE
        for sign in SIGNED
    }

    wrong = {
        case: (status, code)
        for case, ((status, code), codes) in answers.items()
        if status != 403 or code not in codes
    }
    assert wrong == {}
    with namespace_scope(acme.pk):
        assert not User.objects.filter(source="saml").exists()
        assert not UserSession.objects.exists()
    sealed = an_encrypted_tree(good, sealing=Sealing(certificate_pem=good.seal_for))
    assert post(encoded(sealed)) == (302, "")
