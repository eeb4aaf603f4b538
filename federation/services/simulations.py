"""Trying claim rules on made-up attributes, or on a response that somebody captured.

A captured response is read without any proof, and the answer says so. Nothing is granted, used
up or kept, so it may be as old or as false as it likes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from federation.domain import captures, limits
from federation.domain.captures import Captured, Fact
from federation.domain.limits import LimitCheck
from federation.models import IdentityProvider
from federation.ports import ResponseReader
from federation.selectors import configurations, identity_providers
from federation.services import role_grants
from federation.services.role_grants import Explanation, Subject
from governance.kernel.refusals import FieldError, Invalid

POINTER = "/saml_response"


class CaptureUnreadable(Invalid):
    code = "saml_capture_unreadable"
    sentence = (
        "This is not a SAML response as it is posted: the base64 text of the form field "
        "SAMLResponse, of at most 100,000 characters."
    )


class CaptureEncrypted(Invalid):
    code = "saml_capture_encrypted"
    sentence = (
        "The captured response is encrypted, so there are no attributes to read in it. Run Test "
        "this application instead."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would result, and what is worth a look. `facts` are there for a captured response."""

    name_id: str
    attributes: Mapping[str, tuple[str, ...]]
    explanation: Explanation
    limits: tuple[LimitCheck, ...]
    notes: tuple[str, ...]
    facts: tuple[Fact, ...]
    is_captured: bool


def of_attributes(
    *,
    provider: IdentityProvider,
    name_id: str,
    attributes: Mapping[str, Sequence[str]],
    public_url: str,
) -> Simulation:
    """What these attributes would give, rule by rule. Nobody is signed in."""
    subject = Subject(
        issuer=provider.entity_id,
        name_id=name_id,
        name_id_format="",
        attributes={name: tuple(values) for name, values in attributes.items()},
    )
    return _simulated(provider, subject, captured=None, public_url=public_url)


def of_response(
    *, provider: IdentityProvider, saml_response: str, reader: ResponseReader, public_url: str
) -> Simulation:
    """What the response would give. Raises CaptureUnreadable or CaptureEncrypted."""
    captured = reader.captured(saml_response=saml_response)
    if captured is None or not (captured.issuer or captured.attributes or captured.is_encrypted):
        raise CaptureUnreadable(errors=[_error(CaptureUnreadable)])
    if captured.is_encrypted:
        raise CaptureEncrypted(errors=[_error(CaptureEncrypted)])
    subject = Subject(
        issuer=captured.issuer,
        name_id=captured.name_id,
        name_id_format=captured.name_id_format,
        attributes=captured.attributes,
    )
    return _simulated(provider, subject, captured=captured, public_url=public_url)


def _simulated(
    provider: IdentityProvider, subject: Subject, *, captured: Captured | None, public_url: str
) -> Simulation:
    explanation = role_grants.explained(
        configuration=configurations.of(provider), subject=subject, public_url=public_url
    )
    claims = explanation.claims
    facts: tuple[Fact, ...] = ()
    if captured is not None:
        expectation = identity_providers.expectation(provider, public_url=public_url)
        facts = captures.facts(captured=captured, expectation=expectation)
    return Simulation(
        name_id=subject.name_id,
        attributes=subject.attributes,
        explanation=explanation,
        limits=() if claims is None else limits.checked(claims=claims),
        notes=role_grants.notes(provider=provider, subject=subject, explanation=explanation),
        facts=facts,
        is_captured=captured is not None,
    )


def _error(refusal: type[Invalid]) -> FieldError:
    return FieldError(pointer=POINTER, code=refusal.code, detail=refusal.sentence)
