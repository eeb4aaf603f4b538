"""Opening an encrypted assertion with our own keys: RSA-OAEP for the key, AES for the rest."""

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.adapters.lxml_saml_encryption import CBC_METHODS, GCM_METHODS, Sealed
from federation.domain.saml import ResponseRefused
from governance.kernel.personal import Personal

BLOCK = 16
GCM_NONCE, GCM_TAG = 12, 16
DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,  # In OAEP alone, see `lxml_saml_encryption`.
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class AssertionNotOpened(ResponseRefused):
    code = "saml_assertion_not_opened"
    sentence = (
        "The encrypted assertion cannot be opened with a key of ours. Let the identity provider "
        "import our current metadata, so that it encrypts to the certificate in it and signs "
        "inside."
    )
    check = "encryption"


def opened(*, sealed: Sealed, keys: Sequence[Personal[str]]) -> bytes:
    """The clear octets. Every key is tried; why none opens it is told to nobody."""
    wrapped, content = _octets(sealed.content_key), _octets(sealed.content)
    length = (GCM_METHODS | CBC_METHODS)[sealed.method]
    for key in keys:
        content_key = _unwrapped(wrapped, sealed=sealed, key=key)
        if content_key is None or len(content_key) != length:
            continue
        clear = (_from_gcm if sealed.is_authenticated else _from_cbc)(content_key, content)
        if clear is not None:
            return clear
    raise AssertionNotOpened


def _unwrapped(wrapped: bytes, *, sealed: Sealed, key: Personal[str]) -> bytes | None:
    """The content key, or None where it was not encrypted to this key of ours."""
    private = serialization.load_pem_private_key(
        key.reveal().encode(),
        password=None,
        # Checking a key costs more than using it, and this one was made here.
        unsafe_skip_rsa_key_validation=True,
    )
    if not isinstance(private, rsa.RSAPrivateKey) or len(wrapped) * 8 != private.key_size:
        return None
    try:
        return private.decrypt(
            wrapped,
            padding.OAEP(
                mgf=padding.MGF1(DIGESTS[sealed.transport.mask_digest]()),
                algorithm=DIGESTS[sealed.transport.digest](),
                label=None,
            ),
        )
    except ValueError:
        return None


def _from_gcm(key: bytes, content: bytes) -> bytes | None:
    if len(content) < GCM_NONCE + GCM_TAG:
        return None
    try:
        return AESGCM(key).decrypt(content[:GCM_NONCE], content[GCM_NONCE:], None)
    except InvalidTag:
        return None


def _from_cbc(key: bytes, content: bytes) -> bytes | None:
    """Padding as XML Encryption has it (5.2.1): only its last byte says something."""
    if len(content) < 2 * BLOCK or len(content) % BLOCK:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(content[:BLOCK])).decryptor()
    clear = decryptor.update(content[BLOCK:]) + decryptor.finalize()
    if not 1 <= clear[-1] <= BLOCK:
        return None
    return clear[: -clear[-1]]


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AssertionNotOpened from error
