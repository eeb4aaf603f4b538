"""Whether an assertion whose signature is good may be used here and now.

python3-saml looks at times, audience, recipient and destination leniently or not at all, so
every one of these is decided here, on plain values (SAML 2.0 profiles, 4.1.4.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from federation.domain.saml import (
    BEARER,
    SUCCESS,
    Expectation,
    ResponseRefused,
    VerifiedAssertion,
)

LONGEST_NAME_ID = 1024


class StatusNotSuccess(ResponseRefused):
    code = "saml_status_not_success"
    sentence = "The identity provider did not sign the person in: it answered {status}."
    check = "status"


class IssuerMismatch(ResponseRefused):
    code = "saml_issuer_mismatch"
    sentence = (
        "The response was issued by somebody else than the identity provider configured here. "
        "Compare the entity ID in its metadata."
    )
    check = "issuer"


class DestinationMismatch(ResponseRefused):
    code = "saml_destination_mismatch"
    sentence = "The response is addressed to another place than this ACS URL."
    check = "destination"


class AudienceMismatch(ResponseRefused):
    code = "saml_audience_mismatch"
    sentence = (
        "The assertion is not made for this service: its one audience restriction must name the "
        "Entity ID shown on the provider's page."
    )
    check = "audience"


class SubjectNotConfirmed(ResponseRefused):
    code = "saml_subject_not_confirmed"
    sentence = "The assertion needs exactly one bearer confirmation of its subject, with an expiry."
    check = "subject confirmation"


class RecipientMismatch(ResponseRefused):
    code = "saml_recipient_mismatch"
    sentence = "The assertion's recipient is not exactly this ACS URL."
    check = "recipient"


class NameIDMissing(ResponseRefused):
    code = "saml_name_id_missing"
    sentence = "The assertion names nobody: its NameID is missing, blank or too long."
    check = "name ID"


class AssertionExpired(ResponseRefused):
    code = "saml_assertion_expired"
    sentence = "The assertion is too old ({what}). Sign in again; if it persists compare clocks."
    check = "time"


class AssertionNotYetValid(ResponseRefused):
    code = "saml_assertion_not_yet_valid"
    sentence = "The assertion is not valid yet ({what}). Compare the clocks of both sides."
    check = "time"


class ValidityTooLong(ResponseRefused):
    code = "saml_validity_too_long"
    sentence = "The assertion claims to be valid for longer than this provider is allowed to."
    check = "validity"


class ConditionsMissing(ResponseRefused):
    code = "saml_conditions_missing"
    sentence = "The assertion has no expiry: Conditions with NotOnOrAfter are needed."
    check = "conditions"


class RequestMismatch(ResponseRefused):
    code = "saml_request_mismatch"
    sentence = "The response answers one request and its assertion another."
    check = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One SubjectConfirmation, as written. Absent attributes are None."""

    method: str
    recipient: str | None
    not_before: datetime | None
    not_on_or_after: datetime | None
    in_response_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the Response element says about itself. It is signed only if the message was."""

    issuer: str | None
    destination: str | None
    in_response_to: str | None
    issued_at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a signed assertion says, as read from the verified bytes; nothing is decided yet."""

    assertion_id: str
    issuer: str
    issued_at: datetime
    name_id: str = field(repr=False)
    name_id_format: str
    confirmations: tuple[Confirmation, ...]
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: tuple[tuple[str, ...], ...]
    authenticated_at: datetime
    session_index: str
    session_not_on_or_after: datetime | None
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def accepted(
    *, envelope: Envelope, statement: Statement, expectation: Expectation, now: datetime
) -> VerifiedAssertion:
    """The verified assertion, or the refusal of the first check that fails."""
    check_envelope(envelope=envelope, expectation=expectation, now=now)
    if statement.issuer != expectation.idp_entity_id:
        raise IssuerMismatch
    check_name_id(statement=statement)
    if len(statement.audiences) != 1 or expectation.sp_entity_id not in statement.audiences[0]:
        raise AudienceMismatch
    confirmation, until = confirmed(statement=statement, expectation=expectation)
    if envelope.in_response_to is not None and (
        envelope.in_response_to != confirmation.in_response_to
    ):
        raise RequestMismatch
    check_times(statement=statement, until=until, expectation=expectation, now=now)
    return VerifiedAssertion(
        assertion_id=statement.assertion_id,
        issuer=statement.issuer,
        name_id=statement.name_id,
        name_id_format=statement.name_id_format,
        in_response_to=confirmation.in_response_to,
        usable_until=until + expectation.clock_skew,
        authenticated_at=min(statement.authenticated_at, now),
        session_index=statement.session_index,
        session_not_on_or_after=statement.session_not_on_or_after,
        name_qualifier=statement.name_qualifier,
        sp_name_qualifier=statement.sp_name_qualifier,
        attributes=statement.attributes,
    )


def check_envelope(*, envelope: Envelope, expectation: Expectation, now: datetime) -> None:
    if envelope.destination != expectation.acs_url:
        raise DestinationMismatch
    if envelope.issuer is not None and envelope.issuer != expectation.idp_entity_id:
        raise IssuerMismatch
    if envelope.status != SUCCESS:
        raise StatusNotSuccess(status=envelope.status.rsplit(":", 1)[-1][:80] or "nothing")
    check_issued(issued_at=envelope.issued_at, expectation=expectation, now=now)


def check_issued(*, issued_at: datetime, expectation: Expectation, now: datetime) -> None:
    if issued_at > now + expectation.clock_skew:
        raise AssertionNotYetValid(what="it was issued in the future")
    if issued_at + expectation.max_validity + expectation.clock_skew <= now:
        raise AssertionExpired(what="it was issued too long ago")


def check_name_id(*, statement: Statement) -> None:
    """Surrounding blanks are refused, not trimmed: two spellings would be one person."""
    name_id = statement.name_id
    if not name_id or name_id != name_id.strip() or len(name_id) > LONGEST_NAME_ID:
        raise NameIDMissing
    if not name_id.isprintable():
        raise NameIDMissing


def confirmed(*, statement: Statement, expectation: Expectation) -> tuple[Confirmation, datetime]:
    """The one bearer confirmation, and until when it and the conditions both hold."""
    if len(statement.confirmations) != 1:
        raise SubjectNotConfirmed
    confirmation = statement.confirmations[0]
    # The web browser profile forbids NotBefore here (4.1.4.2).
    if confirmation.method != BEARER or confirmation.not_before is not None:
        raise SubjectNotConfirmed
    if confirmation.recipient != expectation.acs_url:
        raise RecipientMismatch
    if confirmation.not_on_or_after is None:
        raise SubjectNotConfirmed
    if statement.not_on_or_after is None:
        raise ConditionsMissing
    return confirmation, min(confirmation.not_on_or_after, statement.not_on_or_after)


def check_times(
    *, statement: Statement, until: datetime, expectation: Expectation, now: datetime
) -> None:
    """NotOnOrAfter is the first moment that is too late; the skew shifts both ends."""
    skew = expectation.clock_skew
    check_issued(issued_at=statement.issued_at, expectation=expectation, now=now)
    if statement.not_before is not None and now + skew < statement.not_before:
        raise AssertionNotYetValid(what="its NotBefore lies ahead")
    if until + skew <= now:
        raise AssertionExpired(what="its NotOnOrAfter has passed")
    if statement.session_not_on_or_after is not None and statement.session_not_on_or_after <= now:
        raise AssertionExpired(what="its session has ended")
    if statement.authenticated_at > now + skew:
        raise AssertionNotYetValid(what="it reports a sign-in in the future")
    if longest_use(statement=statement) > expectation.max_validity + skew:
        raise ValidityTooLong


def longest_use(*, statement: Statement) -> timedelta:
    """From issue to the latest end that the assertion names."""
    ends = [c.not_on_or_after for c in statement.confirmations if c.not_on_or_after]
    if statement.not_on_or_after is not None:
        ends.append(statement.not_on_or_after)
    return max(end - statement.issued_at for end in ends)
