"""What a posted response says about itself, read without believing a word of it.

For explaining only: which check failed, what arrived in place of what was expected, and what an
administrator pasted into the simulator. Nothing that is decided looks here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from federation.domain.logouts import LogoutExpectation
from federation.domain.saml import SUCCESS, Certificate, Expectation

LONGEST_RESPONSE = 100_000  # characters of base64: as much as a sign-in may bring
LONGEST_FACT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """Texts as they stand in the document; empty where there is nothing."""

    issuer: str = ""
    destination: str = ""
    status: str = ""
    in_response_to: str = ""
    audiences: tuple[str, ...] = ()
    recipient: str = ""
    not_before: str = ""
    not_on_or_after: str = ""
    signed: tuple[str, ...] = ()
    signed_with: tuple[str, ...] = ()
    is_encrypted: bool = False
    name_id_format: str = ""
    name_id: str = field(default="", repr=False)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedLogout:
    """Texts of a logout message as they stand in it; empty where there is nothing."""

    message: str
    issuer: str = ""
    destination: str = ""
    issued_at: str = ""
    signed: str = ""
    signed_with: tuple[str, ...] = ()
    name_id_format: str = ""
    sessions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that arrived, beside what is configured. It names nobody."""

    what: str
    found: str
    expected: str

    @property
    def fits(self) -> bool:
        return not self.expected or self.found == self.expected


def facts(*, captured: Captured, expectation: Expectation) -> tuple[Fact, ...]:
    """What an administrator compares: both sides of each value that must agree."""
    signers = _signers(captured.signed_with, expectation.certificates)
    pairs: tuple[tuple[str, str, str], ...] = (
        ("Status", captured.status.rsplit(":", 1)[-1], SUCCESS.rsplit(":", 1)[-1]),
        ("Issuer", captured.issuer, expectation.idp_entity_id),
        ("Destination", captured.destination, expectation.acs_url),
        ("Audience", ", ".join(captured.audiences), expectation.sp_entity_id),
        ("Recipient", captured.recipient, expectation.acs_url),
        ("Signed", " and ".join(captured.signed) or "nothing", ""),
        ("Signed with", signers, ""),
        ("Valid from", captured.not_before, ""),
        ("Valid until", captured.not_on_or_after, ""),
        ("NameID format", captured.name_id_format.rsplit(":", 1)[-1], ""),
    )
    if captured.is_encrypted:
        hidden = {"Audience", "Recipient", "Valid from", "Valid until", "NameID format"}
        pairs = tuple(pair for pair in pairs if pair[0] not in hidden)
    return _facts(pairs)


def logout_facts(*, captured: CapturedLogout, expectation: LogoutExpectation) -> tuple[Fact, ...]:
    """What an administrator compares where a logout message was refused."""
    issuers = sorted(expectation.issuers)
    wanted = captured.issuer if captured.issuer in issuers else " or ".join(issuers)
    signers = _signers(captured.signed_with, expectation.certificates)
    return _facts(
        (
            ("Message", captured.message, ""),
            ("Issuer", captured.issuer, wanted),
            ("Destination", captured.destination, expectation.sls_url),
            ("Issued", captured.issued_at, ""),
            ("Signed", captured.signed, ""),
            *([("Signed with", signers, "")] if captured.signed_with else []),
            ("NameID format", captured.name_id_format.rsplit(":", 1)[-1], ""),
            ("Sessions named", str(captured.sessions), ""),
        )
    )


def _facts(pairs: Iterable[tuple[str, str, str]]) -> tuple[Fact, ...]:
    return tuple(
        Fact(what=what, found=found[:LONGEST_FACT] or "nothing", expected=expected)
        for what, found, expected in pairs
    )


def _signers(found: Sequence[str], certificates: Sequence[Certificate]) -> str:
    known = {one.fingerprint for one in certificates}
    words = ["known key" if one in known else f"unknown key {one[:16]}…" for one in found]
    return ", ".join(words) or "no certificate named"
