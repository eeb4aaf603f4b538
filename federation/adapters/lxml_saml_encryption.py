"""What an encrypted assertion must look like before anybody tries to open it.

XML Encryption may fetch its ciphertext and run transforms over it (CipherReference), name keys
by reference and hold several of them. None of that is needed by SAML (core 6.1), and none of it
has a place here: one EncryptedData with its octets in it, and one EncryptedKey beside or in it.
"""

from dataclasses import dataclass

from lxml import etree

from federation.adapters.lxml_saml_shapes import ds, saml, xenc, xenc11
from federation.domain.saml import ENCRYPTION_11_NS as ENC11, ENCRYPTION_NS as ENC, ResponseRefused

ELEMENT_TYPE = f"{ENC}Element"
ENCRYPTED_KEY_TYPE = f"{ENC}EncryptedKey"
# Authenticated first. CBC is what Microsoft Entra and SimpleSAMLphp use and cannot be set to
# otherwise; see `python3saml_verifier` for what is done about padding oracles.
GCM_METHODS = {f"{ENC11}aes128-gcm": 16, f"{ENC11}aes192-gcm": 24, f"{ENC11}aes256-gcm": 32}
CBC_METHODS = {f"{ENC}aes128-cbc": 16, f"{ENC}aes192-cbc": 24, f"{ENC}aes256-cbc": 32}
# RSA PKCS#1 v1.5 (rsa-1_5) is left out for good: Bleichenbacher's attack needs no more.
OAEP_MGF1P = f"{ENC}rsa-oaep-mgf1p"
OAEP = f"{ENC11}rsa-oaep"
OAEP_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    f"{ENC}sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    f"{ENC}sha512": "sha512",
}
OAEP_MASKS = {f"{ENC11}mgf1{name}": name for name in ("sha1", "sha256", "sha384", "sha512")}

CHILDREN: dict[str, frozenset[str]] = {
    saml("EncryptedAssertion"): frozenset({xenc("EncryptedData"), xenc("EncryptedKey")}),
    xenc("EncryptedData"): frozenset({xenc("EncryptionMethod"), ds("KeyInfo"), xenc("CipherData")}),
    xenc("EncryptedKey"): frozenset(
        {xenc("EncryptionMethod"), ds("KeyInfo"), xenc("CipherData"), xenc("ReferenceList")}
    ),
    xenc("EncryptionMethod"): frozenset({ds("DigestMethod"), xenc11("MGF")}),
    ds("DigestMethod"): frozenset(),
    xenc11("MGF"): frozenset(),
    ds("KeyInfo"): frozenset(
        {xenc("EncryptedKey"), ds("RetrievalMethod"), ds("KeyName"), ds("X509Data")}
    ),
    ds("RetrievalMethod"): frozenset(),
    ds("KeyName"): frozenset(),
    # Which key is meant is never believed: each of ours is tried.
    ds("X509Data"): frozenset(
        {
            ds("X509Certificate"),
            ds("X509IssuerSerial"),
            ds("X509SubjectName"),
            ds("X509SKI"),
        }
    ),
    ds("X509IssuerSerial"): frozenset({ds("X509IssuerName"), ds("X509SerialNumber")}),
    ds("X509IssuerName"): frozenset(),
    ds("X509SerialNumber"): frozenset(),
    ds("X509Certificate"): frozenset(),
    ds("X509SubjectName"): frozenset(),
    ds("X509SKI"): frozenset(),
    xenc("ReferenceList"): frozenset({xenc("DataReference")}),
    xenc("DataReference"): frozenset(),
    xenc("CipherData"): frozenset({xenc("CipherValue")}),
    xenc("CipherValue"): frozenset(),
}


class EncryptionShapeUnknown(ResponseRefused):
    code = "saml_encryption_shape"
    sentence = "The encrypted assertion is not built as SAML demands: {what}."
    check = "encryption shape"


class EncryptionAlgorithmRefused(ResponseRefused):
    code = "saml_encryption_algorithm"
    sentence = (
        "The assertion is encrypted in a way that is not accepted here. Set the identity provider "
        "to AES-GCM (or AES-CBC) with RSA-OAEP."
    )
    check = "algorithm"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransport:
    """How the content key was encrypted to us: OAEP with these two digests."""

    digest: str
    mask_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted assertion of the right shape; base64 as it was written."""

    method: str
    transport: KeyTransport
    content_key: str
    content: str

    @property
    def is_authenticated(self) -> bool:
        return self.method in GCM_METHODS


def sealed(*, element: etree._Element) -> Sealed:
    """The parts of an EncryptedAssertion. Computes nothing."""
    for part in element.iter():
        _check_place(part)
    data = _one(element, xenc("EncryptedData"))
    if data.get("Type", ELEMENT_TYPE) != ELEMENT_TYPE:
        raise EncryptionShapeUnknown(what="what is encrypted is no element")
    keys = list(element.iter(xenc("EncryptedKey")))
    if len(keys) != 1:
        raise EncryptionShapeUnknown(what="it must hold one encrypted key")
    _check_references(element, data=data, key=keys[0])
    method = _one(data, xenc("EncryptionMethod"))
    if method.get("Algorithm") not in GCM_METHODS | CBC_METHODS or len(method):
        raise EncryptionAlgorithmRefused
    return Sealed(
        method=method.get("Algorithm", ""),
        transport=_transport(_one(keys[0], xenc("EncryptionMethod"))),
        content_key=_octets(keys[0]),
        content=_octets(data),
    )


def _transport(method: etree._Element) -> KeyTransport:
    """SHA-1 is sound in OAEP, which asks no collision resistance of it (RFC 8017, 7.1)."""
    digest, mask = method.find(ds("DigestMethod")), method.find(xenc11("MGF"))
    algorithm = method.get("Algorithm")
    named = "sha1" if digest is None else OAEP_DIGESTS.get(digest.get("Algorithm", ""))
    masked = "sha1" if mask is None else OAEP_MASKS.get(mask.get("Algorithm", ""))
    if algorithm not in {OAEP_MGF1P, OAEP} or (mask is not None and algorithm != OAEP):
        raise EncryptionAlgorithmRefused
    if named is None or masked is None:
        raise EncryptionAlgorithmRefused
    return KeyTransport(digest=named, mask_digest=masked)


def _check_place(element: etree._Element) -> None:
    allowed = CHILDREN.get(element.tag)
    tags = [child.tag for child in element]
    if allowed is None or not allowed.issuperset(tags):
        raise EncryptionShapeUnknown(what="something in it has no place there")
    repeatable = {xenc("DataReference"), ds("X509Certificate")}
    if any(tags.count(tag) > 1 for tag in set(tags) - repeatable):
        raise EncryptionShapeUnknown(what="something in it stands there twice")
    texts = [element.text if allowed else None, *(child.tail for child in element)]
    if any(text and not text.isspace() for text in texts):
        raise EncryptionShapeUnknown(what="there is text between its parts")


def _check_references(
    element: etree._Element, *, data: etree._Element, key: etree._Element
) -> None:
    """A reference may only name what stands in it: the one key, the one data."""
    for method in element.iter(ds("RetrievalMethod")):
        named = method.get("Type", ENCRYPTED_KEY_TYPE)
        if named != ENCRYPTED_KEY_TYPE or method.get("URI") != f"#{key.get('Id')}":
            raise EncryptionShapeUnknown(what="it refers to a key elsewhere")
    for reference in element.iter(xenc("DataReference")):
        if reference.get("URI") != f"#{data.get('Id')}":
            raise EncryptionShapeUnknown(what="it refers to data elsewhere")
    if any(True for _ in key.iter(ds("RetrievalMethod"))):
        raise EncryptionShapeUnknown(what="its key is named by another")


def _octets(parent: etree._Element) -> str:
    value = _one(_one(parent, xenc("CipherData")), xenc("CipherValue"))
    return "".join((value.text or "").split())


def _one(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise EncryptionShapeUnknown(what="a part of it is missing or doubled")
    return found[0]
