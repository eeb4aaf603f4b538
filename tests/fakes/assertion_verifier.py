"""An identity provider's word without XML: who signed, and what the response says, as JSON.

It decides as the real one does, by `federation.domain.assertions`; what it leaves out is the
document: guard, schema, canonical forms and cryptography.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from federation.adapters.lxml_saml_documents import ResponseNotDecodable
from federation.adapters.lxml_saml_guard import SignatureMissing
from federation.adapters.python3saml_signatures import NoTrustedCertificate, SignatureInvalid
from federation.adapters.python3saml_verifier import MessageSignatureMissing
from federation.domain import assertions
from federation.domain.assertions import Confirmation, Envelope, Statement
from federation.domain.saml import Expectation, VerifiedAssertion
from tests.fakes.idp import KeyPair, Response


def written(response: Response, *, key: KeyPair | None, sign: str) -> str:
    """What this fake accepts as SAMLResponse. `key` signs the element named `sign`."""
    said = {field.name: getattr(response, field.name) for field in fields(response)}
    document = {
        "signed_by": None if key is None else key.fingerprint,
        "message_signed": sign != "Assertion",
        "said": said,
    }
    return base64.b64encode(json.dumps(document, default=_as_text).encode()).decode()


def _as_text(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            raise TypeError(value)


@dataclass(frozen=True)
class FakeAssertionVerifier:
    """Believes a response that names the fingerprint of a certificate that is valid now."""

    def verified_assertion(
        self, *, saml_response: str, expectation: Expectation, now: datetime
    ) -> VerifiedAssertion:
        try:
            document = json.loads(base64.b64decode(saml_response, validate=True))
            said = _Said(document["said"])
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise ResponseNotDecodable from error
        if document["signed_by"] is None:
            raise SignatureMissing
        if expectation.want_messages_signed and not document["message_signed"]:
            raise MessageSignatureMissing
        trusted = {one.fingerprint for one in expectation.certificates if one.is_valid(at=now)}
        if not trusted:
            raise NoTrustedCertificate
        if document["signed_by"] not in trusted:
            raise SignatureInvalid
        return assertions.accepted(
            envelope=said.envelope(), statement=said.statement(), expectation=expectation, now=now
        )


@dataclass(frozen=True)
class _Said:
    """The fields of a `tests.fakes.idp.Response`, back from JSON."""

    values: Mapping[str, Any]

    def _at(self, name: str) -> datetime | None:
        seconds = self.values[name]
        if seconds is None:
            return None
        return datetime.fromisoformat(self.values["now"]) + timedelta(seconds=seconds)

    def _surely_at(self, name: str) -> datetime:
        at = self._at(name)
        assert at is not None
        return at

    def envelope(self) -> Envelope:
        return Envelope(
            issuer=self.values["response_issuer"],
            destination=self.values["destination"],
            in_response_to=self.values["response_in_response_to"],
            issued_at=self._surely_at("response_issued"),
            status=self.values["status"],
        )

    def statement(self) -> Statement:
        confirmation = Confirmation(
            method=self.values["method"],
            recipient=self.values["recipient"],
            not_before=None,
            not_on_or_after=self._at("confirmed_until"),
            in_response_to=self.values["in_response_to"],
        )
        return Statement(
            assertion_id=self.values["assertion_id"],
            issuer=self.values["issuer"],
            issued_at=self._surely_at("issued"),
            name_id=self.values["name_id"],
            name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            confirmations=(confirmation,),
            not_before=self._at("not_before"),
            not_on_or_after=self._at("not_on_or_after"),
            audiences=tuple(tuple(one) for one in self.values["audiences"]),
            authenticated_at=self._surely_at("authenticated"),
            session_index=self.values["session_index"],
            session_not_on_or_after=self._at("session_not_on_or_after"),
            attributes={name: tuple(ones) for name, ones in self.values["attributes"].items()},
        )
