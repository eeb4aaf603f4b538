"""Test this application: a real sign-in up to the very last check, and then no session.

An administrator begins it, in a browser and a session that are remembered with the request. Its
answer is told line by line to that browser alone, while that session lasts; nobody is
provisioned, nothing of what arrived is kept but the words of the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from federation.domain import captures, explanations, limits
from federation.domain.captures import Captured, Fact
from federation.domain.explanations import Line, State
from federation.domain.limits import LimitCheck
from federation.models import IdentityProvider, SignInRequest
from federation.ports import AssertionVerifier, ResponseReader
from federation.selectors import configurations, identity_providers
from federation.services import replays, role_grants, sign_in_attempts, sign_in_requests
from federation.services.role_grants import Explanation, Subject
from federation.services.sign_in_attempts import Arrival
from governance.isolation.scopes import system_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.models import UserSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a test found out. `is_verified` says whether the attributes are proved."""

    reference: str
    refusal: Refusal | None
    lines: tuple[Line, ...]
    remedy: str
    facts: tuple[Fact, ...]
    is_verified: bool
    name_id: str = field(repr=False)
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    explanation: Explanation | None
    limits: tuple[LimitCheck, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> Line | None:
        return next((line for line in self.lines if line.state is State.FAILED), None)

    @property
    def passed(self) -> int:
        return sum(line.state is State.PASSED for line in self.lines)


def awaited(
    *, provider: IdentityProvider, captured: Captured | None, browser: str, now: datetime
) -> SignInRequest | None:
    """The test that this browser waits for, if what it posted is meant as its answer.

    What the response says of itself decides only how its refusal is shown: a session is never
    made for the answer of a test, and a test never makes one.
    """
    waiting = sign_in_requests.tests_of(provider=provider, browser=browser, now=now)
    if captured is None:
        row = waiting.last()
    elif captured.in_response_to:
        row = waiting.filter(request_id=captured.in_response_to).first()
    else:
        row = None if provider.allow_idp_initiated else waiting.last()
    return row if row is not None and _tester_is_there(row, now=now) else None


def examined(  # noqa: PLR0913 - the parts of a sign-in, once
    *,
    provider: IdentityProvider,
    asked: SignInRequest,
    saml_response: str,
    arrival: Arrival,
    verifier: AssertionVerifier,
    reader: ResponseReader,
    public_url: str,
    now: datetime,
) -> Report:
    """Every check that a sign-in makes, in words. Keeps a line of the log, and no person."""
    expectation = identity_providers.expectation(provider, public_url=public_url)
    captured = reader.captured(saml_response=saml_response) or Captured()
    facts = captures.facts(captured=captured, expectation=expectation)
    explanation: Explanation | None = None
    refusal: Refusal | None = None
    subject = Subject(
        issuer=captured.issuer,
        name_id=captured.name_id,
        name_id_format=captured.name_id_format,
        attributes=captured.attributes,
    )
    is_verified = False
    try:
        with transaction.atomic():
            assertion = verifier.verified_assertion(
                saml_response=saml_response, expectation=expectation, now=now
            )
            sign_in_requests.check_answers(asked, request_id=assertion.in_response_to, now=now)
            replays.use_up(assertion)
    except Refusal as found:
        refusal = found
    else:
        subject, is_verified = Subject.of(assertion), True
        explanation = role_grants.explained(
            configuration=configurations.of(provider), subject=subject, public_url=public_url
        )
        refusal = explanation.refusal
    reference = _kept(provider, arrival, refusal, facts, explanation, now=now)
    return Report(
        reference=reference,
        refusal=refusal,
        lines=explanations.lines(
            code="" if refusal is None else refusal.code,
            sentence="" if refusal is None else str(refusal),
        ),
        remedy="" if refusal is None else explanations.remedy(refusal.code),
        facts=facts,
        is_verified=is_verified,
        name_id=subject.name_id,
        attributes=subject.attributes,
        explanation=explanation,
        limits=()
        if explanation is None or explanation.claims is None
        else limits.checked(claims=explanation.claims),
        notes=()
        if explanation is None
        else role_grants.notes(provider=provider, subject=subject, explanation=explanation),
    )


def _kept(
    provider: IdentityProvider,
    arrival: Arrival,
    refusal: Refusal | None,
    facts: tuple[Fact, ...],
    explanation: Explanation | None,
    *,
    now: datetime,
) -> str:
    if refusal is not None:
        return sign_in_attempts.refused(
            provider=provider,
            arrival=arrival,
            refusal=refusal,
            facts=facts,
            explanation=explanation,
            now=now,
        )
    grant = None if explanation is None else explanation.grant
    role_name = "" if grant is None else grant.roles[0].name
    sign_in_attempts.accepted(
        provider=provider, arrival=arrival, user=None, role_name=role_name, now=now
    )
    return arrival.reference


def _tester_is_there(asked: SignInRequest, *, now: datetime) -> bool:
    """A platform administrator's session belongs to no namespace, so all are looked at."""
    if asked.tester_session_id is None:
        return False
    with system_scope("whether the session behind a sign-in test is open"):
        return UserSession.objects.filter(
            pk=asked.tester_session_id,
            ended_at__isnull=True,
            expires_at__gt=now,
            user__is_active=True,
        ).exists()
