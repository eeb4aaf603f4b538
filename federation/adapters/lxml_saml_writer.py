"""SAML documents that we send, written as elements, never as text with values pasted in."""

import base64
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode

from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from federation.adapters.lxml_saml_shapes import ds, saml, samlp
from federation.domain.logouts import LogoutRequest, LogoutResponse, OutgoingMessage
from federation.domain.saml import (
    ASSERTION_NS,
    METADATA_NS,
    POST_BINDING,
    PROTOCOL_NS,
    REDIRECT_BINDING,
    SIGNATURE_NS,
    AuthnRequest,
    Departure,
    OwnDescription,
)
from federation.ports import OwnKey

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
# What we can open, the best first: an identity provider picks from this list (metadata 2.4.1.1).
ENCRYPTION_METHODS = (
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
)
# Identity providers that fetch it see a rolled key within this time.
METADATA_CACHE = "PT6H"


def md(name: str) -> str:
    return f"{{{METADATA_NS}}}{name}"


class LXMLSAMLWriter:
    """The port's implementation."""

    def redirected(
        self, *, message: OutgoingMessage, own_key: OwnKey | None, now: datetime
    ) -> Departure:
        """What is signed is exactly the query as it is sent (bindings 3.4.4.1)."""
        query = {_parameter(message): _deflated(_document(message, now=now))}
        if message.relay_state:
            query["RelayState"] = message.relay_state
        if own_key is not None:
            query["SigAlg"] = RSA_SHA256
            signature = OneLogin_Saml2_Utils.sign_binary(
                urlencode(query), own_key.private_key.reveal()
            )
            query["Signature"] = base64.b64encode(signature).decode()
        joint = "&" if "?" in message.destination else "?"
        return Departure(address=f"{message.destination}{joint}{urlencode(query)}")

    def posted(
        self, *, message: OutgoingMessage, own_key: OwnKey | None, now: datetime
    ) -> Departure:
        document = _document(message, now=now)
        raw = etree.tostring(document, encoding="UTF-8")
        if own_key is not None:
            raw = _signed(document, own_key)
        fields = {_parameter(message): base64.b64encode(raw).decode()}
        if message.relay_state:
            fields["RelayState"] = message.relay_state
        return Departure(address=message.destination, fields=fields)

    def own_metadata(self, *, description: OwnDescription, signed_by: OwnKey | None) -> str:
        document = _metadata(description)
        written: bytes = etree.tostring(
            document, xml_declaration=True, encoding="UTF-8", pretty_print=True
        )
        if signed_by is None:
            return written.decode()
        # Signed as it was printed: the signature covers the white space too.
        return _signed(etree.fromstring(written), signed_by).decode()


def _parameter(message: OutgoingMessage) -> str:
    return "SAMLResponse" if isinstance(message, LogoutResponse) else "SAMLRequest"


def _document(message: OutgoingMessage, *, now: datetime) -> etree._Element:
    match message:
        case AuthnRequest():
            return _authn_request(message, now=now)
        case LogoutRequest():
            return _logout_request(message, now=now)
        case LogoutResponse():
            return _logout_response(message, now=now)


def _authn_request(message: AuthnRequest, *, now: datetime) -> etree._Element:
    # No Subject and no RequestedAuthnContext: Entra refuses both.
    root = _message("AuthnRequest", message.request_id, message, now=now)
    root.set("ProtocolBinding", POST_BINDING)
    root.set("AssertionConsumerServiceURL", message.acs_url)
    if message.force_authn:
        root.set("ForceAuthn", "true")
    return root


def _logout_request(message: LogoutRequest, *, now: datetime) -> etree._Element:
    root = _message("LogoutRequest", message.request_id, message, now=now)
    root.set("Reason", "urn:oasis:names:tc:SAML:2.0:logout:user")
    name_id = etree.SubElement(root, saml("NameID"))
    name_id.text = message.name_id
    named = {
        "Format": message.name_id_format,
        "NameQualifier": message.name_qualifier,
        "SPNameQualifier": message.sp_name_qualifier,
    }
    for attribute, text in named.items():
        if text:
            name_id.set(attribute, text)
    if message.session_index:
        etree.SubElement(root, samlp("SessionIndex")).text = message.session_index
    return root


def _logout_response(message: LogoutResponse, *, now: datetime) -> etree._Element:
    root = _message("LogoutResponse", message.response_id, message, now=now)
    root.set("InResponseTo", message.in_response_to)
    status = etree.SubElement(root, samlp("Status"))
    code = etree.SubElement(status, samlp("StatusCode"), attrib={"Value": message.status.value})
    if message.detail is not None:
        etree.SubElement(code, samlp("StatusCode"), attrib={"Value": message.detail.value})
    return root


def _message(
    name: str, message_id: str, message: OutgoingMessage, *, now: datetime
) -> etree._Element:
    root = etree.Element(
        samlp(name),
        attrib={
            "ID": message_id,
            "Version": "2.0",
            "IssueInstant": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": message.destination,
        },
        nsmap={"samlp": PROTOCOL_NS, "saml": ASSERTION_NS},
    )
    etree.SubElement(root, saml("Issuer")).text = message.issuer
    return root


def _signed(document: etree._Element, own_key: OwnKey) -> bytes:
    """The document with an enveloped signature by our key, its certificate beside it."""
    written: bytes = OneLogin_Saml2_Utils.add_sign(
        document, own_key.private_key.reveal(), own_key.certificate
    )
    return written


def _deflated(document: etree._Element) -> str:
    packer = zlib.compressobj(wbits=-15)
    raw = etree.tostring(document, encoding="UTF-8")
    return base64.b64encode(packer.compress(raw) + packer.flush()).decode()


def _metadata(description: OwnDescription) -> etree._Element:
    own = description.service_provider
    root = etree.Element(
        md("EntityDescriptor"),
        attrib={"entityID": own.entity_id, "cacheDuration": METADATA_CACHE},
        nsmap={"md": METADATA_NS, "ds": SIGNATURE_NS},
    )
    descriptor = etree.SubElement(
        root,
        md("SPSSODescriptor"),
        attrib={
            "AuthnRequestsSigned": "true" if description.requests_signed else "false",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": PROTOCOL_NS,
        },
    )
    for pem in description.signing_certificates:
        _add_key(descriptor, pem, use="signing")
    for pem in description.encryption_certificates:
        key = _add_key(descriptor, pem, use="encryption")
        for algorithm in ENCRYPTION_METHODS:
            etree.SubElement(key, md("EncryptionMethod"), attrib={"Algorithm": algorithm})
    for binding in (REDIRECT_BINDING, POST_BINDING):
        etree.SubElement(
            descriptor,
            md("SingleLogoutService"),
            attrib={"Binding": binding, "Location": own.sls_url},
        )
    etree.SubElement(
        descriptor,
        md("AssertionConsumerService"),
        attrib={
            "Binding": POST_BINDING,
            "Location": own.acs_url,
            "index": "0",
            "isDefault": "true",
        },
    )
    return root


def _add_key(descriptor: etree._Element, pem: str, *, use: str) -> etree._Element:
    key = etree.SubElement(descriptor, md("KeyDescriptor"), attrib={"use": use})
    data = etree.SubElement(etree.SubElement(key, ds("KeyInfo")), ds("X509Data"))
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    etree.SubElement(data, ds("X509Certificate")).text = "".join(lines)
    return key
