"""A response holds an encrypted assertion, and that one is bad inside."""

from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import SIGNATURE, VICTIM, Cases, finished, victim_of
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import DS, SAML, Response, Signing, a_key_pair, a_tree
from tests.fakes.idp_encryption import Sealing, an_assertion, an_encrypted_tree, sealed

cases = Cases()


def _content(name: str, clear: Callable[[Response], bytes], *codes: str) -> None:
    """These bytes are encrypted well."""

    def build(response: Response, sign: str) -> str:
        sealing = Sealing(certificate_pem=response.seal_for)
        root = an_encrypted_tree(response, sealing=sealing, clear=clear(response))
        return finished(root, sign)

    cases.add(name, build, *codes)


def _spoiled_signature(response: Response, algorithm: str, inside: str) -> bytes:
    """A transform that costs or fetches, in the signature of the encrypted assertion."""
    assertion = an_assertion(response)
    transform = next(assertion.iter(f"{{{DS}}}Transform"))
    transform.set("Algorithm", algorithm)
    transform.append(etree.fromstring(inside))
    return etree.tostring(assertion)


def _xslt(response: Response) -> bytes:
    return _spoiled_signature(
        response,
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
        f'<xsl:template match="/"><xsl:copy-of select="document(\'{lure().url}/x\')"/>'
        "</xsl:template></xsl:stylesheet>",
    )


def _xpath(response: Response) -> bytes:
    return _spoiled_signature(
        response,
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        f'<ds:XPath xmlns:ds="{DS}">count(//. | //@* | //namespace::*)</ds:XPath>',
    )


def _with_advice(response: Response) -> bytes:
    """The signed assertion in the advice of the victim's."""
    victim = an_assertion(victim_of(response), sign=False)
    etree.SubElement(victim, f"{{{SAML}}}Advice").append(an_assertion(response))
    return etree.tostring(victim)


def _with_moved_signature(response: Response) -> bytes:
    victim = an_assertion(victim_of(response), sign=False)
    victim.insert(1, next(an_assertion(response).iter(SIGNATURE)))
    return etree.tostring(victim)


def _by(label: str) -> Callable[[Response], bytes]:
    return lambda r: etree.tostring(an_assertion(r, signing=Signing(key=a_key_pair(label))))


def _with(**signing: str) -> Callable[[Response], bytes]:
    return lambda r: etree.tostring(an_assertion(r, signing=Signing(**signing)))  # type: ignore[arg-type]


def _plain(response: Response) -> bytes:
    return etree.tostring(an_assertion(response))


def _twice(response: Response) -> bytes:
    return etree.tostring(sealed(_plain(response), Sealing(certificate_pem=response.seal_for)))


_content(
    "encrypted_victim_unsigned",
    lambda r: etree.tostring(an_assertion(victim_of(r), sign=False)),
    "saml_signature_missing",
)
_content("encrypted_and_signed_by_a_stranger", _by("mallory"), "saml_signature_invalid")
_content("encrypted_style_sheet_transform", _xslt, "saml_response_shape")
_content("encrypted_path_transform", _xpath, "saml_response_shape")
_content("encrypted_wrapping_in_advice", _with_advice, "saml_response_shape")
_content("encrypted_signature_of_another", _with_moved_signature, "saml_signature_shape")
_content("encrypted_sha1_signature", _with(method=f"{DS}rsa-sha1"), "saml_signature_algorithm")
_content("encrypted_signature_of_everything", _with(uri=""), "saml_signature_shape")
_content("encrypted_assertion_in_an_encrypted_one", _twice, "saml_response_shape")
_content("encrypted_nothing", lambda _: b"", "saml_response_not_plain_xml")
_content("encrypted_words", lambda _: b"admin", "saml_response_not_plain_xml")
_content("encrypted_response", lambda r: etree.tostring(a_tree(r)), "saml_response_shape")
_content(
    "encrypted_name", lambda _: f'<NameID xmlns="{SAML}">a</NameID>'.encode(), "saml_response_shape"
)
_content("encrypted_pair", lambda r: _plain(r) * 2, "saml_response_not_plain_xml")
_content(
    "encrypted_comment",
    lambda r: _plain(r).replace(b"joe", b"joe<!-- x -->"),
    "saml_response_not_plain_xml",
)
_content(
    "encrypted_entity_to_fetch",
    lambda r: f'<!DOCTYPE x [<!ENTITY e SYSTEM "{lure().url}/e">]>'.encode() + _plain(r),
    "saml_response_not_plain_xml",
)
_content(
    "encrypted_change_after_signing",
    lambda r: _plain(r).replace(r.name_id.encode(), VICTIM.encode()),
    "saml_signature_invalid",
)
_content(
    "encrypted_depth",
    lambda r: b"<x>" * 100 + _plain(r) + b"</x>" * 100,
    "saml_response_shape",
)
_content(
    "encrypted_for_another_audience",
    lambda r: _plain(replace(r, audiences=[["https://other.example/"]])),
    "saml_audience_mismatch",
)
_content(
    "encrypted_for_another_recipient",
    lambda r: _plain(replace(r, recipient="https://other.example/")),
    "saml_recipient_mismatch",
)
