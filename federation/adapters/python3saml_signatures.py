"""Verifying signatures whose shape the guard has checked, by python3-saml and cryptography.

Keys come from our own table of certificates; what a KeyInfo says is never used.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from federation.adapters import lxml_saml_documents as documents
from federation.adapters.lxml_saml_shapes import ds
from federation.adapters.lxml_saml_signatures import MORE, SignatureAlgorithmRefused
from federation.domain.saml import Certificate, ResponseRefused

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class NoTrustedCertificate(ResponseRefused):
    code = "saml_no_trusted_certificate"
    sentence = (
        "No certificate of the identity provider is valid today. Import its current metadata."
    )
    check = "certificate"


class SignatureInvalid(ResponseRefused):
    code = "saml_signature_invalid"
    sentence = (
        "The signature was not made with a certificate of this identity provider, or the "
        "content was changed after signing. Import its current metadata."
    )
    check = "signature"


def trusted(certificates: Sequence[Certificate], *, now: datetime) -> list[str]:
    """Those valid now, as PEM. With none, nobody is believed: an expired key proves nothing."""
    valid = [certificate.pem for certificate in certificates if certificate.is_valid(at=now)]
    if not valid:
        raise NoTrustedCertificate
    return valid


def verify(*, root: etree._Element, path: str, certificates: Sequence[str]) -> None:
    """Raise unless the one signature at `path` is by one of these certificates."""
    good = OneLogin_Saml2_Utils.validate_sign(
        root, xpath=f"{path}/ds:Signature", multicerts=list(certificates)
    )
    if not good:
        raise SignatureInvalid


def signed_content(*, element: etree._Element) -> etree._Element:
    """What a verified signature covers, parsed anew from its canonical form.

    The enveloped-signature transform leaves the signature out, so it is left out here too.
    """
    copy = etree.fromstring(
        etree.tostring(element, method="c14n", exclusive=True), documents.parser()
    )
    signature = copy.find(ds("Signature"))
    if signature is not None:
        copy.remove(signature)
    return copy


def verify_octets(
    *, octets: bytes, algorithm: str, signature: str, certificates: Sequence[str]
) -> None:
    """The signature of a query (bindings 3.4.4.1), made over its very characters."""
    kind, _, digest = algorithm.removeprefix(MORE).partition("-")
    if not algorithm.startswith(MORE) or kind not in {"rsa", "ecdsa"} or digest not in HASHES:
        raise SignatureAlgorithmRefused
    try:
        value = base64.b64decode("".join(signature.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid from error
    if not any(
        _is_by(pem, value, octets, kind=kind, digest=HASHES[digest]()) for pem in certificates
    ):
        raise SignatureInvalid


def _is_by(
    pem: str, signature: bytes, octets: bytes, *, kind: str, digest: hashes.HashAlgorithm
) -> bool:
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsa":
            key.verify(signature, octets, padding.PKCS1v15(), digest)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(_as_der(signature), octets, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        return False
    return False


def _as_der(signature: bytes) -> bytes:
    """XML signatures write r and s side by side (RFC 4050, 3.3), OpenSSL wants them in DER."""
    half = len(signature) // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )
