"""Reading a response without trust, to explain it: bounded as the guard is, by the one parser."""

import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree

from federation.adapters import lxml_saml_documents as documents
from federation.adapters.lxml_saml_shapes import ds, saml, samlp
from federation.domain.captures import Captured
from federation.domain.saml import ResponseRefused

CONFIRMATION_DATA = saml("SubjectConfirmationData")
MOST_VALUES = 2_000
MOST_SIGNERS = 4


class LXMLResponseReader:
    """The port's implementation."""

    def captured(self, *, saml_response: str) -> Captured | None:
        try:
            root = documents.parsed(raw=documents.decoded(text=saml_response))
        except ResponseRefused:
            return None
        assertion = root.find(saml("Assertion"))
        if root.tag == saml("Assertion"):
            assertion = root
        subject = None if assertion is None else assertion.find(saml("Subject"))
        data = None if subject is None else next(subject.iter(CONFIRMATION_DATA), None)
        name_id = None if subject is None else subject.find(saml("NameID"))
        conditions = None if assertion is None else assertion.find(saml("Conditions"))
        audiences = [] if conditions is None else list(conditions.iter(saml("Audience")))
        return Captured(
            issuer=_text(root.find(saml("Issuer"))) or _text_in(assertion, saml("Issuer")),
            destination=root.get("Destination", ""),
            status=_value(root.find(f"{samlp('Status')}/{samlp('StatusCode')}"), "Value"),
            in_response_to=root.get("InResponseTo", "") or _value(data, "InResponseTo"),
            audiences=tuple(_text(one) for one in audiences),
            recipient=_value(data, "Recipient"),
            not_before=_value(conditions, "NotBefore"),
            not_on_or_after=_value(conditions, "NotOnOrAfter"),
            signed=tuple(
                name
                for name, element in (("response", root), ("assertion", assertion))
                if element is not None and element.find(ds("Signature")) is not None
            ),
            signed_with=signers(root),
            is_encrypted=root.find(saml("EncryptedAssertion")) is not None,
            name_id_format=_value(name_id, "Format"),
            name_id=_text(name_id),
            attributes={} if assertion is None else _attributes(assertion),
        )


def _attributes(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    count = 0
    for attribute in assertion.iter(saml("Attribute")):
        values = [_text(value) for value in attribute.iterchildren(saml("AttributeValue"))]
        count += len(values)
        if count > MOST_VALUES:
            break
        name = attribute.get("Name", "")
        found[name] = (*found.get(name, ()), *values)
    return found


def signers(root: etree._Element) -> tuple[str, ...]:
    """Fingerprints of the certificates that the signatures come with. They prove nothing."""
    found: list[str] = []
    for element in root.iter(ds("X509Certificate")):
        try:
            der = base64.b64decode("".join((element.text or "").split()), validate=True)
            fingerprint = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
        except (ValueError, TypeError, binascii.Error, x509.InvalidVersion):
            continue
        if fingerprint not in found:
            found.append(fingerprint)
        if len(found) >= MOST_SIGNERS:
            break
    return tuple(found)


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _text_in(parent: etree._Element | None, tag: str) -> str:
    return "" if parent is None else _text(parent.find(tag))


def _value(element: etree._Element | None, attribute: str) -> str:
    return "" if element is None else element.get(attribute, "")
