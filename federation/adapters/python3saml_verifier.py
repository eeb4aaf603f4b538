"""Verifying a response: guard, schema, python3-saml's signature check, then our own decisions.

Only `PythonSAMLVerifier` leaves this module: it returns the verified assertion, read from the
canonical bytes that the signature covers, or raises a refusal. Nothing else of the document is
ever handed on.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import onelogin.saml2
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response

from federation.adapters import lxml_saml_guard as guard, lxml_saml_statements as statements
from federation.adapters.lxml_saml_shapes import ds, saml
from federation.domain import assertions
from federation.domain.saml import Certificate, Expectation, ResponseRefused, VerifiedAssertion

SCHEMA = Path(onelogin.saml2.__file__).parent / "schemas" / "saml-schema-protocol-2.0.xsd"


class SchemaViolated(ResponseRefused):
    code = "saml_schema_violated"
    sentence = "The response does not follow the SAML 2.0 schema."
    check = "schema"


class NoTrustedCertificate(ResponseRefused):
    code = "saml_no_trusted_certificate"
    sentence = (
        "No certificate of the identity provider is valid today. Import its current metadata."
    )
    check = "certificate"


class SignatureInvalid(ResponseRefused):
    code = "saml_signature_invalid"
    sentence = (
        "The signature was not made with a certificate of this identity provider, or the "
        "content was changed after signing."
    )
    check = "signature"


class MessageSignatureMissing(ResponseRefused):
    code = "saml_message_signature_missing"
    sentence = "This identity provider must sign the whole response, and did not."
    check = "signature"


@cache
def schema() -> etree.XMLSchema:
    """The protocol schema, parsed once: python3-saml parses it on every call."""
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


class _Settings:
    """What python3-saml asks of its settings for the checks that are left to it.

    Not strict: its strict checks read the wall clock, allow 300 seconds of drift and compare
    addresses by prefix. `assertions.accepted` makes all of them exactly.
    """

    def __init__(self, *, expectation: Expectation, certificates: Sequence[str]) -> None:
        self.idp: dict[str, object] = {
            "entityId": expectation.idp_entity_id,
            "x509certMulti": {"signing": list(certificates)},
        }
        self.sp = {"entityId": expectation.sp_entity_id}

    def get_idp_data(self) -> dict[str, object]:
        return self.idp

    def get_sp_data(self) -> dict[str, str]:
        return self.sp

    def get_idp_cert(self) -> str:
        return ""

    def get_security_data(self) -> dict[str, bool]:
        return {"rejectDeprecatedAlgorithm": True}

    def is_strict(self) -> bool:
        return False

    def is_debug_active(self) -> bool:
        return False


class _ParsedResponse(OneLogin_Saml2_Response):  # type: ignore[misc] # python3-saml has no types
    """python3-saml's response over the tree that the guard has parsed: one parser, one tree."""

    def __init__(self, *, settings: _Settings, document: etree._Element) -> None:
        self._settings = settings
        self._error = None
        self.response = b""
        self.document = document
        self.decrypted_document = None
        self.encrypted = None
        self.valid_scd_not_on_or_after = None


class PythonSAMLVerifier:
    """The port's implementation with python3-saml and lxml."""

    def verified_assertion(
        self, *, saml_response: str, expectation: Expectation, now: datetime
    ) -> VerifiedAssertion:
        document = guard.guarded(raw=guard.decoded(text=saml_response))
        if not schema().validate(document.response):
            raise SchemaViolated
        if expectation.want_messages_signed and not document.response_signed:
            raise MessageSignatureMissing
        # Unsigned unless the message is: it can only be the reason for a refusal.
        envelope = statements.envelope(response=document.response)
        trusted = [c.pem for c in trusted_certificates(expectation.certificates, now=now)]
        _check_signatures(document, _Settings(expectation=expectation, certificates=trusted))
        statement = statements.statement(assertion=_signed_assertion(document))
        return assertions.accepted(
            envelope=envelope, statement=statement, expectation=expectation, now=now
        )


def trusted_certificates(
    certificates: Sequence[Certificate], *, now: datetime
) -> Sequence[Certificate]:
    """Those valid now. With none, nobody signs in: an expired key proves nothing."""
    trusted = [certificate for certificate in certificates if certificate.is_valid(at=now)]
    if not trusted:
        raise NoTrustedCertificate
    return trusted


def _check_signatures(document: guard.GuardedResponse, settings: _Settings) -> None:
    response = _ParsedResponse(settings=settings, document=document.response)
    if not response.is_valid(request_data={}):
        raise SignatureInvalid


def _signed_assertion(document: guard.GuardedResponse) -> etree._Element:
    """The assertion, parsed anew from the canonical form of what was signed."""
    signed = document.assertion if document.assertion_signed else document.response
    canonical = etree.tostring(_without_signature(signed), method="c14n", exclusive=True)
    root = etree.fromstring(canonical, guard.parser())
    found = root if root.tag == saml("Assertion") else root.find(saml("Assertion"))
    if found is None:
        raise SignatureInvalid
    return found


def _without_signature(signed: etree._Element) -> etree._Element:
    """A copy as the enveloped-signature transform leaves it."""
    copy = etree.fromstring(etree.tostring(signed, method="c14n", exclusive=True), guard.parser())
    signature = copy.find(ds("Signature"))
    if signature is not None:
        copy.remove(signature)
    return copy
