"""What is fuzzed. A target takes any bytes, and lets out only what must never happen."""

import base64
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import cast
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.adapters.python3saml_logouts import PythonSAMLLogoutVerifier
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.logouts import LogoutExpectation, ReceivedLogout
from federation.domain.metadata import MetadataRefused
from federation.domain.saml import ResponseRefused
from governance.kernel.personal import Personal
from tests.fakes.idp import (
    ENTITY_ID,
    NOW,
    SP,
    Response,
    a_key_pair,
    an_expectation,
    encoded,
)

Target = Callable[[bytes], str]
VERIFIER = PythonSAMLVerifier()
READER = LXMLMetadataReader()
EXPECTATION = an_expectation(opening_keys=(Personal(a_key_pair("service").private_pem.decode()),))
SIGNED = Response().name_id
LOGOUTS = PythonSAMLLogoutVerifier()
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
CURVE = a_key_pair("curve", kind="ec256")
SIGNER = cast(
    "ec.EllipticCurvePrivateKey", serialization.load_pem_private_key(CURVE.private_pem, None)
)
LEAVING = LogoutExpectation(
    issuers=frozenset({ENTITY_ID}),
    certificates=(CURVE.certificate, a_key_pair().certificate),
    sls_url=f"{SP}/sls/",
    clock_skew=timedelta(seconds=60),
)


class Forged(Exception):  # noqa: N818 - what happened, not a kind of error
    """Somebody was believed whom the provider did not name."""


def guard(raw: bytes) -> str:
    """The code of the refusal, or "" for a response that the provider really signed.

    The guard comes first; the few that pass it go through the whole verification.
    """
    try:
        assertion = VERIFIER.verified_assertion(
            saml_response=encoded(raw), expectation=EXPECTATION, now=NOW
        )
    except ResponseRefused as refusal:
        return refusal.code
    if assertion.name_id != SIGNED:
        raise Forged
    return ""


def metadata(raw: bytes) -> str:
    """The code of the refusal, or "" where a provider with a certificate was read."""
    try:
        read = READER.provider_metadata(xml=raw.decode(errors="replace"), entity_id="", now=NOW)
    except MetadataRefused as refusal:
        return refusal.code
    if not read.certificates:
        raise Forged
    return ""


def logout(raw: bytes) -> str:
    """The refusals of all three ways in, or "" where one believes it.

    The bytes are a whole query, the document of a query that the provider signed, and the
    document of a form.
    """
    text = raw.decode("latin-1")
    ways = (
        lambda: LOGOUTS.redirected(query=text, expectation=LEAVING, now=NOW),
        lambda: LOGOUTS.redirected(query=_signed_query(raw), expectation=LEAVING, now=NOW),
        lambda: LOGOUTS.posted(
            parameters={"SAMLRequest": [encoded(raw)]}, expectation=LEAVING, now=NOW
        ),
    )
    endings = [_ending(way) for way in ways]
    return "" if "" in endings else " ".join(endings)


def _ending(way: Callable[[], ReceivedLogout]) -> str:
    try:
        way()
    except ResponseRefused as refusal:
        return refusal.code
    return ""


def _signed_query(raw: bytes) -> str:
    """Signed with a curve, which takes a tenth of the time of RSA."""
    packed = zlib.compress(raw, wbits=-15)
    fields = {"SAMLRequest": base64.b64encode(packed).decode(), "SigAlg": ECDSA}
    octets = urlencode(fields, quote_via=quote)
    r, s = decode_dss_signature(SIGNER.sign(octets.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{octets}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"


TARGETS: dict[str, Target] = {"guard": guard, "metadata": metadata, "logout": logout}
