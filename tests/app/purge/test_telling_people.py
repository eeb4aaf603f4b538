"""The whole way through the outbox: jobs run, emails rendered, nobody named."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from structlog.testing import capture_logs

from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox.models import MessageState, OutboxMessage
from governance.outbox.ports import Email
from governance.outbox.services import deliveries
from governance.tenancy.models import RoleBinding
from purge import selectors, tasks
from purge.models import ErasureRequest
from purge.services import decisions, erasure_requests, locating, subjects, transitions
from purge.services.subjects import SubjectsDestroyed
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

pytestmark = pytest.mark.django_db(transaction=True)


class Outtray:
    def __init__(self) -> None:
        self.sent: list[Email] = []

    def send(self, email: Email) -> None:
        self.sent.append(email)

    def to(self, address: str) -> list[Email]:
        return [one for one in self.sent if one.to.reveal() == address]


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7123, 6))
    return made


def delivered() -> Outtray:
    """Everything that is due, delivered."""
    outtray = Outtray()
    while deliveries.deliver_next(mailer=outtray):
        pass
    return outtray


def current(company: Company, request: ErasureRequest) -> ErasureRequest:
    with namespace_scope(company.namespace.pk):
        return ErasureRequest.objects.get(pk=request.pk)


def ask(company: Company, **changes: object) -> ErasureRequest:
    with namespace_scope(company.namespace.pk):
        return company.ask(people=[{"customer_id": 7123}], **changes)


def retry(company: Company, request: ErasureRequest) -> None:
    with namespace_scope(company.namespace.pk):
        erasure_requests.retry(
            request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
        )


def broken(*_args: object, **_options: object) -> None:
    message = "a bug"
    raise RuntimeError(message)


def test_from_the_request_to_the_certificate_by_the_worker(acme: Company) -> None:
    request = ask(acme, reference="Letter of May")

    asked = delivered()
    request = current(acme, request)
    with namespace_scope(acme.namespace.pk):
        acme.approve(request)
    told = delivered()

    assert current(acme, request).state == "completed"
    assert {one.to.reveal() for one in asked.sent} == {acme.olga.email, acme.ahmed.email}
    mail = asked.sent[0]
    assert mail.subject == "[Lakewarden] acme: an erasure awaits your decision"
    assert f"/n/acme/erasures/{request.pk}/" in mail.text
    assert f"/n/acme/erasures/{request.pk}/" in mail.html
    assert "1 record in 1 object" in mail.text
    assert {one.to.reveal() for one in told.sent} == {acme.ivan.email, acme.olga.email}
    assert "Certificate:  number 1" in told.sent[0].text
    for one in [*asked.sent, *told.sent]:
        assert "7123" not in one.subject + one.text + one.html
        assert "{" not in one.text
    with system_scope("test"):
        assert not OutboxMessage.objects.exclude(state=MessageState.DONE).exists()


def test_a_rejection_is_told_to_whoever_asked(acme: Company) -> None:
    request = ask(acme)
    delivered()
    with namespace_scope(acme.namespace.pk):
        decisions.reject(
            request_id=request.pk,
            reason="A legal duty",
            actor=tenancy.an_actor(acme.olga, role="officer"),
            now=timezone.now(),
        )

    [mail] = delivered().sent

    assert mail.to.reveal() == acme.ivan.email
    assert "Nothing was deleted" in mail.text


def test_a_partial_failure_says_what_stands_in_the_way(acme: Company) -> None:
    (acme.folder / "2.ndjson").write_bytes(b'{"customer": {"id": "7123"}}\n')
    request = ask(acme)
    delivered()
    with namespace_scope(acme.namespace.pk):
        acme.approve(current(acme, request))

    mails = delivered()

    assert current(acme, request).state == "partially_failed"
    assert (
        "sales/2.ndjson: it holds records that may be theirs" in mails.to(acme.ivan.email)[0].text
    )


def test_whoever_asked_gets_no_email_to_decide(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        RoleBinding.objects.create(user=acme.olga, role=tenancy.the_role("admin"))
        acme.ask(actor=tenancy.an_actor(acme.olga))

    assert {one.to.reveal() for one in delivered().sent} == {acme.ahmed.email}


def test_a_worker_that_cannot_go_on_leaves_it_failed(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(acme)
    monkeypatch.setattr(tasks, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(locating, "in_dataset", broken)
    delivered()

    failed = current(acme, request)
    assert (failed.state, failed.problems[0]["reason"]) == ("failed", "given_up")
    monkeypatch.undo()
    retry(acme, request)
    delivered()
    assert current(acme, request).state == "awaiting_approval"


def test_a_refusal_in_the_work_leaves_it_failed_at_once(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(acme)

    def refused(*_args: object, **_options: object) -> None:
        raise SubjectsDestroyed

    monkeypatch.setattr(locating, "in_dataset", refused)
    delivered()

    assert current(acme, request).state == "failed"


def test_the_index_is_built_by_a_command(acme: Company) -> None:
    first, second = StringIO(), StringIO()

    call_command("index_lake", "sales", namespace="acme", stdout=first)
    call_command("index_lake", "sales", namespace="acme", stdout=second)

    assert "1 objects, 1 read" in first.getvalue()
    assert "1 objects, 0 read" in second.getvalue()


@pytest.mark.parametrize(
    "arguments", [{"namespace": "nowhere"}, {"namespace": "acme", "prefix": "no/such"}]
)
def test_the_command_says_what_is_wrong(acme: Company, arguments: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("index_lake", "sales", **arguments)
    with pytest.raises(CommandError):
        call_command("index_lake", "other", namespace=acme.namespace.name)


def test_a_worker_that_dies_before_it_begins_leaves_it_failed(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(acme, contact="dora@other.example")
    monkeypatch.setattr(tasks, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(subjects, "of", broken)
    told = delivered()
    assert current(acme, request).state == "failed"
    assert not told.to("dora@other.example")
    monkeypatch.undo()
    retry(acme, request)
    delivered()
    with namespace_scope(acme.namespace.pk):
        acme.approve(current(acme, request))
    monkeypatch.setattr(tasks, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(selectors, "approval_holds", broken)

    mails = delivered()

    failed = current(acme, request)
    assert (failed.state, failed.problems[0]["reason"]) == ("failed", "given_up")
    assert mails.to(acme.ivan.email)
    monkeypatch.undo()
    retry(acme, request)
    delivered()
    assert current(acme, request).state == "awaiting_approval"


def test_a_late_job_that_dies_is_logged_and_changes_nothing(acme: Company) -> None:
    request = ask(acme)
    delivered()

    with namespace_scope(acme.namespace.pk), capture_logs() as lines:
        transitions.give_up(request_id=request.pk, now=timezone.now())

    assert [line["event"] for line in lines] == ["nothing_to_give_up"]
    assert current(acme, request).state == "awaiting_approval"
