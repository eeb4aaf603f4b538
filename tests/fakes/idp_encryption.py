"""Encrypted assertions, as an identity provider makes them from our certificate."""

import base64
import os
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from tests.fakes.idp import DS, SAML, Response, Signing, a_key_pair, signed

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
ENCRYPTED = f"{{{SAML}}}EncryptedAssertion"
BLOCK = 16
DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    f"{DS}sha1": hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
}


def service_certificate() -> str:
    """The certificate of the service that `an_expectation` has the key of."""
    return a_key_pair("service").certificate_pem


@dataclass(frozen=True)
class Sealing:
    """How to encrypt: AES-GCM and RSA-OAEP, unless a test says otherwise."""

    certificate_pem: str = field(default_factory=service_certificate)
    method: str = f"{XENC11}aes256-gcm"
    key_bytes: int = 32
    transport: str = f"{XENC}rsa-oaep-mgf1p"
    digest: str = f"{DS}sha1"
    mask: str = ""


def sealed(clear: bytes, sealing: Sealing) -> etree._Element:
    """An EncryptedAssertion of any bytes."""
    key = os.urandom(sealing.key_bytes)
    content = _gcm(key, clear) if sealing.method.endswith("gcm") else _cbc(key, clear)
    mask = f'<e11:MGF xmlns:e11="{XENC11}" Algorithm="{sealing.mask}"/>' if sealing.mask else ""
    return etree.fromstring(
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" '
        f'Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{sealing.method}"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{sealing.transport}">'
        f'<ds:DigestMethod Algorithm="{sealing.digest}"/>{mask}</xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{_text(_wrapped(key, sealing))}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{_text(content)}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def an_assertion(
    response: Response, *, sign: bool = True, signing: Signing | None = None
) -> etree._Element:
    """The assertion alone, as it is encrypted."""
    root = etree.fromstring(response.assertion_xml())
    return signed(root, target="Assertion", signing=signing) if sign else root


def an_encrypted_tree(
    response: Response, *, sealing: Sealing | None = None, clear: bytes | None = None
) -> etree._Element:
    """A response with a signed and encrypted assertion, or with `clear` encrypted in its place.

    The response itself is not signed yet.
    """
    root = etree.fromstring(response.xml())
    assertion = root.find(f"{{{SAML}}}Assertion")
    assert assertion is not None
    content = etree.tostring(an_assertion(response)) if clear is None else clear
    root.replace(assertion, sealed(content, sealing or Sealing()))
    return root


def _wrapped(key: bytes, sealing: Sealing) -> bytes:
    public = x509.load_pem_x509_certificate(sealing.certificate_pem.encode()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    if sealing.transport.endswith("rsa-1_5"):
        return public.encrypt(key, padding.PKCS1v15())
    mask = hashes.SHA256() if sealing.mask.endswith("sha256") else DIGESTS[f"{DS}sha1"]()
    digest = DIGESTS.get(sealing.digest, hashes.SHA1)()
    return public.encrypt(key, padding.OAEP(mgf=padding.MGF1(mask), algorithm=digest, label=None))


def _gcm(key: bytes, clear: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, clear, None)


def _cbc(key: bytes, clear: bytes) -> bytes:
    first = os.urandom(BLOCK)
    added = BLOCK - len(clear) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(first)).encryptor()
    padded = clear + b"\0" * (added - 1) + bytes([added])
    return first + encryptor.update(padded) + encryptor.finalize()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
