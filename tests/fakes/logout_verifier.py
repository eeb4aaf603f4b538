"""An identity provider's word on logouts without XML: who signed, and what it says, as JSON.

It decides as the real one does, by `federation.domain.logouts`; what it leaves out is the
document: guard, schema, canonical forms and cryptography.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from federation.adapters.python3saml_logouts import LogoutNotDecodable, LogoutUnsigned
from federation.adapters.python3saml_signatures import SignatureInvalid, trusted
from federation.domain import logouts
from federation.domain.logouts import (
    LogoutExpectation,
    ReceivedLogout,
    ReceivedRequest,
    ReceivedResponse,
)
from tests.fakes.idp import KeyPair
from tests.fakes.idp_logouts import Logout


def written(logout: Logout, *, key: KeyPair | None) -> str:
    """What this fake accepts, by either binding."""
    ends = logout.not_on_or_after
    said = {
        "kind": logout.kind,
        "signed_by": None if key is None else key.certificate_pem,
        "message_id": logout.message_id,
        "issuer": logout.issuer,
        "destination": logout.destination,
        "version": logout.version,
        "issued_at": (logout.now + logout.issued).isoformat(),
        "not_on_or_after": None if ends is None else (logout.now + ends).isoformat(),
        "name_id": logout.name_id,
        "session_indexes": list(logout.session_indexes),
        "in_response_to": logout.in_response_to,
        "statuses": list(logout.statuses),
    }
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


class FakeLogoutVerifier:
    """Believes a message that names a certificate which is valid now."""

    def redirected(
        self, *, query: str, expectation: LogoutExpectation, now: datetime
    ) -> ReceivedLogout:
        return _accepted(query, expectation=expectation, now=now)

    def posted(
        self,
        *,
        parameters: Mapping[str, Sequence[str]],
        expectation: LogoutExpectation,
        now: datetime,
    ) -> ReceivedLogout:
        (text,) = next(iter(parameters.values()))
        return _accepted(text, expectation=expectation, now=now)


def _accepted(text: str, *, expectation: LogoutExpectation, now: datetime) -> ReceivedLogout:
    try:
        said = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, binascii.Error) as error:
        raise LogoutNotDecodable from error
    if said["signed_by"] is None:
        raise LogoutUnsigned
    if said["signed_by"] not in trusted(expectation.certificates, now=now):
        raise SignatureInvalid
    shared = {name: said[name] for name in ("message_id", "issuer", "destination", "version")}
    shared["issued_at"] = datetime.fromisoformat(said["issued_at"])
    message: ReceivedLogout
    if said["kind"] == "LogoutResponse":
        message = ReceivedResponse(
            **shared, in_response_to=said["in_response_to"], statuses=tuple(said["statuses"])
        )
    else:
        ends = said["not_on_or_after"]
        message = ReceivedRequest(
            **shared,
            not_on_or_after=None if ends is None else datetime.fromisoformat(ends),
            name_id=said["name_id"],
            session_indexes=tuple(said["session_indexes"]),
        )
    return logouts.accepted(message=message, expectation=expectation, now=now)
