"""The words of a SAML sign-in: addresses, what is expected, and what a verified assertion says.

Refusals of a response all derive from `ResponseRefused`; the class names the check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from governance.kernel.personal import Personal
from governance.kernel.refusals import Forbidden

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
ASSERTION_NS = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL_NS = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA_NS = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE_NS = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION_NS = "http://www.w3.org/2001/04/xmlenc#"
ENCRYPTION_11_NS = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"


class ResponseRefused(Forbidden):
    """A SAML response was not accepted. `check` is the name of the check in words."""

    code = "saml_response_refused"
    sentence = "The sign-in response was refused."
    check: ClassVar[str] = "response"
    # What the claim rules made of the person, where it came to that: for the sign-in log.
    explanation: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """Our own addresses towards one identity provider, made from configuration alone."""

    entity_id: str
    acs_url: str
    sls_url: str
    metadata_url: str
    login_url: str

    @classmethod
    def at(cls, *, public_url: str, namespace: str, provider: str) -> "ServiceProvider":
        base = f"{public_url.rstrip('/')}/saml/{namespace}/{provider}"
        return cls(
            entity_id=f"{base}/metadata/",
            metadata_url=f"{base}/metadata/",
            acs_url=f"{base}/acs/",
            sls_url=f"{base}/sls/",
            login_url=f"{base}/login/",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest:
    """A request for a sign-in. `force_authn`: the provider must ask the person again."""

    request_id: str
    destination: str
    issuer: str
    acs_url: str
    relay_state: str
    force_authn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where a browser goes next with a message of ours: an address, or a form to post there."""

    address: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDescription:
    """What our metadata says of us towards one identity provider. Certificates are PEM text."""

    service_provider: ServiceProvider
    requests_signed: bool
    signing_certificates: tuple[str, ...]
    encryption_certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that a provider signs with, as PEM text."""

    pem: str
    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime

    def is_valid(self, *, at: datetime) -> bool:
        return self.not_before <= at < self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a response must meet. All of it is our own configuration, none of it the sender's."""

    idp_entity_id: str
    certificates: tuple[Certificate, ...]
    sp_entity_id: str
    acs_url: str
    want_messages_signed: bool
    max_validity: timedelta
    clock_skew: timedelta
    opening_keys: tuple[Personal[str], ...] = ()
    want_assertions_encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """What a verified element says, and nothing that stood outside it.

    `in_response_to` is the signed value of SubjectConfirmationData; None where nobody asked.
    `usable_until` is when a second use becomes impossible by time alone. The qualifiers belong to
    the NameID (core 2.2.2): a logout must name the person with the same ones.
    """

    assertion_id: str
    issuer: str
    name_id: str = field(repr=False)
    name_id_format: str
    in_response_to: str | None
    usable_until: datetime
    authenticated_at: datetime
    session_index: str
    session_not_on_or_after: datetime | None
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
