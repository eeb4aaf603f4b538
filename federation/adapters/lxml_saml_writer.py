"""SAML documents that we send, written as elements, never as text with values pasted in."""

import base64
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode

from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from federation.adapters.lxml_saml_shapes import ds, saml, samlp
from federation.domain.saml import (
    ASSERTION_NS,
    METADATA_NS,
    POST_BINDING,
    PROTOCOL_NS,
    SIGNATURE_NS,
    AuthnRequest,
    ServiceProvider,
)
from federation.ports import OwnKey

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def md(name: str) -> str:
    return f"{{{METADATA_NS}}}{name}"


class LXMLSAMLWriter:
    """The port's implementation."""

    def sign_in_url(
        self,
        *,
        request: AuthnRequest,
        service_provider: ServiceProvider,
        own_key: OwnKey | None,
        now: datetime,
    ) -> str:
        message = etree.Element(
            samlp("AuthnRequest"),
            attrib={
                "ID": request.request_id,
                "Version": "2.0",
                "IssueInstant": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "Destination": request.destination,
                "ProtocolBinding": POST_BINDING,
                "AssertionConsumerServiceURL": service_provider.acs_url,
            },
            nsmap={"samlp": PROTOCOL_NS, "saml": ASSERTION_NS},
        )
        if request.force_authn:
            message.set("ForceAuthn", "true")
        # No Subject and no RequestedAuthnContext: Entra refuses both.
        etree.SubElement(message, saml("Issuer")).text = service_provider.entity_id
        return _redirect(
            request.destination,
            _deflated(message),
            relay_state=request.relay_state,
            own_key=own_key,
        )

    def service_provider_metadata(
        self, *, service_provider: ServiceProvider, certificates: tuple[str, ...]
    ) -> str:
        root = etree.Element(
            md("EntityDescriptor"),
            attrib={"entityID": service_provider.entity_id},
            nsmap={"md": METADATA_NS, "ds": SIGNATURE_NS},
        )
        descriptor = etree.SubElement(
            root,
            md("SPSSODescriptor"),
            attrib={
                "AuthnRequestsSigned": "true" if certificates else "false",
                "WantAssertionsSigned": "true",
                "protocolSupportEnumeration": PROTOCOL_NS,
            },
        )
        for pem in certificates:
            _add_key(descriptor, pem)
        etree.SubElement(
            descriptor,
            md("AssertionConsumerService"),
            attrib={
                "Binding": POST_BINDING,
                "Location": service_provider.acs_url,
                "index": "0",
                "isDefault": "true",
            },
        )
        written: bytes = etree.tostring(
            root, xml_declaration=True, encoding="UTF-8", pretty_print=True
        )
        return written.decode()


def _add_key(descriptor: etree._Element, pem: str) -> None:
    key = etree.SubElement(descriptor, md("KeyDescriptor"), attrib={"use": "signing"})
    data = etree.SubElement(etree.SubElement(key, ds("KeyInfo")), ds("X509Data"))
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    etree.SubElement(data, ds("X509Certificate")).text = "".join(lines)


def _deflated(document: etree._Element) -> str:
    packer = zlib.compressobj(wbits=-15)
    raw = etree.tostring(document, encoding="UTF-8")
    return base64.b64encode(packer.compress(raw) + packer.flush()).decode()


def _redirect(address: str, message: str, *, relay_state: str, own_key: OwnKey | None) -> str:
    """HTTP-Redirect binding: what is signed is exactly the query as it is sent."""
    query = {"SAMLRequest": message, "RelayState": relay_state}
    if own_key is not None:
        query["SigAlg"] = RSA_SHA256
        signature = OneLogin_Saml2_Utils.sign_binary(urlencode(query), own_key.private_key.reveal())
        query["Signature"] = base64.b64encode(signature).decode()
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode(query)}"
