"""Keeping a refused sign-in, or logout, with what its administrator needs to set it right."""

from datetime import datetime

from federation.domain import captures
from federation.domain.captures import CapturedLogout, Fact
from federation.models import IdentityProvider
from federation.ports import ResponseReader
from federation.selectors import identity_providers
from federation.services import sign_in_attempts
from federation.services.role_grants import Explanation
from federation.services.sign_in_attempts import Arrival
from federation.services.sign_ins import Posted
from governance.kernel.refusals import Refusal


def kept(
    *,
    provider: IdentityProvider,
    posted: Posted,
    refusal: Refusal,
    reader: ResponseReader,
    public_url: str,
    now: datetime,
) -> str:
    """The reference to show; empty where this network's budget of log lines is used up."""
    captured = reader.captured(saml_response=posted.saml_response)
    facts = (
        ()
        if captured is None
        else captures.facts(
            captured=captured,
            expectation=identity_providers.expectation(provider, public_url=public_url),
        )
    )
    explanation = getattr(refusal, "explanation", None)
    return sign_in_attempts.refused(
        provider=provider,
        arrival=posted.arrival,
        refusal=refusal,
        facts=facts,
        explanation=explanation if isinstance(explanation, Explanation) else None,
        now=now,
    )


def kept_logout(
    *,
    provider: IdentityProvider,
    arrival: Arrival,
    captured: CapturedLogout | None,
    refusal: Refusal,
    public_url: str,
    now: datetime,
) -> str:
    """As `kept`, for a logout message; `captured` is what could be read of it."""
    facts: tuple[Fact, ...] = ()
    if captured is not None:
        expectation = identity_providers.logout_expectation(provider, public_url=public_url)
        facts = captures.logout_facts(captured=captured, expectation=expectation)
    return sign_in_attempts.refused(
        provider=provider, arrival=arrival, refusal=refusal, facts=facts, now=now
    )
