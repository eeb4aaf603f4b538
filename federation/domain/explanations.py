"""Every check of a sign-in in its order, in words, and what to change where one fails.

The order is that of the code: a line counts as passed only where its check is behind the one
that failed. A code that can be raised at two points stands at the earlier one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from federation.domain.remedies import REMEDIES


class State(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One check: its name, what is true once it has passed, and the codes it refuses with."""

    name: str
    passed: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    state: State
    sentence: str


def _stage(name: str, passed: str, *codes: str) -> Stage:
    return Stage(name=name, passed=passed, codes=frozenset(f"saml_{code}" for code in codes))


STAGES: tuple[Stage, ...] = (
    _stage("Provider", "It may be used.", "provider_disabled"),
    _stage("Namespace", "It is open.", "namespace_closed"),
    _stage("Size", "It is small enough.", "body_too_large", "response_too_large"),
    _stage("Encoding", "It is base64 of UTF-8.", "response_not_decodable"),
    _stage("XML", "It is plain XML.", "response_not_plain_xml"),
    _stage("Key to open it", "There is one where it is needed.", "assertion_encrypted"),
    _stage("Shape", "It is built as a sign-in response is.", "response_shape"),
    _stage("Identifiers", "Each is there once.", "identifier_not_unique"),
    _stage("Status", "The provider answered Success.", "status_not_success"),
    _stage("Signed", "There is a signature, or it is sealed inside.", "signature_missing"),
    _stage("Signature shape", "It covers what it stands in, and no more.", "signature_shape"),
    _stage("Algorithm", "It is strong enough.", "signature_algorithm"),
    _stage("Cipher", "It is an accepted one.", "encryption_shape", "encryption_algorithm"),
    _stage("Schema", "It follows the SAML 2.0 schema.", "schema_violated"),
    _stage("Message signature", "It is there where demanded.", "message_signature_missing"),
    _stage("Values", "Times and names can be read.", "value_unreadable"),
    _stage("Certificate", "One of the provider's is valid today.", "no_trusted_certificate"),
    _stage("Encrypted", "It is, where demanded.", "assertion_not_encrypted"),
    _stage("Opening", "Nothing stood against it.", "assertion_not_opened"),
    _stage("Signature", "A key of this provider made it.", "signature_invalid"),
    _stage("Destination", "It is addressed to this ACS URL.", "destination_mismatch"),
    _stage("Issuer", "It is the provider that is configured.", "issuer_mismatch"),
    _stage("Time", "It is valid now.", "assertion_expired", "assertion_not_yet_valid"),
    _stage("NameID", "It names one person.", "name_id_missing"),
    _stage("Audience", "It is made for this service.", "audience_mismatch"),
    _stage("Subject confirmation", "One bearer confirmation.", "subject_not_confirmed"),
    _stage("Recipient", "It is exactly this ACS URL.", "recipient_mismatch"),
    _stage("Conditions", "They have an end.", "conditions_missing"),
    _stage("One request", "Response and assertion answer the same.", "request_mismatch"),
    _stage("Validity", "It is short enough.", "validity_too_long"),
    _stage("Request", "It was asked for here.", "unsolicited_response", "request_unknown"),
    _stage("Browser", "It is the one that asked.", "other_browser"),
    _stage("Replay", "It was never used before.", "assertion_replayed"),
    _stage("Groups", "All of them arrived.", "groups_overage", "too_many_groups"),
    _stage("Role claim", "It names a role of this provider.", "no_role", "role_pair"),
    _stage("Session name", "It fits.", "role_session_name"),
    _stage("Session duration", "It fits.", "session_duration"),
    _stage("Principal tags", "They fit.", "principal_tag"),
    _stage("Role", "It exists.", "role_unknown"),
    _stage(
        "Role trust",
        "The provider may give it.",
        "role_does_not_trust_provider",
        "role_not_entrusted",
    ),
)


def lines(*, code: str, sentence: str) -> tuple[Line, ...]:
    """All checks, passed up to the one that refused with `code`; with none, all passed."""
    failed = next((at for at, stage in enumerate(STAGES) if code in stage.codes), None)
    if code and failed is None:
        unread = [Line(name=s.name, state=State.NOT_REACHED, sentence="") for s in STAGES]
        return (Line(name="Sign-in", state=State.FAILED, sentence=sentence), *unread)
    return tuple(
        _line(stage, at=at, failed=len(STAGES) if failed is None else failed, sentence=sentence)
        for at, stage in enumerate(STAGES)
    )


def _line(stage: Stage, *, at: int, failed: int, sentence: str) -> Line:
    if at < failed:
        return Line(name=stage.name, state=State.PASSED, sentence=stage.passed)
    if at == failed:
        return Line(name=stage.name, state=State.FAILED, sentence=sentence)
    return Line(name=stage.name, state=State.NOT_REACHED, sentence="")


def remedy(code: str) -> str:
    """What to change so that it works. Empty only for what is no refusal of a sign-in."""
    known: Mapping[str, str] = REMEDIES
    return known.get(code, "")


def page() -> str:
    """docs/sign-in-problems.md: the checks in their order, and the remedies by code."""
    rows = [f"| {stage.name} | {', '.join(_marked(stage.codes))} |" for stage in STAGES]
    return "\n".join(
        (
            "# When a sign-in fails",
            "",
            "Made from the code by `manage.py sign_in_problems_page`.",
            "",
            "A refused sign-in shows the check that failed, a code and a reference. *Sign-in log*",
            "in the admin opens the reference; *Test this application* on the provider's page",
            "shows the same before anybody else sees it.",
            "",
            "## Every check, in its order",
            "",
            "| check | codes |",
            "|---|---|",
            *rows,
            "",
            "## What to change",
            "",
            "| code | what to change |",
            "|---|---|",
            *(f"| `{code}` | {text} |" for code, text in sorted(REMEDIES.items())),
            "",
        )
    )


def _marked(codes: frozenset[str]) -> list[str]:
    return [f"`{code}`" for code in sorted(codes)]
