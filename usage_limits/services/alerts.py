"""Telling a namespace's alert channels, through the outbox, in the transaction that says why.

Each channel is told by a message of its own, so a dead one delays nobody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.kernel.periods import spoken
from governance.outbox.services import messages
from usage_limits.domain.admissions import amount_text, title
from usage_limits.domain.breaches import AlertEvent, Breach
from usage_limits.domain.channels import ChannelKind
from usage_limits.domain.features import figure
from usage_limits.job_names import DELIVER_ALERT
from usage_limits.models import AlertChannel, AlertDelivery, WorkloadRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is said: `headline` is one sentence, `context` what the templates and bodies show."""

    event: AlertEvent
    headline: str
    context: Mapping[str, object]


def send_breach(breach: Breach, *, key: str) -> None:
    """One message a channel for a breach, however many thresholds it crossed. `key` names it."""
    alert = _breach_alert(breach)
    for row in AlertChannel.objects.filter(enabled=True).order_by("id"):
        if row.wants(alert.event):
            tell(row, alert=alert, key=f"{key}:{row.pk}")


def send_abort(rule: WorkloadRule, *, query_id: UUID, now: datetime) -> None:
    """A rule aborted a query: one message a channel, rule and hour, however many it aborts."""
    alert = Alert(
        event=AlertEvent.RULE,
        headline=f"The workload rule {rule.name} stopped a query: {rule.rule}.",
        context={
            "title": f"Workload rule {rule.name}",
            "rule": rule.name,
            "condition": str(rule.rule),
            "action": rule.action,
            "query": str(query_id),
        },
    )
    hour = f"rule:{rule.pk}:{now:%Y%m%d%H}"
    for row in AlertChannel.objects.filter(enabled=True).order_by("id"):
        if row.wants(alert.event):
            tell(row, alert=alert, key=f"{hour}:{row.pk}")


def send_test(row: AlertChannel, *, key: str) -> None:
    """A message that says only that the channel works."""
    alert = Alert(
        event=AlertEvent.TEST,
        headline="This is a test of the alert channel: it works.",
        context={"title": "Test"},
    )
    tell(row, alert=alert, key=key)


def tell(row: AlertChannel, *, alert: Alert, key: str) -> None:
    """Write the message to one channel into the outbox. The same key is written once."""
    match ChannelKind(row.kind):
        case ChannelKind.EMAIL:
            messages.enqueue_email(
                template="usage_limits/email/alert",
                to_address=row.target,
                context={"headline": alert.headline, "event": alert.event.value, **alert.context},
                key=key,
            )
        case ChannelKind.WEBHOOK:
            body = {"type": alert.event.value, "text": alert.headline, "data": dict(alert.context)}
            delivery = AlertDelivery.objects.create(channel=row, event=alert.event.value, body=body)
            messages.enqueue_job(name=DELIVER_ALERT, key=key, delivery_id=delivery.pk)


def _breach_alert(breach: Breach) -> Alert:
    terms, period = breach.reading.meter.terms, breach.reading.meter.period
    feature = terms.feature_type
    used = figure(feature=feature, amount=breach.reading.standing.taken)
    context: dict[str, object] = {
        "limit": str(breach.reading.meter.limit_id),
        "title": title(terms),
        "feature_type": feature.value,
        "period": terms.period.value,
        "period_start": _time(period.start.isoformat()),
        "period_end": _time(period.end.isoformat()),
        "period_text": f"{spoken(period.start)} to {spoken(period.end)}",
        "reset_text": spoken(period.end),
        "amount": amount_text(terms),
        "used": used,
        "thresholds": list(breach.thresholds),
        "action": terms.breach_action.value,
    }
    return Alert(event=breach.event, headline=_headline(breach, context), context=context)


def _headline(breach: Breach, context: Mapping[str, object]) -> str:
    limit = f"{context['title']}: {context['used']} of {context['amount']}"
    match breach.event:
        case AlertEvent.REFUSED:
            requested = figure(
                feature=breach.reading.meter.terms.feature_type, amount=breach.requested
            )
            return f"{limit} used or reserved; a query that asked for {requested} was refused."
        case AlertEvent.DISABLED:
            return f"{limit} used; the feature is disabled until {context['reset_text']}."
        case _:
            return f"{limit} used, which is at least {breach.thresholds[-1]} % of the limit."


def _time(text: str) -> str:
    return text.replace("+00:00", "Z")
