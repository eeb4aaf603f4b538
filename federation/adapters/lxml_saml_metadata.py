"""Reading identity provider metadata: bounded, without DTD, and taking nothing on trust."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from lxml import etree

from federation.adapters.lxml_saml_shapes import ds
from federation.adapters.lxml_saml_statements import ValueUnreadable, instant
from federation.adapters.lxml_saml_writer import md
from federation.domain import metadata as refusals
from federation.domain.metadata import LARGEST_METADATA, LEAST_RSA_BITS, ProviderMetadata
from federation.domain.saml import POST_BINDING, PROTOCOL_NS, REDIRECT_BINDING, Certificate

MOST_CERTIFICATES = 20
LONGEST_URL = 2048
LONGEST_ENTITY_ID = 1024
ENTITIES_NAMED = 10


class LXMLMetadataReader:
    """The port's implementation."""

    def provider_metadata(self, *, xml: str, entity_id: str, now: datetime) -> ProviderMetadata:
        entity = _chosen(_parsed(xml), entity_id=entity_id)
        descriptor = next(_providers(entity))
        until = _valid_until(entity, descriptor)
        if until is not None and until <= now:
            raise refusals.MetadataExpired(until=f"{until:%Y-%m-%d}")
        certificates, remarks = _certificates(descriptor, now=now)
        redirect, post = (
            _location(descriptor, "SingleSignOnService", binding)
            for binding in (REDIRECT_BINDING, POST_BINDING)
        )
        if not redirect and not post:
            raise refusals.NoSignInAddress
        return ProviderMetadata(
            entity_id=entity.get("entityID", ""),
            certificates=certificates,
            sso_redirect_url=redirect,
            sso_post_url=post,
            slo_url=_location(descriptor, "SingleLogoutService", REDIRECT_BINDING),
            slo_response_url=_location(
                descriptor, "SingleLogoutService", REDIRECT_BINDING, attribute="ResponseLocation"
            ),
            wants_requests_signed=descriptor.get("WantAuthnRequestsSigned") in {"true", "1"},
            valid_until=until,
            remarks=remarks,
        )


def _parsed(xml: str) -> etree._Element:
    if len(xml) > LARGEST_METADATA:
        raise refusals.MetadataTooLarge
    try:
        raw = xml.strip().lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").encode()
    except UnicodeEncodeError as error:
        raise refusals.MetadataNotXML from error
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw or b"\0" in raw:
        raise refusals.MetadataNotXML
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise refusals.MetadataNotXML from error


def _providers(entity: etree._Element) -> Iterator[etree._Element]:
    """The entity's descriptors of an identity provider that speaks SAML 2.0."""
    for descriptor in entity.iterchildren(md("IDPSSODescriptor")):
        if PROTOCOL_NS in descriptor.get("protocolSupportEnumeration", "").split():
            yield descriptor


def _chosen(root: etree._Element, *, entity_id: str) -> etree._Element:
    """The one entity that is an identity provider, or the one asked for. Never just the first."""
    entities = [
        entity
        for entity in root.iter(md("EntityDescriptor"))
        if next(_providers(entity), None) is not None
    ]
    if not entities:
        raise refusals.MetadataHoldsNoProvider
    if entity_id:
        entities = [entity for entity in entities if entity.get("entityID") == entity_id]
        if len(entities) != 1:
            raise refusals.EntityUnknown(wanted=entity_id[:200])
    if len(entities) > 1:
        names = [entity.get("entityID", "")[:200] for entity in entities[:ENTITIES_NAMED]]
        raise refusals.EntityNotChosen(entities=", ".join(names))
    name = entities[0].get("entityID", "")
    if not name.strip() or len(name) > LONGEST_ENTITY_ID:
        raise refusals.MetadataHoldsNoProvider
    return entities[0]


def _valid_until(entity: etree._Element, descriptor: etree._Element) -> datetime | None:
    """The earliest end that the descriptor, its entity or a federation around them names."""
    written = [
        element.get("validUntil")
        for element in (descriptor, entity, *entity.iterancestors())
        if element.get("validUntil")
    ]
    try:
        return min(
            (instant(text=text, what="validUntil") for text in written if text), default=None
        )
    except ValueUnreadable as error:
        raise refusals.MetadataNotXML from error


def _certificates(
    descriptor: etree._Element, *, now: datetime
) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Those to verify with. A key without a use counts as signing (metadata 2.4.1.1)."""
    good: dict[str, Certificate] = {}
    remarks: list[str] = []
    for key in descriptor.iterchildren(md("KeyDescriptor")):
        if key.get("use") not in {None, "signing"}:
            continue
        for element in key.iter(ds("X509Certificate")):
            certificate, remark = _certificate("".join((element.text or "").split()), now=now)
            if certificate is not None:
                good[certificate.fingerprint] = certificate
            if remark:
                remarks.append(remark)
    if not good:
        raise refusals.NoSigningCertificate(why=" ".join(dict.fromkeys(remarks)))
    if len(good) > MOST_CERTIFICATES:
        raise refusals.NoSigningCertificate(why="It holds too many to be believable.")
    return tuple(good.values()), tuple(dict.fromkeys(remarks))


def _certificate(text: str, *, now: datetime) -> tuple[Certificate | None, str]:
    try:
        read = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        strong = _is_strong(read.public_key())
        certificate = _described(read)
    except (ValueError, TypeError, binascii.Error, x509.InvalidVersion, UnsupportedAlgorithm):
        # Parts of a certificate are parsed only when they are asked for.
        return None, "A certificate in it cannot be read."
    name = f"The certificate {certificate.fingerprint[:16]}"
    if not strong:
        return None, f"{name} is too weak and was left out."
    if certificate.not_after <= now:
        return None, f"{name} expired on {certificate.not_after:%Y-%m-%d} and was left out."
    ahead = f"{name} is valid from {certificate.not_before:%Y-%m-%d}."
    return certificate, ahead if certificate.not_before > now else ""


def _is_strong(key: CertificatePublicKeyTypes) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS
    )


def _described(read: x509.Certificate) -> Certificate:
    return Certificate(
        pem=read.public_bytes(serialization.Encoding.PEM).decode(),
        fingerprint=read.fingerprint(hashes.SHA256()).hex(),
        subject=read.subject.rfc4514_string()[:500],
        not_before=read.not_valid_before_utc.astimezone(UTC),
        not_after=read.not_valid_after_utc.astimezone(UTC),
    )


def _location(
    descriptor: etree._Element, service: str, binding: str, *, attribute: str = "Location"
) -> str:
    """The service's address: https, or http where it never leaves this machine; else nothing."""
    for element in descriptor.iterchildren(md(service)):
        address = element.get(attribute, "")
        if element.get("Binding") == binding and _is_address(address):
            return address
    return ""


def _is_address(address: str) -> bool:
    if len(address) > LONGEST_URL or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _local(host)))


def _local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
