"""What happens when a threshold is crossed or a request refused: log row, audit, alert; once."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor, ActorKind
from usage_limits import selectors
from usage_limits.domain import breaches
from usage_limits.domain.admissions import Reading
from usage_limits.domain.breaches import Breach, BreachCause
from usage_limits.domain.features import from_base
from usage_limits.domain.limits import FULL
from usage_limits.models import UsageControlLogEntry
from usage_limits.services import alerts


def record(*, readings: Sequence[Reading], query_key: str = "", now: datetime) -> int:
    """Log, audit and alert what the readings newly cross. How many breaches there were.

    Called behind the namespace's gate; the unique constraint on the log holds it to once anyway.
    """
    said = selectors.known_breaches([reading.meter for reading in readings])
    count = 0
    for reading in readings:
        key = (reading.meter.limit_id, reading.meter.period.start)
        known = {
            threshold
            for threshold, cause in said.get(key, ())
            if cause == BreachCause.CROSSED.value
        }
        breach = breaches.breach_of(reading, known=known, now=now)
        if breach is not None:
            _write(breach, query_key=query_key, now=now)
            count += 1
    return count


def record_refusal(*, reading: Reading, requested: Decimal, query_key: str, now: datetime) -> bool:
    """Say once a period that a limit turns requests away, unless it was said to be used up."""
    if is_refusal_known(reading):
        return False
    refused = Breach(
        reading=reading, thresholds=(FULL,), cause=BreachCause.REFUSED, requested=requested
    )
    _write(refused, query_key=query_key, now=now)
    return True


def is_refusal_known(reading: Reading) -> bool:
    """Whether the log says of this period that the limit is used up or refuses."""
    said = selectors.known_breaches([reading.meter])
    known = said.get((reading.meter.limit_id, reading.meter.period.start), set())
    return any(threshold >= FULL for threshold, _ in known)


def _write(breach: Breach, *, query_key: str, now: datetime) -> None:
    meter, terms = breach.reading.meter, breach.reading.meter.terms
    used = from_base(feature=terms.feature_type, amount=breach.reading.standing.used)
    rows = [
        UsageControlLogEntry(
            namespace_id=current_namespace_id(),
            at=now,
            limit_id=meter.limit_id,
            query_id=_query_id(query_key),
            feature_type=terms.feature_type.value,
            limit_type=terms.limit_type.value,
            period=terms.period.value,
            period_start=meter.period.start,
            amount=terms.amount,
            used=used,
            threshold=threshold,
            cause=breach.cause.value,
            action=terms.breach_action.value,
        )
        for threshold in breach.thresholds
    ]
    UsageControlLogEntry.objects.bulk_create(rows)
    trail.record(
        actor=Actor(kind=ActorKind.SYSTEM, namespace_id=current_namespace_id()),
        action=f"usage_limit.{breach.cause.value}",
        target=rows[-1],
        detail={
            "limit": str(meter.limit_id),
            "feature_type": terms.feature_type.value,
            "thresholds": list(breach.thresholds),
            "amount": str(terms.amount),
            "used": str(used),
            "action": terms.breach_action.value,
        },
        now=now,
    )
    if terms.breach_action.alerts:
        alerts.send_breach(breach, key=str(rows[-1].pk))


def _query_id(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
