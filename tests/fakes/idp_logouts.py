"""Logout messages of the identity provider for tests: of any shape, by query or by form."""

import base64
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.fakes.idp import (
    ENTITY_ID,
    NOW,
    SAML,
    SAMLP,
    SP,
    KeyPair,
    Signing,
    a_key_pair,
    sign,
    stamp,
)

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{MORE}rsa-sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@dataclass(frozen=True)
class Logout:
    """A LogoutRequest or LogoutResponse before it is signed. None leaves something out."""

    kind: str = "LogoutRequest"
    now: datetime = NOW
    message_id: str | None = "_logout1"
    version: str = "2.0"
    issuer: str | None = ENTITY_ID
    destination: str | None = f"{SP}/sls/"
    issued: timedelta = timedelta(0)
    not_on_or_after: timedelta | None = timedelta(minutes=5)
    name_id: str = "joe@customer.example"
    name_id_xml: str | None = None
    session_indexes: Sequence[str] = ("_session1",)
    in_response_to: str | None = "_request1"
    statuses: Sequence[str] = (SUCCESS,)
    before: str = ""
    inside: str = ""

    @property
    def parameter(self) -> str:
        return "SAMLRequest" if self.kind == "LogoutRequest" else "SAMLResponse"

    def xml(self) -> str:
        attributes = {
            "ID": self.message_id,
            "Version": self.version,
            "IssueInstant": stamp(self.now + self.issued),
            "Destination": self.destination,
        }
        if self.kind == "LogoutRequest":
            ends = self.not_on_or_after
            attributes["NotOnOrAfter"] = None if ends is None else stamp(self.now + ends)
        else:
            attributes["InResponseTo"] = self.in_response_to
        written = "".join(f' {k}="{escape(v)}"' for k, v in attributes.items() if v is not None)
        issuer = "" if self.issuer is None else f"<saml:Issuer>{escape(self.issuer)}</saml:Issuer>"
        return (
            f'{self.before}<samlp:{self.kind} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{written}>'
            f"{issuer}{self._body()}{self.inside}</samlp:{self.kind}>"
        )

    def _body(self) -> str:
        if self.kind != "LogoutRequest":
            inner = "".join(f'<samlp:StatusCode Value="{one}"/>' for one in self.statuses[1:])
            code = f'<samlp:StatusCode Value="{self.statuses[0]}">{inner}</samlp:StatusCode>'
            return f"<samlp:Status>{code}</samlp:Status>"
        name_id = self.name_id_xml
        if name_id is None:
            name_id = f"<saml:NameID>{escape(self.name_id)}</saml:NameID>"
        indexes = "".join(
            f"<samlp:SessionIndex>{escape(one)}</samlp:SessionIndex>"
            for one in self.session_indexes
        )
        return name_id + indexes


def deflated(raw: bytes | str) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    octets = raw.encode() if isinstance(raw, str) else raw
    return packer.compress(octets) + packer.flush()


def lower_case(text: str) -> str:
    """Percent escapes as Microsoft Entra writes them: %2b and not %2B."""
    quoted = quote(text, safe="")
    pieces = quoted.split("%")
    return pieces[0] + "".join(f"%{one[:2].lower()}{one[2:]}" for one in pieces[1:])


@dataclass(frozen=True)
class Query:
    """HTTP-Redirect: how a message becomes a query. Each field is one thing to get wrong."""

    key: KeyPair = field(default_factory=a_key_pair)
    algorithm: str | None = RSA_SHA256
    relay_state: str | None = None
    escape: Callable[[str], str] = lambda text: quote(text, safe="")
    extra: str = ""
    signed: bool = True

    def of(self, document: Logout | bytes | str, *, parameter: str = "SAMLRequest") -> str:
        if isinstance(document, Logout):
            parameter, document = document.parameter, document.xml()
        return self.packed(deflated(document), parameter=parameter)

    def packed(self, packed: bytes, *, parameter: str = "SAMLRequest") -> str:
        pairs = [f"{parameter}={self.escape(base64.b64encode(packed).decode())}"]
        if self.relay_state is not None:
            pairs.append(f"RelayState={self.escape(self.relay_state)}")
        if self.algorithm is not None:
            pairs.append(f"SigAlg={self.escape(self.algorithm)}")
        query = "&".join(pairs)
        if self.signed:
            signature = signature_of(query.encode(), key=self.key)
            query += f"&Signature={self.escape(base64.b64encode(signature).decode())}"
        return query + self.extra


def signature_of(octets: bytes, *, key: KeyPair) -> bytes:
    private = serialization.load_pem_private_key(key.private_pem, password=None)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(octets, padding.PKCS1v15(), hashes.SHA256())


def a_signed_tree(logout: Logout, *, signing: Signing | None = None) -> etree._Element:
    """HTTP-POST: the document with an enveloped signature, as a tree to spoil."""
    signing = signing or Signing()
    root = etree.fromstring(logout.xml())
    sign(root, at=1, key_info=signing.key_info or "", signing=signing)
    return root
