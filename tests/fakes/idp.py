"""An identity provider for tests: writes responses of any shape and signs them with xmlsec."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from xml.sax.saxutils import escape

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from xmlsec import constants

from federation.domain.saml import Certificate, Expectation

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
ENTITY_ID = "https://idp.customer.example/metadata"
SP = "https://lake.example/saml/acme/AzureActiveDirectory"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class KeyPair:
    private_pem: bytes
    certificate_pem: str
    fingerprint: str
    not_before: datetime
    not_after: datetime

    @property
    def certificate(self) -> Certificate:
        return Certificate(
            pem=self.certificate_pem,
            fingerprint=self.fingerprint,
            subject="CN=idp.customer.example",
            not_before=self.not_before,
            not_after=self.not_after,
        )

    @property
    def der_base64(self) -> str:
        return "".join(self.certificate_pem.split("\n")[1:-2])


@cache
def a_key_pair(
    label: str = "idp",
    *,
    kind: str = "rsa2048",
    not_before: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    not_after: datetime = datetime(2060, 1, 1, tzinfo=UTC),
) -> KeyPair:
    """A key pair, made once a process for each label."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if kind == "ec256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{label}.customer.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        private_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=not_before,
        not_after=not_after,
    )


def an_expectation(**changes: object) -> Expectation:
    plain = Expectation(
        idp_entity_id=ENTITY_ID,
        certificates=(a_key_pair().certificate,),
        sp_entity_id=f"{SP}/metadata/",
        acs_url=f"{SP}/acs/",
        want_messages_signed=False,
        max_validity=timedelta(minutes=75),
        clock_skew=timedelta(seconds=60),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Response:
    """A response before it is signed. Each field is one thing that a test may get wrong.

    None leaves the attribute or element out. `seal_for` is whose certificate to encrypt to.
    """

    now: datetime = NOW
    response_id: str = "_response1"
    assertion_id: str = "_assertion1"
    issuer: str = ENTITY_ID
    response_issuer: str | None = ENTITY_ID
    destination: str | None = f"{SP}/acs/"
    recipient: str | None = f"{SP}/acs/"
    audiences: Sequence[Sequence[str]] = ((f"{SP}/metadata/",),)
    name_id: str = "joe@customer.example"
    name_id_xml: str | None = None
    in_response_to: str | None = "_request1"
    response_in_response_to: str | None = "_request1"
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    issued: timedelta = timedelta(0)
    response_issued: timedelta = timedelta(0)
    not_before: timedelta | None = timedelta(minutes=-5)
    not_on_or_after: timedelta | None = timedelta(minutes=65)
    confirmed_until: timedelta | None = timedelta(minutes=65)
    authenticated: timedelta = timedelta(minutes=-10)
    session_index: str = "_session1"
    session_not_on_or_after: timedelta | None = None
    seal_for: str = field(default_factory=lambda: a_key_pair("service").certificate_pem)
    attributes: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["QuickSight-Author"],
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": ["joe@customer.example"],
        }
    )

    def xml(self) -> str:
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{self.response_id}" '
            f'Version="2.0" IssueInstant="{self._at(self.response_issued)}"'
            f"{_attribute('Destination', self.destination)}"
            f"{_attribute('InResponseTo', self.response_in_response_to)}>"
            + (
                f"<saml:Issuer>{escape(self.response_issuer)}</saml:Issuer>"
                if self.response_issuer is not None
                else ""
            )
            + f'<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>'
            + self.assertion_xml()
            + "</samlp:Response>"
        )

    def assertion_xml(self) -> str:
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" ID="{self.assertion_id}" Version="2.0" '
            f'IssueInstant="{self._at(self.issued)}"><saml:Issuer>{escape(self.issuer)}'
            f"</saml:Issuer>{self._subject()}{self._conditions()}"
            f'<saml:AuthnStatement AuthnInstant="{self._at(self.authenticated)}" '
            f'SessionIndex="{self.session_index}"'
            f"{self._optional('SessionNotOnOrAfter', self.session_not_on_or_after)}>"
            "<saml:AuthnContext><saml:AuthnContextClassRef>"
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"{self._statement()}</saml:Assertion>"
        )

    def _subject(self) -> str:
        name_id = (
            self.name_id_xml
            if self.name_id_xml is not None
            else '<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">'
            f"{escape(self.name_id)}</saml:NameID>"
        )
        return (
            f'<saml:Subject>{name_id}<saml:SubjectConfirmation Method="{self.method}">'
            f"<saml:SubjectConfirmationData"
            f"{_attribute('InResponseTo', self.in_response_to)}"
            f"{self._optional('NotOnOrAfter', self.confirmed_until)}"
            f"{_attribute('Recipient', self.recipient)}/>"
            "</saml:SubjectConfirmation></saml:Subject>"
        )

    def _conditions(self) -> str:
        restrictions = "".join(
            "<saml:AudienceRestriction>"
            + "".join(f"<saml:Audience>{escape(one)}</saml:Audience>" for one in restriction)
            + "</saml:AudienceRestriction>"
            for restriction in self.audiences
        )
        return (
            f"<saml:Conditions{self._optional('NotBefore', self.not_before)}"
            f"{self._optional('NotOnOrAfter', self.not_on_or_after)}>{restrictions}"
            "</saml:Conditions>"
        )

    def _statement(self) -> str:
        attributes = "".join(
            f'<saml:Attribute Name="{escape(name)}">'
            + "".join(
                f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values
            )
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        return (
            f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""
        )

    def _at(self, offset: timedelta) -> str:
        return stamp(self.now + offset)

    def _optional(self, name: str, offset: timedelta | None) -> str:
        return "" if offset is None else _attribute(name, self._at(offset))


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{escape(value)}"'


@dataclass(frozen=True)
class Signing:
    """How to sign: what a real provider does, unless a test says otherwise."""

    key: KeyPair = field(default_factory=a_key_pair)
    method: str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    digest: str = "http://www.w3.org/2001/04/xmlenc#sha256"
    canonicalization: str = "http://www.w3.org/2001/10/xml-exc-c14n#"
    transforms: Sequence[str] = (
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    key_info: str | None = None
    uri: str | None = None


def signed(root: etree._Element, *, target: str, signing: Signing | None = None) -> etree._Element:
    """Sign the Response or the Assertion (`target`) in place, right after its Issuer."""
    signing = signing or Signing()
    wanted = f"{{{SAMLP}}}Response" if target == "Response" else f"{{{SAML}}}Assertion"
    element = next(root.iter(wanted))
    key_info = signing.key_info
    if key_info is None:
        certificate = f"<ds:X509Certificate>{signing.key.der_base64}</ds:X509Certificate>"
        key_info = f"<ds:KeyInfo><ds:X509Data>{certificate}</ds:X509Data></ds:KeyInfo>"
    issuer = element.find(f"{{{SAML}}}Issuer")
    at = 0 if issuer is None else element.index(issuer) + 1
    sign(element, at=at, key_info=key_info, signing=signing)
    return element


def sign(element: etree._Element, *, at: int, key_info: str, signing: Signing) -> None:
    """Put an enveloped signature at that place among the element's children."""
    uri = signing.uri if signing.uri is not None else f"#{element.get('ID')}"
    transforms = "".join(f'<ds:Transform Algorithm="{one}"/>' for one in signing.transforms)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{signing.canonicalization}"/>'
        f'<ds:SignatureMethod Algorithm="{signing.method}"/>'
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{signing.digest}"/><ds:DigestValue/></ds:Reference>'
        f"</ds:SignedInfo><ds:SignatureValue/>{key_info}</ds:Signature>"
    )
    element.insert(at, signature)
    xmlsec.tree.add_ids(element.getroottree().getroot(), ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signing.key.private_pem, constants.KeyDataFormatPem)
    context.sign(signature)


def encoded(document: etree._Element | str | bytes) -> str:
    raw = etree.tostring(document) if isinstance(document, etree._Element) else document
    return base64.b64encode(raw.encode() if isinstance(raw, str) else raw).decode()


def a_tree(
    response: Response, *, sign: str = "Assertion", signing: Signing | None = None
) -> etree._Element:
    """A signed response as a tree that a test may still spoil. `sign` may be both or none."""
    root = etree.fromstring(response.xml())
    if sign in {"Assertion", "both"}:
        signed(root, target="Assertion", signing=signing)
    if sign in {"Response", "both"}:
        signed(root, target="Response", signing=signing)
    return root


def a_response(
    response: Response | None = None, *, sign: str = "Assertion", signing: Signing | None = None
) -> str:
    """What a browser would post as SAMLResponse."""
    return encoded(a_tree(response or Response(), sign=sign, signing=signing))
