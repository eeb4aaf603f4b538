"""What federation needs from outside: SAML documents, directories, counters of failed sign-ins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from federation.domain.attempts import Attempt
from federation.domain.captures import Captured, CapturedLogout
from federation.domain.directories import DirectoryPerson, DirectorySettings, Examination
from federation.domain.login_names import LoginName
from federation.domain.logouts import (
    LogoutExpectation,
    OutgoingMessage,
    ReceivedLogout,
)
from federation.domain.metadata import ProviderMetadata
from federation.domain.rates import Knock
from federation.domain.saml import (
    Certificate,
    Departure,
    Expectation,
    OwnDescription,
    VerifiedAssertion,
)
from governance.kernel.personal import Personal


class Directory(Protocol):
    """An LDAP directory, or Active Directory, that knows people's passwords and groups."""

    def authenticate(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> DirectoryPerson:
        """The person whose name and password these are, with their groups.

        Raises SignInRefused (with a reason for the audit trail), DirectoryUnavailable where no
        server answers within the settings' time, DirectoryMisconfigured where the servers
        refuse the bind account. A blank password is refused without asking anybody.
        """
        ...

    def look_again(self, *, settings: DirectorySettings, name: LoginName) -> DirectoryPerson:
        """The person as the bind account finds them now. Needs one; the rest is as above."""
        ...

    def examine(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> Examination:
        """The same, told stage by stage and without raising. Details name nobody."""
        ...


class SignInThrottle(Protocol):
    """Counts failed sign-ins by account and by network, and knows passwords that just failed."""

    def admit(self, *, attempt: Attempt) -> None:
        """Take a place for one try. Exactly one of the other three must follow.

        Raises SignInsExhausted over the budget, SignInRefused for a password that failed a
        moment ago, Unavailable where the counters cannot be read. Tries under way count as
        failures, so that parallel tries cannot pass together.
        """
        ...

    def failed(self, *, attempt: Attempt) -> None:
        """The directory refused this try."""
        ...

    def passed(self, *, attempt: Attempt) -> None:
        """The directory accepted this try: the account starts anew."""
        ...

    def abandoned(self, *, attempt: Attempt) -> None:
        """The directory gave no answer: nothing was learned, and nothing is counted."""
        ...


class RequestThrottle(Protocol):
    """Counts what arrives at the doors of single sign-on, by network and by provider."""

    def take(self, *, knock: Knock) -> None:
        """Raises RequestsExhausted over a budget, Unavailable where the counters cannot be read."""
        ...


class AssertionVerifier(Protocol):
    """The only way from a posted SAML response to something that may be believed."""

    def verified_assertion(
        self, *, saml_response: str, expectation: Expectation, now: datetime
    ) -> VerifiedAssertion:
        """Raises a ResponseRefused that names the check that failed."""
        ...


class ResponseReader(Protocol):
    """What a response says about itself, to explain it and for nothing else."""

    def captured(self, *, saml_response: str) -> Captured | None:
        """Unproved texts; None where the response is too large or is no plain XML."""
        ...


class LogoutReader(Protocol):
    """What a logout message says about itself, to explain its refusal and for nothing else."""

    def redirected(self, *, query: str) -> CapturedLogout | None:
        """Unproved texts; None where the query or the document in it cannot be read."""
        ...

    def posted(self, *, parameters: Mapping[str, Sequence[str]]) -> CapturedLogout | None: ...


class LogoutVerifier(Protocol):
    """The only way from a logout message to something that may be believed."""

    def redirected(
        self, *, query: str, expectation: LogoutExpectation, now: datetime
    ) -> ReceivedLogout:
        """From the raw query of HTTP-Redirect, whose very characters are signed.

        Raises a ResponseRefused that names the check that failed.
        """
        ...

    def posted(
        self,
        *,
        parameters: Mapping[str, Sequence[str]],
        expectation: LogoutExpectation,
        now: datetime,
    ) -> ReceivedLogout:
        """From the form of HTTP-POST, whose document is signed. Raises likewise."""
        ...


class MetadataReader(Protocol):
    """Identity provider metadata, read but not trusted."""

    def provider_metadata(self, *, xml: str, entity_id: str, now: datetime) -> ProviderMetadata:
        """Raises a MetadataRefused that says what is wrong with the document.

        `entity_id` chooses one entity of a federation's file; empty where there is one.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """Our key pair towards an identity provider, both as PEM."""

    private_key: Personal[str]
    certificate: str


class SAMLWriter(Protocol):
    """SAML documents that we send: requests, answers to logout requests, and our own metadata."""

    def redirected(
        self, *, message: OutgoingMessage, own_key: OwnKey | None, now: datetime
    ) -> Departure:
        """HTTP-Redirect binding: the address to go to, its query signed if a key is given."""
        ...

    def posted(
        self, *, message: OutgoingMessage, own_key: OwnKey | None, now: datetime
    ) -> Departure:
        """HTTP-POST binding: the form to post, the document in it signed if a key is given."""
        ...

    def own_metadata(self, *, description: OwnDescription, signed_by: OwnKey | None) -> str:
        """Our metadata, signed if a key is given."""
        ...


class MetadataFetcher(Protocol):
    """Documents at addresses that an administrator typed."""

    def fetched(self, *, url: str) -> str:
        """The text there. Raises AddressNotAllowed, AddressUnreachable or MetadataRefused."""
        ...


class OwnKeyMaker(Protocol):
    """Makes key pairs for our side."""

    def own_key(self, *, common_name: str, now: datetime) -> tuple[OwnKey, Certificate]:
        """A fresh key, and its certificate's description."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPorts:
    """What configuring an identity provider needs from outside, together."""

    reader: MetadataReader
    fetcher: MetadataFetcher
    key_maker: OwnKeyMaker
