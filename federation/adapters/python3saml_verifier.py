"""Verifying a response: guard, schema, python3-saml's signature check, then our own decisions.

Only `PythonSAMLVerifier` leaves this module: it returns the verified assertion, read from the
canonical bytes that the signature covers, or raises a refusal. Nothing else of the document is
ever handed on.

An encrypted assertion is opened after the response's own signature, if it has one, was found
good; the guard then looks at the clear document as it did at the outer one, and the assertion
must be signed inside (threat T11). CBC tells nothing of changed ciphertext, so for it every
failure from opening to the good signature is one and the same refusal: which of them it was
would decrypt an assertion for whoever may ask often enough (Jager and Somorovsky, 2011).
"""

from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path

import onelogin.saml2
from lxml import etree

from federation.adapters import (
    cryptography_decryption as decryption,
    lxml_saml_documents as documents,
    lxml_saml_guard as guard,
    lxml_saml_statements as statements,
    python3saml_signatures as signatures,
)
from federation.adapters.lxml_saml_encryption import Sealed
from federation.adapters.lxml_saml_shapes import saml
from federation.adapters.python3saml_signatures import SignatureInvalid
from federation.domain import assertions
from federation.domain.saml import Expectation, ResponseRefused, VerifiedAssertion

SCHEMA = Path(onelogin.saml2.__file__).parent / "schemas" / "saml-schema-protocol-2.0.xsd"
RESPONSE, ASSERTION = "/samlp:Response", "/saml:Assertion"


class SchemaViolated(ResponseRefused):
    code = "saml_schema_violated"
    sentence = "The message does not follow the SAML 2.0 schema."
    check = "schema"


class MessageSignatureMissing(ResponseRefused):
    code = "saml_message_signature_missing"
    sentence = "This identity provider must sign the whole response, and did not."
    check = "signature"


@cache
def schema() -> etree.XMLSchema:
    """The protocol schema, parsed once: python3-saml parses it on every call."""
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def check_schema(element: etree._Element) -> None:
    if not schema().validate(element):
        raise SchemaViolated


class PythonSAMLVerifier:
    """The port's implementation with python3-saml and lxml."""

    def verified_assertion(
        self, *, saml_response: str, expectation: Expectation, now: datetime
    ) -> VerifiedAssertion:
        document = guard.guarded(
            raw=documents.decoded(text=saml_response), opens=bool(expectation.opening_keys)
        )
        check_schema(_without_sealed(document))
        if expectation.want_messages_signed and not document.response_signed:
            raise MessageSignatureMissing
        # Unsigned unless the message is: it can only be the reason for a refusal.
        envelope = statements.envelope(response=document.response)
        trusted = signatures.trusted(expectation.certificates, now=now)
        signed = _signed_assertion(document, expectation, trusted=trusted)
        statement = statements.statement(assertion=signed)
        return assertions.accepted(
            envelope=envelope, statement=statement, expectation=expectation, now=now
        )


def _without_sealed(document: guard.GuardedResponse) -> etree._Element:
    """What the schema can judge: it does not know the words of XML Encryption 1.1.

    The guard has compared the encrypted part with its one accepted shape.
    """
    if document.sealed is None:
        return document.response
    copy = deepcopy(document.response)
    for encrypted in copy.findall(documents.ENCRYPTED_ASSERTION):
        copy.remove(encrypted)
    return copy


def _signed_assertion(
    document: guard.GuardedResponse, expectation: Expectation, *, trusted: list[str]
) -> etree._Element:
    """The assertion as it was signed. Every signature in the document must be good."""
    root, assertion = document.response, document.assertion
    if assertion is not None and expectation.want_assertions_encrypted:
        raise guard.AssertionNotEncrypted
    if document.response_signed:
        signatures.verify(root=root, path=RESPONSE, certificates=trusted)
    if document.sealed is not None:
        return _opened(document.sealed, expectation, trusted=trusted)
    if document.assertion_signed:
        signatures.verify(root=root, path=f"{RESPONSE}{ASSERTION}", certificates=trusted)
    content = signatures.signed_content(
        element=assertion if assertion is not None and document.assertion_signed else root
    )
    found = content if content.tag == saml("Assertion") else content.find(saml("Assertion"))
    if found is None:
        raise SignatureInvalid
    return found


def _opened(sealed: Sealed, expectation: Expectation, *, trusted: list[str]) -> etree._Element:
    clear = decryption.opened(sealed=sealed, keys=expectation.opening_keys)
    try:
        assertion = guard.guarded_assertion(raw=clear)
        check_schema(assertion)
        signatures.verify(root=assertion, path=ASSERTION, certificates=trusted)
    except ResponseRefused as refusal:
        if sealed.is_authenticated:
            raise
        raise decryption.AssertionNotOpened from refusal
    return signatures.signed_content(element=assertion)
