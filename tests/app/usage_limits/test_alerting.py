"""A breach is said once: one log row a threshold, one message a channel."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.periods import PeriodKind
from governance.outbox import wiring as outbox_wiring
from governance.outbox.models import OutboxMessage
from governance.outbox.services import deliveries
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy
from tests.factories.usage_limits import (
    a_limit,
    an_email_channel,
    reserved,
    settled,
    some_terms,
)
from tests.servers.mail import MailServer
from usage_limits import tasks
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.limits import BreachAction, TermsChange
from usage_limits.models import Reservation, UsageControlLogEntry, UsageLimit
from usage_limits.services import housekeeping, limits, reservations

ALERT = BreachAction.EMIT_METRIC


def emails() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(kind="email").order_by("id"))


def logged() -> list[tuple[int, str]]:
    rows = UsageControlLogEntry.objects.order_by("at", "threshold")
    return [(row.threshold, row.cause) for row in rows]


def test_a_jump_over_several_thresholds_is_a_row_each_and_one_message(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1, action=ALERT, thresholds=(50, 80, 100)), now=now)
    an_email_channel()

    settled("a", "0.79", now=now)
    settled("b", "0.22", now=now)

    assert logged() == [(50, "crossed"), (80, "crossed"), (100, "crossed")]
    first, second = emails()
    assert first.payload["context"]["thresholds"] == [50]
    assert second.payload["context"]["thresholds"] == [80, 100]
    assert second.payload["context"]["event"] == "usage_limit.reached"


def test_nothing_is_said_twice_in_a_period(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1, action=ALERT), now=now)
    an_email_channel()

    for number in range(5):
        settled(f"q{number}", 1, now=now)

    assert logged() == [(100, "crossed")]
    assert len(emails()) == 1


def test_a_new_period_and_a_new_amount_are_said_again(namespace: Namespace, now: datetime) -> None:
    limit = a_limit(some_terms(1, action=ALERT, period=PeriodKind.DAILY), now=now)
    an_email_channel()

    settled("a", 1, now=now)
    settled("b", 1, now=now + timedelta(days=1))
    limits.change(
        limit_id=limit.pk,
        wanted=TermsChange(amount=limit.amount / 2),
        actor=actors.system(),
        now=now + timedelta(days=1),
    )

    assert len(logged()) == len(emails()) == 3


def test_a_limit_that_only_logs_sends_no_message(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1, action=BreachAction.LOG), now=now)
    an_email_channel()

    settled("a", 1, now=now)

    assert logged() == [(100, "crossed")]
    assert emails() == []


def test_a_channel_is_told_only_of_what_it_chose(namespace: Namespace, now: datetime) -> None:
    a_limit(some_terms(1, thresholds=(50,)), now=now)
    an_email_channel("all@customer.example")
    an_email_channel("disabled@customer.example", events=(AlertEvent.DISABLED,))

    settled("a", "0.5", now=now)
    settled("b", "0.5", now=now)

    told = [message.payload["to_address"] for message in emails()]
    assert sorted(told) == [
        "all@customer.example",
        "all@customer.example",
        "disabled@customer.example",
    ]


def test_a_breach_is_in_the_audit_trail_without_anybodys_address(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1), now=now)
    an_email_channel()
    settled("a", 1, now=now)

    event = AuditEvent.objects.get(action="usage_limit.crossed")

    assert event.detail["thresholds"] == [100]
    assert not AuditEvent.objects.filter(detail__icontains="customer.example").exists()


def test_a_late_settle_over_a_past_period_says_so_and_disables_nothing(
    namespace: Namespace, now: datetime
) -> None:
    a_limit(some_terms(1, period=PeriodKind.DAILY), now=now)
    an_email_channel()
    reserved("a", 1, now=now)
    tomorrow = now + timedelta(days=1)

    settled("a", 1, now=tomorrow)

    [message] = emails()
    assert message.payload["context"]["event"] == "usage_limit.reached"
    reserved("b", 1, now=tomorrow)


def test_lowering_the_amount_says_at_once_what_it_crosses(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(4), now=now)
    settled("a", 1, now=now)

    limits.change(
        limit_id=limit.pk,
        wanted=TermsChange(amount=limit.amount / 4),
        actor=actors.system(),
        now=now,
    )

    assert logged() == [(100, "crossed")]


# --- by itself


def test_housekeeping_expires_what_is_overdue_and_says_what_was_left_unsaid(
    namespace: Namespace, now: datetime
) -> None:
    limit = a_limit(some_terms(2), now=now)
    reserved("lost", 1, now=now)
    settled("a", 1, now=now)
    UsageLimit.objects.filter(pk=limit.pk).update(amount=1)
    later = now + reservations.LEASE

    assert housekeeping.keep_house(now=later) == 2
    assert housekeeping.keep_house(now=later) == 0
    assert Reservation.objects.get(key="lost").state == "expired"
    assert logged() == [(100, "crossed")]


@pytest.mark.django_db(transaction=True)
def test_the_periodic_job_reaches_every_namespace_that_needs_it(now: datetime) -> None:
    acme, other = tenancy.a_namespace(), tenancy.a_namespace("other", account_id="111122223333")
    for namespace in (acme, other):
        with namespace_scope(namespace.pk):
            reserved("lost", 1, now=now)
    run = _Run()

    tasks.keep_house(run)
    _deliver_all()

    for namespace in (acme, other):
        with namespace_scope(namespace.pk):
            assert Reservation.objects.get().state == "expired"


@pytest.mark.django_db(transaction=True)
def test_the_email_arrives_with_the_figures(mail_server: MailServer, now: datetime) -> None:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        a_limit(some_terms("0.5", thresholds=(80,)), now=now)
        an_email_channel("alerts@customer.example")
        settled("a", "0.5", now=now)

    _deliver_all()

    [message] = mail_server.received
    assert isinstance(message, EmailMessage)
    text = message.get_body(("plain",))
    assert text is not None
    assert message["To"] == "alerts@customer.example"
    assert message["Subject"] == "[Lakewarden] acme: Data scanned, weekly, disabled"
    assert "Used:        0.5 TB of 0.5 TB" in text.get_content()
    assert "Crossed:     80 %, 100 %" in text.get_content()
    period = "Sunday 15 March 2026, 00:00 UTC to Sunday 22 March 2026, 00:00 UTC"
    assert period in text.get_content()


class _Run:
    """What a job is given, without a worker."""

    message_id = UUID(int=1)
    namespace_id = None
    attempt = 1

    def scope(self) -> AbstractContextManager[None]:
        return system_scope("test")

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Nobody looks."""


def _deliver_all() -> None:
    while deliveries.deliver_next(mailer=outbox_wiring.mailer()):
        pass
