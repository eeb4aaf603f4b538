"""Metadata of real providers is read; crafted metadata is refused and weakens nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.domain.metadata import LARGEST_METADATA, MetadataRefused, ProviderMetadata
from tests.factories.federation_saml import metadata_xml
from tests.fakes.idp import ENTITY_ID, NOW, a_key_pair, stamp

MD = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
LONG_AGO = datetime(2020, 6, 1, tzinfo=UTC)


def read(xml: str, *, entity_id: str = "") -> ProviderMetadata:
    return LXMLMetadataReader().provider_metadata(xml=xml, entity_id=entity_id, now=NOW)


def code_of(xml: str, *, entity_id: str = "") -> str:
    with pytest.raises(MetadataRefused) as refusal:
        read(xml, entity_id=entity_id)
    return refusal.value.code


def federation(*entities: str, valid_until: str = "") -> str:
    until = f' validUntil="{valid_until}"' if valid_until else ""
    return f"<md:EntitiesDescriptor {MD}{until}>{''.join(entities)}</md:EntitiesDescriptor>"


def test_a_plain_provider_is_read() -> None:
    found = read(metadata_xml())

    assert found.entity_id == ENTITY_ID
    assert found.sso_redirect_url == "https://idp.customer.example/sso"
    assert [one.fingerprint for one in found.certificates] == [a_key_pair().fingerprint]
    assert found.remarks == ()


def test_two_certificates_are_trusted_during_a_rollover() -> None:
    found = read(metadata_xml(a_key_pair(), a_key_pair("renewed")))

    assert {one.fingerprint for one in found.certificates} == {
        a_key_pair().fingerprint,
        a_key_pair("renewed").fingerprint,
    }


def test_a_key_without_a_use_counts_as_signing() -> None:
    assert read(metadata_xml().replace(' use="signing"', "")).certificates


def test_comments_are_left_out_and_a_byte_order_mark_is_no_harm() -> None:
    commented = metadata_xml().replace("<md:IDPSSODescriptor", "<!-- x --><md:IDPSSODescriptor")

    assert read(f"\N{ZERO WIDTH NO-BREAK SPACE}\n{commented}").entity_id == ENTITY_ID


def test_nothing_in_metadata_can_say_that_assertions_need_no_signature() -> None:
    weakened = metadata_xml().replace(
        "<md:IDPSSODescriptor", '<md:IDPSSODescriptor WantAuthnRequestsSigned="false"'
    )

    assert not {name for name in dir(read(weakened)) if "assertion" in name}


def test_an_expired_certificate_is_left_out_and_said() -> None:
    expired = a_key_pair("expired", not_after=LONG_AGO)

    found = read(metadata_xml(expired, a_key_pair()))

    assert [one.fingerprint for one in found.certificates] == [a_key_pair().fingerprint]
    assert "expired on 2020-06-01" in found.remarks[0]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("", "saml_metadata_not_xml"),
        ("not xml", "saml_metadata_not_xml"),
        ("<html></html>", "saml_metadata_no_identity_provider"),
        (metadata_xml()[:-5], "saml_metadata_not_xml"),
        (f"<!DOCTYPE x>{metadata_xml()}", "saml_metadata_not_xml"),
        (
            f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{metadata_xml()}',
            "saml_metadata_not_xml",
        ),
        (metadata_xml().replace(ENTITY_ID, "&e;"), "saml_metadata_not_xml"),
        (metadata_xml() + " " * LARGEST_METADATA, "saml_metadata_too_large"),
        ("\ud800", "saml_metadata_not_xml"),
        (metadata_xml().replace(ENTITY_ID, " "), "saml_metadata_no_identity_provider"),
        (metadata_xml().replace(ENTITY_ID, "x" * 1025), "saml_metadata_no_identity_provider"),
        (
            metadata_xml().replace("IDPSSODescriptor", "SPSSODescriptor"),
            "saml_metadata_no_identity_provider",
        ),
        (
            metadata_xml().replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
            "saml_metadata_no_identity_provider",
        ),
        (
            metadata_xml().replace('use="signing"', 'use="encryption"'),
            "saml_metadata_no_certificate",
        ),
        (
            metadata_xml().replace(a_key_pair().der_base64, "QUJD"),
            "saml_metadata_no_certificate",
        ),
        (metadata_xml().replace(a_key_pair().der_base64, ""), "saml_metadata_no_certificate"),
        (metadata_xml(a_key_pair("weak", kind="rsa1024")), "saml_metadata_no_certificate"),
        (
            metadata_xml(a_key_pair("expired", not_after=LONG_AGO)),
            "saml_metadata_no_certificate",
        ),
        (
            metadata_xml(sso_url="http://idp.customer.example/sso"),
            "saml_metadata_no_sign_in_address",
        ),
        (metadata_xml(sso_url="javascript:alert(1)"), "saml_metadata_no_sign_in_address"),
        (metadata_xml(sso_url="file:///etc/passwd"), "saml_metadata_no_sign_in_address"),
        (metadata_xml(sso_url="https://[::1"), "saml_metadata_no_sign_in_address"),
        (federation(), "saml_metadata_no_identity_provider"),
        (
            federation(metadata_xml(), metadata_xml(entity_id="https://second.example/")),
            "saml_metadata_several_providers",
        ),
        (
            federation(metadata_xml(), valid_until=stamp(NOW - timedelta(days=1))),
            "saml_metadata_expired",
        ),
        (federation(metadata_xml(), valid_until="tomorrow"), "saml_metadata_not_xml"),
    ],
)
def test_what_cannot_be_used_is_refused(xml: str, code: str) -> None:
    assert code_of(xml) == code


def test_one_entity_of_a_federations_file_is_chosen_by_name() -> None:
    both = federation(metadata_xml(), metadata_xml(entity_id="https://second.example/"))

    assert read(both, entity_id="https://second.example/").entity_id == "https://second.example/"
    assert code_of(both, entity_id="https://third.example/") == "saml_metadata_entity_unknown"
    assert (
        code_of(federation(metadata_xml(), metadata_xml()), entity_id=ENTITY_ID)
        == "saml_metadata_entity_unknown"
    )


def test_http_is_taken_on_this_machine_alone() -> None:
    assert read(metadata_xml(sso_url="http://127.0.0.1:8080/sso")).sso_redirect_url


@hypothesis_settings(max_examples=200)
@given(st.integers(0, 3_000), st.binary(max_size=8), st.integers(0, 8))
def test_spoiled_metadata_is_read_or_refused(at: int, put: bytes, removed: int) -> None:
    raw = metadata_xml().encode()
    spoiled = raw[:at] + put + raw[at + removed :]

    try:
        read(spoiled.decode("utf-8", "surrogateescape"))
    except MetadataRefused:
        return
