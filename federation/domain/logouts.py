"""Single logout: the messages of both directions, and what one from outside must meet.

SAML 2.0 core 3.7, profiles 4.4 and bindings 3.4/3.5. A logout ends sessions and does nothing
else, but a forged one would sign people out at a stranger's will: it is held to the same rules
as a sign-in.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from federation.domain.assertions import LONGEST_NAME_ID
from federation.domain.saml import SUCCESS, AuthnRequest, Certificate, ResponseRefused

MESSAGE_LIFE = timedelta(minutes=5)
LONGEST_RELAY_STATE = 1024  # The bindings say 80 bytes (3.4.3); many send more.
MOST_SESSION_INDEXES = 50


class LogoutStatus(StrEnum):
    SUCCESS = SUCCESS
    REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
    UNKNOWN_PRINCIPAL = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
    PARTIAL_LOGOUT = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"


class LogoutIssuerMismatch(ResponseRefused):
    code = "saml_logout_issuer_mismatch"
    sentence = (
        "The logout message was issued by somebody else than the identity provider configured "
        "here. If the provider signs out under a second name, enter it as its issuer alias."
    )
    check = "issuer"


class LogoutDestinationMismatch(ResponseRefused):
    code = "saml_logout_destination_mismatch"
    sentence = (
        "The logout message is addressed to another place than this logout URL. Copy the address "
        "from the provider's page."
    )
    check = "destination"


class LogoutExpired(ResponseRefused):
    code = "saml_logout_expired"
    sentence = "The logout message is too old. Sign out again; if it persists compare clocks."
    check = "time"


class LogoutNotYetValid(ResponseRefused):
    code = "saml_logout_not_yet_valid"
    sentence = "The logout message comes from the future. Compare the clocks of both sides."
    check = "time"


class LogoutNamesNobody(ResponseRefused):
    code = "saml_logout_names_nobody"
    sentence = "The logout request must name one person, as the sign-in did, and not encrypted."
    check = "name ID"


class LogoutVersionUnknown(ResponseRefused):
    code = "saml_logout_version"
    sentence = "The logout message is not of SAML 2.0."
    check = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A LogoutRequest that we send."""

    request_id: str
    destination: str
    issuer: str
    name_id: str = field(repr=False)
    name_id_format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    session_index: str = ""
    relay_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResponse:
    """A LogoutResponse that we send. `relay_state` is the requester's own, given back."""

    response_id: str
    destination: str
    issuer: str
    in_response_to: str
    status: LogoutStatus
    detail: LogoutStatus | None = None
    relay_state: str = ""


OutgoingMessage = AuthnRequest | LogoutRequest | LogoutResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutExpectation:
    """What a logout message must meet. All of it is our own configuration."""

    issuers: frozenset[str]
    certificates: tuple[Certificate, ...]
    sls_url: str
    clock_skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A LogoutRequest whose signature is good. `usable_until` is when time alone refuses it."""

    message_id: str
    issuer: str
    destination: str | None
    version: str
    issued_at: datetime
    not_on_or_after: datetime | None
    name_id: str | None = field(repr=False)
    session_indexes: tuple[str, ...]
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    relay_state: str = ""

    def usable_until(self, *, skew: timedelta) -> datetime:
        ends = [self.issued_at + MESSAGE_LIFE]
        if self.not_on_or_after is not None:
            ends.append(self.not_on_or_after)
        return min(ends) + skew


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedResponse:
    """A LogoutResponse whose signature is good."""

    message_id: str
    issuer: str
    destination: str | None
    version: str
    issued_at: datetime
    in_response_to: str | None
    statuses: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the provider signed the person out of everything it knows of."""
        return self.statuses[:1] == (SUCCESS,) and (
            LogoutStatus.PARTIAL_LOGOUT not in self.statuses
        )


ReceivedLogout = ReceivedRequest | ReceivedResponse


def accepted(
    *, message: ReceivedLogout, expectation: LogoutExpectation, now: datetime
) -> ReceivedLogout:
    """The message, or the refusal of the first check that fails."""
    if message.version != "2.0":
        raise LogoutVersionUnknown
    if message.issuer not in expectation.issuers or not message.issuer:
        raise LogoutIssuerMismatch
    if message.destination != expectation.sls_url:
        raise LogoutDestinationMismatch
    skew = expectation.clock_skew
    if message.issued_at > now + skew:
        raise LogoutNotYetValid
    if message.issued_at + MESSAGE_LIFE + skew <= now:
        raise LogoutExpired
    if isinstance(message, ReceivedRequest):
        check_request(request=message, skew=skew, now=now)
    return message


def check_request(*, request: ReceivedRequest, skew: timedelta, now: datetime) -> None:
    if request.usable_until(skew=skew) <= now:
        raise LogoutExpired
    name_id = request.name_id
    if not name_id or name_id != name_id.strip() or len(name_id) > LONGEST_NAME_ID:
        raise LogoutNamesNobody
    if not name_id.isprintable() or any(not index for index in request.session_indexes):
        raise LogoutNamesNobody


def outcome(*, ended: int, known: int) -> tuple[LogoutStatus, LogoutStatus | None]:
    """What to answer. Sessions that had ended before are no failure (profiles 4.4.3.2).

    Partial logout is a word of identity providers: we have nobody to pass a logout on to.
    """
    if ended or known:
        return LogoutStatus.SUCCESS, None
    return LogoutStatus.REQUESTER, LogoutStatus.UNKNOWN_PRINCIPAL
