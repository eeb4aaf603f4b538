"""What the demo identity provider reads and writes: requests, signed responses, metadata."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xmlsec
from lxml import etree
from xmlsec import constants

from governance.project.demo_idp.key_pair import KeyPair
from governance.project.demo_idp.people import DemoPerson

ENTITY_ID = "urn:lakewarden:demo-idp"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
LARGEST_REQUEST = 20_000
VALIDITY = timedelta(minutes=10)
SESSION = timedelta(hours=8)


class RequestUnreadableError(ValueError):
    """The SAMLRequest in the address is none, or of nobody that this demo knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    request_id: str
    issuer: str
    acs_url: str

    @property
    def namespace(self) -> str:
        return self.acs_url.split("/")[-4]

    @property
    def provider(self) -> str:
        return self.acs_url.split("/")[-3]


def sign_in_request(text: str, *, public_url: str) -> SignInRequest:
    """A request of this very installation. Raises RequestUnreadableError."""
    try:
        unpacker = zlib.decompressobj(wbits=-15)
        raw = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST_REQUEST)
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
        root = etree.fromstring(raw, parser)
    except (binascii.Error, zlib.error, etree.XMLSyntaxError, ValueError) as error:
        raise RequestUnreadableError from error
    request = SignInRequest(
        request_id=root.get("ID", ""),
        issuer=root.findtext(f"{{{SAML}}}Issuer") or "",
        acs_url=root.get("AssertionConsumerServiceURL", ""),
    )
    ours = re.fullmatch(re.escape(public_url) + r"/saml/[^/]+/[^/]+/acs/", request.acs_url)
    if not ours or request.issuer != request.acs_url.removesuffix("acs/") + "metadata/":
        raise RequestUnreadableError
    return request


def response(
    *,
    request: SignInRequest,
    person: DemoPerson,
    key_pair: KeyPair,
    account_id: str,
    ids: tuple[str, str, str],
    now: datetime,
) -> str:
    """The base64 of a response whose assertion is signed. `ids`: response, assertion, session.

    `account_id` is that of the namespace that asks, which an administrator would type in.
    """
    response_id, assertion_id, session_index = ids
    root = etree.Element(
        f"{{{SAMLP}}}Response",
        attrib={
            "ID": response_id,
            "Version": "2.0",
            "IssueInstant": _stamp(now),
            "Destination": request.acs_url,
            "InResponseTo": request.request_id,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    _add(root, "Issuer", text=ENTITY_ID)
    status = etree.SubElement(root, f"{{{SAMLP}}}Status")
    success = {"Value": "urn:oasis:names:tc:SAML:2.0:status:Success"}
    etree.SubElement(status, f"{{{SAMLP}}}StatusCode", attrib=success)
    assertion = _add(root, "Assertion", ID=assertion_id, Version="2.0", IssueInstant=_stamp(now))
    _add(assertion, "Issuer", text=ENTITY_ID)
    _add_statements(assertion, request, person, session_index=session_index, now=now)
    attributes = person.attributes(account_id=account_id, provider=request.provider)
    _add_attributes(_add(assertion, "AttributeStatement"), attributes)
    _sign(root, assertion, key_pair)
    return base64.b64encode(etree.tostring(root, encoding="UTF-8")).decode()


def metadata(*, sso_url: str, key_pair: KeyPair) -> str:
    root = etree.Element(
        f"{{{MD}}}EntityDescriptor", attrib={"entityID": ENTITY_ID}, nsmap={"md": MD, "ds": DS}
    )
    descriptor = etree.SubElement(
        root, f"{{{MD}}}IDPSSODescriptor", attrib={"protocolSupportEnumeration": SAMLP}
    )
    key = etree.SubElement(descriptor, f"{{{MD}}}KeyDescriptor", attrib={"use": "signing"})
    data = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = key_pair.certificate_base64
    service = {"Binding": REDIRECT, "Location": sso_url}
    etree.SubElement(descriptor, f"{{{MD}}}SingleSignOnService", attrib=service)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written.decode()


def _add_statements(
    assertion: etree._Element,
    request: SignInRequest,
    person: DemoPerson,
    *,
    session_index: str,
    now: datetime,
) -> None:
    subject = _add(assertion, "Subject")
    _add(subject, "NameID", text=person.email, Format=EMAIL_FORMAT)
    bearer = _add(subject, "SubjectConfirmation", Method="urn:oasis:names:tc:SAML:2.0:cm:bearer")
    until = _stamp(now + VALIDITY)
    _add(
        bearer,
        "SubjectConfirmationData",
        InResponseTo=request.request_id,
        NotOnOrAfter=until,
        Recipient=request.acs_url,
    )
    conditions = _add(assertion, "Conditions", NotBefore=_stamp(now), NotOnOrAfter=until)
    _add(_add(conditions, "AudienceRestriction"), "Audience", text=request.issuer)
    statement = _add(
        assertion,
        "AuthnStatement",
        AuthnInstant=_stamp(now),
        SessionIndex=session_index,
        SessionNotOnOrAfter=_stamp(now + SESSION),
    )
    context = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
    _add(_add(statement, "AuthnContext"), "AuthnContextClassRef", text=context)


def _add_attributes(statement: etree._Element, attributes: Mapping[str, Sequence[str]]) -> None:
    for name, values in attributes.items():
        attribute = _add(statement, "Attribute", Name=name)
        for value in values:
            _add(attribute, "AttributeValue", text=value)


def _add(parent: etree._Element, name: str, *, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{SAML}}}{name}", attrib=attributes)
    element.text = text or None
    return element


def _sign(root: etree._Element, assertion: etree._Element, key_pair: KeyPair) -> None:
    signature = xmlsec.template.create(
        assertion, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds"
    )
    assertion.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, constants.TransformSha256, uri=f"#{assertion.get('ID')}"
    )
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair.private_pem, constants.KeyDataFormatPem)
    context.sign(signature)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
