"""Making, changing and removing usage limits."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.kernel.refusals import NotFound
from usage_limits import selectors
from usage_limits.domain import limits
from usage_limits.domain.limits import Terms, TermsChange
from usage_limits.models import UsageLimit
from usage_limits.services import breaches, gates
from usage_limits.services.counters import COUNTERS


class UsageLimitNotFound(NotFound):
    code = "usage_limit_not_found"
    sentence = "There is no such usage limit here."


def create(*, terms: Terms, actor: Actor, now: datetime) -> UsageLimit:
    """A limit that counts from now. Raises what `domain.limits` says of terms and neighbours."""
    limits.check_terms(terms)
    with transaction.atomic():
        gates.hold()
        others = [row.terms for row in selectors.limits_of([terms.feature_type])]
        limits.check_beside(terms, others=others)
        row = UsageLimit.objects.create(
            namespace_id=current_namespace_id(),
            feature_type=terms.feature_type.value,
            limit_type=terms.limit_type.value,
            amount=terms.amount,
            period=terms.period.value,
            breach_action=terms.breach_action.value,
            thresholds=list(terms.thresholds),
            measured_from=now,
        )
        _record(row, action="usage_limit.created", actor=actor, now=now)
    return row


def change(*, limit_id: UUID, wanted: TermsChange, actor: Actor, now: datetime) -> UsageLimit:
    """Change amount, breach action or thresholds; at once, for what was used as well.

    Raises LimitFieldFixed for any other change, UsageLimitNotFound, and what `create` does.
    """
    with transaction.atomic():
        row = _locked(limit_id)
        terms = limits.changed(row.terms, change=wanted)
        limits.check_terms(terms)
        features = selectors.limits_of([terms.feature_type])
        others = [other.terms for other in features if other.pk != row.pk]
        limits.check_beside(terms, others=others)
        row.amount = terms.amount
        row.breach_action = terms.breach_action.value
        row.thresholds = list(terms.thresholds)
        row.save()
        _record(row, action="usage_limit.changed", actor=actor, now=now)
        meters = selectors.meters_at(limits=[row], at=now)
        breaches.record(readings=COUNTERS.readings(meters=meters), now=now)
    return row


def remove(*, limit_id: UUID, actor: Actor, now: datetime) -> None:
    """What it refused is admitted from now on. Its log rows stay."""
    with transaction.atomic():
        row = _locked(limit_id)
        _record(row, action="usage_limit.removed", actor=actor, now=now)
        row.delete()


def _locked(limit_id: UUID) -> UsageLimit:
    gates.hold()
    row = UsageLimit.objects.filter(pk=limit_id).first()
    if row is None:
        raise UsageLimitNotFound
    return row


def _record(row: UsageLimit, *, action: str, actor: Actor, now: datetime) -> None:
    detail = {
        "feature_type": row.feature_type,
        "amount": str(row.amount),
        "period": row.period,
        "breach_action": row.breach_action,
        "thresholds": list(row.thresholds),
    }
    trail.record(actor=actor, action=action, target=row, detail=detail, now=now)
