"""The sign-in log: what an administrator opens by the code that a person read to them.

It keeps which check failed, and what arrived beside what is configured. It names nobody: no
NameID, no attribute, no value of a claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation.domain.captures import Fact
from federation.models import IdentityProvider, SignInAttempt
from federation.services.role_grants import Explanation
from governance.kernel.refusals import Refusal
from governance.tenancy.models import User

ATTEMPTS_KEPT = timedelta(days=90)
REFUSALS_KEPT_A_MINUTE = 30
MOST_RULES_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message that arrived: what the person is told to read out, and from where it came."""

    reference: str
    network: str
    is_test: bool = False
    door: SignInAttempt.Door = SignInAttempt.Door.SIGN_IN


def forget(*, now: datetime) -> None:
    """What is older than the log reaches back."""
    SignInAttempt.objects.filter(at__lte=now - ATTEMPTS_KEPT).delete()


def accepted(
    *,
    provider: IdentityProvider,
    arrival: Arrival,
    user: User | None,
    role_name: str,
    now: datetime,
) -> None:
    SignInAttempt.objects.create(
        identity_provider=provider,
        reference=arrival.reference,
        outcome=SignInAttempt.Outcome.ACCEPTED,
        is_test=arrival.is_test,
        user=user,
        role_name=role_name,
        network=arrival.network,
        at=now,
    )
    if provider.proved_at is None:
        IdentityProvider.objects.filter(pk=provider.pk).update(proved_at=now)


def refused(
    *,
    provider: IdentityProvider,
    arrival: Arrival,
    refusal: Refusal,
    facts: Sequence[Fact] = (),
    explanation: Explanation | None = None,
    now: datetime,
) -> str:
    """Keep a refusal and return the reference to show; empty where it was not kept.

    Strangers write here, so a network has a budget, and the append-only trail is not for them.
    """
    minute = SignInAttempt.objects.filter(
        identity_provider=provider,
        at__gt=now - timedelta(minutes=1),
        outcome=SignInAttempt.Outcome.REFUSED,
        network=arrival.network,
    )
    if minute.count() >= REFUSALS_KEPT_A_MINUTE:
        return ""
    SignInAttempt.objects.create(
        identity_provider=provider,
        reference=arrival.reference,
        door=arrival.door,
        outcome=SignInAttempt.Outcome.REFUSED,
        is_test=arrival.is_test,
        check_name=getattr(refusal, "check", ""),
        code=refusal.code,
        explanation=str(refusal),
        facts=[[fact.what, fact.found, fact.expected] for fact in facts],
        rules=rules(explanation),
        network=arrival.network,
        at=now,
    )
    return arrival.reference


def rules(explanation: Explanation | None) -> list[list[object]]:
    """What became of each rule. Only the words of rules are kept, which hold no values."""
    if explanation is None or explanation.claims is None:
        return []
    return [
        [f"{one.rule.claim}, row {one.rule.position}", one.matched, one.sentence]
        for one in explanation.claims.outcomes[:MOST_RULES_KEPT]
    ]
