"""The signature is missing, foreign, spoiled or in the wrong place."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import SIGNATURE, VICTIM, Cases, spoiled
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import (
    DS,
    SAML,
    Response,
    Signing,
    a_key_pair,
    a_response,
    a_tree,
    encoded,
    signed,
)

cases = Cases()


@cases.refused_as("saml_signature_missing")
def unsigned(response: Response, sign: str) -> str:
    return a_response(response, sign="none")


@cases.refused_as("saml_signature_invalid")
def foreign_key(response: Response, sign: str) -> str:
    return a_response(response, sign=sign, signing=Signing(key=a_key_pair("mallory")))


@cases.refused_as("saml_signature_invalid")
def foreign_key_beside_our_certificate(response: Response, sign: str) -> str:
    ours = a_key_pair().der_base64
    key_info = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{ours}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo>"
    )
    signing = Signing(key=a_key_pair("mallory"), key_info=key_info)
    return a_response(response, sign=sign, signing=signing)


@cases.refused_as("saml_signature_invalid")
def content_changed_after_signing(response: Response, sign: str) -> str:
    return encoded(
        etree.tostring(a_tree(response, sign=sign)).replace(
            response.name_id.encode(), b"x@y.example"
        )
    )


@cases.refused_as("saml_signature_invalid")
def group_added_after_signing(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    attribute = next(root.iter(f"{{{SAML}}}Attribute"))
    etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = "QuickSight-Admin"
    return encoded(root)


@cases.refused_as("saml_signature_shape")
def digest_of_nothing(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}DigestValue")).text = ""

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_invalid")
def digest_of_the_empty_string(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        next(signature.iter(f"{{{DS}}}DigestValue")).text = empty

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_shape")
def signature_value_empty(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = ""

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_shape")
def signature_value_malformed(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = "not base64!"

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_invalid")
def signature_value_of_another(response: Response, sign: str) -> str:
    other = a_tree(replace(response, name_id=VICTIM), sign=sign)

    def spoil(signature: etree._Element) -> None:
        value = next(other.iter(f"{{{DS}}}SignatureValue"))
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = value.text

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_response_shape")
def object_in_the_signature(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        etree.SubElement(signature, f"{{{DS}}}Object")

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_response_shape")
def two_signatures(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        signature.addnext(deepcopy(signature))

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_shape")
def signature_at_the_end(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        parent = signature.getparent()
        assert parent is not None
        parent.append(signature)

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_response_shape")
def signature_in_the_subject(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    next(root.iter(f"{{{SAML}}}Subject")).append(next(root.iter(SIGNATURE)))
    return encoded(root)


def _key_info(name: str, inside: str, *codes: str) -> None:
    """The key is named in another way than by a certificate."""

    def build(response: Response, sign: str) -> str:
        key_info = f"<ds:KeyInfo>{inside.format(lure=lure().url)}</ds:KeyInfo>"
        return a_response(response, sign=sign, signing=Signing(key_info=key_info))

    cases.add(name, build, *codes)


KEY = "saml_response_shape"
_key_info("key_by_name_only", "<ds:KeyName>idp</ds:KeyName>", KEY)
_key_info("key_by_retrieval", '<ds:RetrievalMethod URI="{lure}/key"/>', KEY)
_key_info(
    "key_by_value", "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus/></ds:RSAKeyValue></ds:KeyValue>", KEY
)
_key_info("key_by_serial", "<ds:X509Data><ds:X509IssuerSerial/></ds:X509Data>", KEY)
_key_info(
    "key_by_subject",
    "<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data>",
    KEY,
)
_key_info("revocation_list", "<ds:X509Data><ds:X509CRL>AA==</ds:X509CRL></ds:X509Data>", KEY)
_key_info("key_of_pgp", "<ds:PGPData/>", KEY)
_key_info("key_of_mgmt", "<ds:MgmtData>x</ds:MgmtData>", KEY)
_key_info(
    "key_by_der",
    '<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">AA==</d:DEREncodedKeyValue>',
    KEY,
)
_key_info("key_in_words", "idp", KEY)
_key_info("certificate_empty", "<ds:X509Data/>", "saml_schema_violated")


@cases.refused_as("saml_signature_invalid")
def signature_of_another_response(response: Response, sign: str) -> str:
    other = next(a_tree(replace(response, name_id=VICTIM), sign=sign).iter(SIGNATURE))
    return spoiled(response, sign, lambda one: one.getparent().replace(one, other))  # type: ignore[union-attr]


@cases.refused_as("saml_signature_invalid")
def signed_with_a_key_of_another_kind(response: Response, sign: str) -> str:
    curve = Signing(
        key=a_key_pair("mallory-ec", kind="ec256"),
        method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    )
    return a_response(response, sign=sign, signing=curve)


@cases.refused_as("saml_signature_invalid")
def good_signature_with_a_foreign_one_around(response: Response, sign: str) -> str:
    """One of the two is made by the provider, the other by a stranger."""
    mallory = Signing(key=a_key_pair("mallory"))
    root = etree.fromstring(response.xml())
    signed(root, target="Assertion", signing=mallory if sign == "Response" else None)
    signed(root, target="Response", signing=mallory if sign == "Assertion" else None)
    return encoded(root)


def _part(name: str, tag: str, change: Callable[[etree._Element], None], *codes: str) -> None:
    """A part of the signature is changed after it was made."""

    def build(response: Response, sign: str) -> str:
        def spoil(signature: etree._Element) -> None:
            change(next(signature.iter(f"{{{DS}}}{tag}")))

        return spoiled(response, sign, spoil)

    cases.add(name, build, *codes)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _double(element: etree._Element) -> None:
    element.addnext(deepcopy(element))


def _put_inside(element: etree._Element) -> None:
    etree.SubElement(element, f"{{{DS}}}Object")


_part("signature_value_missing", "SignatureValue", _remove, "saml_signature_shape")
_part("signed_info_missing", "SignedInfo", _remove, "saml_signature_shape")
_part("signature_without_reference", "Reference", _remove, "saml_signature_shape")
_part("digest_missing", "DigestValue", _remove, "saml_signature_shape")
_part("transforms_missing", "Transforms", _remove, "saml_signature_shape")
_part("two_signed_infos", "SignedInfo", _double, "saml_response_shape")
_part("two_signature_values", "SignatureValue", _double, "saml_response_shape")
_part("two_digests", "DigestValue", _double, "saml_response_shape")
_part("two_key_infos", "KeyInfo", _double, "saml_response_shape")
_part("object_in_the_signature_value", "SignatureValue", _put_inside, "saml_response_shape")
_part("object_in_the_digest", "DigestValue", _put_inside, "saml_response_shape")
_part("object_in_the_key_info", "KeyInfo", _put_inside, "saml_response_shape")
_part(
    "digest_of_another_length",
    "DigestValue",
    lambda one: setattr(one, "text", "AAAA"),
    "saml_signature_shape",
)
_part(
    "digest_with_letters_beyond_ascii",
    "DigestValue",
    lambda one: setattr(one, "text", "Ä" * 44),
    "saml_signature_shape",
)
_part(
    "signature_value_of_zeros",
    "SignatureValue",
    lambda one: setattr(one, "text", "A" * 344),
    "saml_signature_invalid",
)
_part(
    "signature_value_of_a_hundred_kilobits",
    "SignatureValue",
    lambda one: setattr(one, "text", "A" * 20_000),
    "saml_signature_invalid",
)
_part(
    "key_encrypted",
    "KeyInfo",
    lambda one: one[0].addnext(etree.Element("{http://www.w3.org/2001/04/xmlenc#}EncryptedKey")),
    "saml_response_shape",
)
