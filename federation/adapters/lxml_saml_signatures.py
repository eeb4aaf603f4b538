"""What a signature in a response must look like before anybody tries to verify it.

Allowed is what SAML 2.0 core 5.4 asks for and nothing beside: one Reference to the parent's own
ID, exactly the enveloped-signature and exclusive canonicalisation transforms, SHA-2, and a
KeyInfo of certificates (which is never trusted: keys come from our own table).
"""

import base64
import binascii

from lxml import etree

from federation.adapters.lxml_saml_shapes import INCLUSIVE_NAMESPACES, ds
from federation.domain.saml import EXCLUSIVE_C14N, ResponseRefused

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
SIGNATURE_METHODS = frozenset(
    {
        f"{MORE}rsa-sha256",
        f"{MORE}rsa-sha384",
        f"{MORE}rsa-sha512",
        f"{MORE}ecdsa-sha256",
        f"{MORE}ecdsa-sha384",
        f"{MORE}ecdsa-sha512",
    }
)
DIGEST_BYTES = {f"{ENC}sha256": 32, f"{MORE}sha384": 48, f"{ENC}sha512": 64}
CANONICALIZATIONS = frozenset({EXCLUSIVE_C14N})
LONGEST_PREFIX_LIST = 256
SIGNED_INFO_PARTS = [ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")]
REFERENCE_PARTS = [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]


class SignatureShapeUnknown(ResponseRefused):
    code = "saml_signature_shape"
    sentence = "The signature is not built as SAML demands: {what}."
    check = "signature shape"


class SignatureAlgorithmRefused(ResponseRefused):
    code = "saml_signature_algorithm"
    sentence = (
        "The signature uses an algorithm that is not accepted here. Set the identity provider "
        "to RSA or ECDSA with SHA-256 or stronger."
    )
    check = "algorithm"


def check(*, signature: etree._Element, parent: etree._Element) -> None:
    """Raise where the signature is not exactly of the accepted shape. Computes nothing."""
    parts = [child.tag for child in signature]
    if parts not in (
        [ds("SignedInfo"), ds("SignatureValue")],
        [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")],
    ):
        raise SignatureShapeUnknown(what="its parts are not in order")
    if parent.index(signature) > 1:
        raise SignatureShapeUnknown(what="it does not stand right after the issuer")
    signed_info, value = signature[0], signature[1]
    if [child.tag for child in signed_info] != SIGNED_INFO_PARTS:
        raise SignatureShapeUnknown(what="it must refer to one element")
    _check_method(signed_info[0], CANONICALIZATIONS)
    _check_method(signed_info[1], SIGNATURE_METHODS)
    _check_reference(reference=signed_info[2], parent=parent)
    if len(_bytes_of(value)) == 0:
        raise SignatureShapeUnknown(what="its value is empty")


def _check_reference(*, reference: etree._Element, parent: etree._Element) -> None:
    if reference.get("URI") != f"#{parent.get('ID')}" or reference.get("Type") is not None:
        raise SignatureShapeUnknown(what="it does not refer to the element it stands in")
    if [child.tag for child in reference] != REFERENCE_PARTS:
        raise SignatureShapeUnknown(what="its reference is incomplete")
    transforms, method, digest = reference
    algorithms = [transform.get("Algorithm") for transform in transforms]
    if algorithms != [ENVELOPED, EXCLUSIVE_C14N] or len(transforms[0]):
        raise SignatureShapeUnknown(what="its transforms are not the two that SAML allows")
    _check_prefix_list(transforms[1])
    _check_method(method, frozenset(DIGEST_BYTES))
    if len(_bytes_of(digest)) != DIGEST_BYTES[method.get("Algorithm", "")]:
        raise SignatureShapeUnknown(what="its digest has the wrong length")


def _check_method(element: etree._Element, allowed: frozenset[str]) -> None:
    if element.get("Algorithm") not in allowed:
        raise SignatureAlgorithmRefused
    _check_prefix_list(element)


def _check_prefix_list(element: etree._Element) -> None:
    for child in element:
        prefixes = child.get("PrefixList", "")
        if child.tag != INCLUSIVE_NAMESPACES or len(prefixes) > LONGEST_PREFIX_LIST:
            raise SignatureShapeUnknown(what="its canonicalisation has unknown parameters")


def _bytes_of(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureShapeUnknown(what="it holds something else than base64") from error
