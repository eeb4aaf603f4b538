"""Reminders once each, expiry, and what the person hears at an address that is then forgotten."""

from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox import wiring
from governance.outbox.models import OutboxMessage
from governance.outbox.services import deliveries
from purge import job_names, tasks
from purge.domain.deadlines import expiry, reminder_now
from purge.models import ErasureRequest
from purge.services import contacts, decisions, free_texts, housekeeping
from tests.app.purge.conftest import Company
from tests.app.purge.test_telling_people import Outtray, delivered
from tests.factories import purge, tenancy

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.fixture
def acme(make_company: Any) -> Company:
    made: Company = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7123, 6))
    return made


def asked(company: Company, **changes: object) -> ErasureRequest:
    with namespace_scope(company.namespace.pk):
        request = company.ask(people=[{"customer_id": 7123}], **changes)
    delivered()
    return now_is(company, request)


def now_is(company: Company, request: ErasureRequest) -> ErasureRequest:
    with namespace_scope(company.namespace.pk):
        return ErasureRequest.objects.get(pk=request.pk)


def after_housekeeping(company: Company, *, at: object) -> Outtray:
    with namespace_scope(company.namespace.pk):
        housekeeping.keep_house(now=at)  # type: ignore[arg-type]
    return delivered()


def test_officers_are_reminded_once_each(acme: Company) -> None:
    request = asked(acme)
    seen = []
    for days in (8, 7, 6.5, 3, 2, 1, 0.5, -0.1, -5):
        at = request.due_at - timedelta(days=days)
        seen.append(len(after_housekeeping(acme, at=at).to(acme.olga.email)))

    assert seen == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert now_is(acme, request).reminded == [7, 3, 1, 0]


def test_a_reminder_says_what_to_do_and_names_nobody(acme: Company) -> None:
    request = asked(acme, reference="Letter of May")

    [letter] = after_housekeeping(acme, at=request.due_at - DAY).to(acme.ahmed.email)

    assert letter.subject == "[Lakewarden] acme: an erasure is due in 1 day"
    assert f"/n/acme/erasures/{request.pk}/" in letter.text
    assert "Letter of May" in letter.text
    assert "7123" not in letter.text + letter.html


def test_a_missed_reminder_is_not_caught_up() -> None:
    assert reminder_now(due_at=NOW + 2 * DAY, now=NOW, sent=()) == 3
    assert reminder_now(due_at=NOW + 2 * DAY, now=NOW, sent=(3,)) is None
    assert reminder_now(due_at=NOW + 20 * DAY, now=NOW, sent=()) is None


def test_a_request_never_expires_before_it_is_due() -> None:
    assert expiry(asked_at=NOW, due_at=NOW + 90 * DAY, undecided_days=60) == NOW + 90 * DAY
    assert expiry(asked_at=NOW, due_at=NOW + 30 * DAY, undecided_days=60) == NOW + 60 * DAY


def test_what_nobody_decided_on_expires_and_whoever_asked_is_told(acme: Company) -> None:
    request = asked(acme)

    before = after_housekeeping(acme, at=request.expires_at - DAY)
    after = after_housekeeping(acme, at=request.expires_at)

    ended = now_is(acme, request)
    assert (ended.state, ended.subjects) == ("expired", "")
    assert not [one for one in before.to(acme.ivan.email) if "not completed" in one.subject]
    assert "Nobody decided on it in time" in after.to(acme.ivan.email)[0].text
    assert b"7123" in (acme.folder / "1.ndjson").read_bytes()


def test_what_is_approved_does_not_expire(acme: Company) -> None:
    request = asked(acme)
    with namespace_scope(acme.namespace.pk):
        acme.approve(request)

    after_housekeeping(acme, at=request.expires_at + DAY)

    assert now_is(acme, request).state != "expired"


def test_the_beat_tends_each_namespace(acme: Company) -> None:
    asked(acme)
    from_beat = type("Run", (), {"message_id": acme.namespace.pk})()
    tasks.keep_house(from_beat)

    with namespace_scope(acme.namespace.pk):
        assert OutboxMessage.objects.filter(name=job_names.KEEP_HOUSE_OF_NAMESPACE).count() == 1
    delivered()


def letters() -> list[Message]:
    return [one for one in mail.outbox if one.to == ["dora@customer.example"]]  # type: ignore[misc]


def test_the_person_hears_of_the_outcome_and_the_address_is_forgotten(acme: Company) -> None:
    request = asked(acme, contact="dora@customer.example", reference="Ticket 9")
    assert contacts.of(request) is not None
    with namespace_scope(acme.namespace.pk):
        acme.approve(request)
    delivered()

    [letter] = letters()
    assert "It was erased" in str(letter.body)  # type: ignore[attr-defined]
    assert "Ticket 9" in str(letter.body)  # type: ignore[attr-defined]
    assert now_is(acme, request).contact == ""


def test_the_person_hears_of_a_rejection(acme: Company) -> None:
    request = asked(acme, contact="dora@customer.example")
    with namespace_scope(acme.namespace.pk):
        decisions.reject(
            request_id=request.pk,
            reason="A duty to keep.",
            actor=tenancy.an_actor(acme.olga),
            now=timezone.now(),
        )
    delivered()

    assert "declined" in str(letters()[0].body)  # type: ignore[attr-defined]
    assert now_is(acme, request).contact == ""


def test_an_address_that_could_not_be_told_is_forgotten_all_the_same(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(acme, contact="dora@customer.example")

    class Away:
        def send(self, _email: object) -> None:
            raise ConnectionRefusedError

    monkeypatch.setattr(wiring, "mailer", Away)
    after_housekeeping(acme, at=request.expires_at)
    assert now_is(acme, request).contact
    after_housekeeping(acme, at=request.expires_at + contacts.KEPT_AFTER_THE_END + DAY)

    assert now_is(acme, request).contact == ""


@pytest.mark.parametrize("address", ["dora", "dora@", "a@b.example\nBcc: c@d.example"])
def test_what_is_no_address_is_refused_without_repeating_it(acme: Company, address: str) -> None:
    with pytest.raises(free_texts.RequestInvalid) as refusal:
        asked(acme, contact=address)

    assert address not in str(refusal.value)


def test_no_text_may_name_the_contact(acme: Company) -> None:
    with pytest.raises(free_texts.RequestInvalid):
        asked(acme, contact="dora@customer.example", identity_proof="dora@customer.example wrote")


def test_deliveries_are_all_done(acme: Company) -> None:
    asked(acme)

    assert not deliveries.deliver_next(mailer=Outtray())
