"""Webhooks: signed, with one id over all retries, to public hosts alone."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from governance.egress.client import AddressUnreachable
from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from governance.outbox import registry, wiring as outbox_wiring
from governance.outbox.domain.retries import PATIENT_ATTEMPTS
from governance.outbox.models import MessageState, OutboxMessage
from governance.outbox.services import deliveries, messages
from governance.secrets import sealing
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy
from tests.factories.rest import Script
from tests.factories.usage_limits import a_limit, settled, some_terms
from tests.servers.certificates import Authority
from usage_limits import job_names, tasks, wiring
from usage_limits.adapters.egress_webhook_client import EgressWebhookClient
from usage_limits.domain import signatures
from usage_limits.domain.channels import ChannelKind
from usage_limits.models import AlertChannel, AlertDelivery
from usage_limits.services import alert_channels
from usage_limits.services.alert_channels import ChannelChange

SECRET = "whsec_bGFrZXdhcmRlbi1zZWNyZXQ="

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Receiver:
    """An https server that keeps what it was sent and answers what it is told to."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Receiver]:
    authority = Authority.create("tests")
    certificate, key = authority.issue(ips=["127.0.0.1"])
    (tmp_path / "server.pem").write_text(certificate + key)
    (tmp_path / "ca.pem").write_text(authority.pem)
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 204)
            self.send_header("Content-Length", "0")
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.EGRESS_ALLOWED_PORTS = [kept.port]
    monkeypatch.setattr(
        "governance.egress.client._system_certificates", lambda: str(tmp_path / "ca.pem")
    )
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _registered() -> None:
    """A worker finds the tasks by itself; importing them is enough here."""
    assert registry.function_of(job_names.DELIVER_ALERT) is tasks.deliver_alert


def a_webhook(namespace: Namespace, url: str, *, now: datetime) -> AlertChannel:
    """A channel to the test's own port, which a person could not have typed."""
    with namespace_scope(namespace.pk):
        row = alert_channels.create(
            wanted=ChannelChange(
                kind=ChannelKind.WEBHOOK,
                target=f"https://hooks.customer.example/{url}",
                secret=SECRET,
            ),
            actor=actors.system(),
            now=now,
        )
        sealing.put(row, "address", url)
        row.target = f"{url} as it may be shown"
        row.save()
    return row


def breach(namespace: Namespace, *, now: datetime) -> None:
    with namespace_scope(namespace.pk):
        a_limit(some_terms(1), now=now)
        settled("a", 1, now=now)


def deliver() -> None:
    while deliveries.deliver_next(mailer=outbox_wiring.mailer()):
        pass


def job_of(namespace: Namespace) -> OutboxMessage:
    with namespace_scope(namespace.pk):
        return OutboxMessage.objects.get(name=job_names.DELIVER_ALERT)


def test_a_breach_arrives_signed_and_readable_by_slack(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)

    deliver()

    [(headers, body)] = receiver.received
    sent = json.loads(body)
    assert signatures.is_authentic(given=headers, body=body, secret=SECRET, now=int(time.time()))
    assert sent["text"].startswith("Data scanned, weekly: 1 TB of 1 TB used")
    assert sent["type"] == "usage_limit.disabled"
    with namespace_scope(acme.pk):
        delivery = AlertDelivery.objects.get()
    assert sent["timestamp"] == delivery.created_at.isoformat()
    assert headers["webhook-id"] == str(delivery.pk)
    assert delivery.delivered_at is not None


def test_a_retry_keeps_the_id_and_a_success_is_not_repeated(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    receiver.statuses = [503, 429]
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)

    for _ in range(4):
        deliver()
        with namespace_scope(acme.pk):
            OutboxMessage.objects.filter(state="pending").update(due_at=now)

    assert len(receiver.received) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert len({body for _, body in receiver.received}) == 1
    assert job_of(acme).state == MessageState.DONE


def test_what_is_on_its_way_to_a_removed_channel_is_not_delivered_nor_tried_again(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    row = a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)
    with namespace_scope(acme.pk):
        alert_channels.remove(channel_id=row.pk, actor=actors.system(), now=now)

    deliver()

    job = job_of(acme)
    assert (receiver.received, job.state, job.attempts) == ([], MessageState.DONE, 1)


def test_a_receiver_that_is_gone_is_told_nothing_more(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    receiver.statuses = [410]
    row = a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)

    deliver()

    job = job_of(acme)
    assert (job.state, job.attempts) == (MessageState.DEAD, 1)
    with namespace_scope(acme.pk):
        assert AlertChannel.objects.get(pk=row.pk).enabled is False
    browser = tenancy.signed_in(tenancy.ivan(acme))
    assert "said that it is gone" in browser.get("/admin/").content.decode()


def test_a_dead_channel_delays_nobody_else(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    a_webhook(acme, "https://127.0.0.1:9/nobody", now=now)
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)

    deliver()

    assert len(receiver.received) == 1


def test_a_private_address_is_never_reached_and_says_the_same_as_a_closed_one(
    acme: Namespace, receiver: Receiver, now: datetime, settings: Settings
) -> None:
    settings.EGRESS_ALLOWED_NETWORKS = []
    client = EgressWebhookClient()
    closed = receiver.url.replace(str(receiver.port), "8443")

    for url in (receiver.url, closed, receiver.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(AddressUnreachable):
            client.post(url=Personal(url), body=b"{}", headers={})

    assert receiver.received == []


def test_the_test_button_sends_a_test(acme: Namespace, receiver: Receiver, now: datetime) -> None:
    row = a_webhook(acme, receiver.url, now=now)

    with namespace_scope(acme.pk):
        alert_channels.test(channel_id=row.pk, actor=actors.system(), now=now)
    deliver()

    [(_, body)] = receiver.received
    assert json.loads(body)["type"] == "test"


def test_a_delivery_that_was_already_made_is_not_made_again(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)
    deliver()
    with namespace_scope(acme.pk):
        delivery = AlertDelivery.objects.get()
        messages.enqueue_job(name=job_names.DELIVER_ALERT, key="again", delivery_id=delivery.pk)

    deliver()

    assert len(receiver.received) == 1
    assert wiring.webhook_client() is not None


@pytest.mark.parametrize("ahead", [None, 120, 90_000])
def test_a_receiver_says_when_to_come_back_in_seconds_or_by_a_date(
    acme: Namespace, receiver: Receiver, now: datetime, ahead: int | None
) -> None:
    receiver.statuses = [429]
    comes = timezone.now() + timedelta(seconds=ahead or 0)
    receiver.headers = {"Retry-After": "120" if ahead is None else format_datetime(comes)}
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)
    began = timezone.now()

    deliver()

    waits = (job_of(acme).due_at - began).total_seconds()
    least = min(ahead or 120, 3600) - 3
    assert least <= waits <= (least + 10) * 1.25


def test_a_receiver_that_is_away_for_hours_is_tried_on_and_a_dead_letter_goes_out_again(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    receiver.statuses = [500] * PATIENT_ATTEMPTS
    a_webhook(acme, receiver.url, now=now)
    breach(acme, now=now)

    states = []
    for _ in range(PATIENT_ATTEMPTS):
        deliver()
        states.append(job_of(acme).state)
        with namespace_scope(acme.pk):
            OutboxMessage.objects.filter(state="pending").update(due_at=now)
    with namespace_scope(acme.pk):
        messages.redeliver(message_id=job_of(acme).pk, actor=actors.system(), now=timezone.now())
    deliver()

    assert states == [*[MessageState.PENDING] * (PATIENT_ATTEMPTS - 1), MessageState.DEAD]
    assert job_of(acme).state == MessageState.DONE
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


def given_up(namespace: Namespace, receiver: Receiver, *, now: datetime) -> AlertChannel:
    """A channel whose only message was refused for good."""
    receiver.statuses = [400]
    row = a_webhook(namespace, receiver.url, now=now)
    breach(namespace, now=now)
    deliver()
    assert job_of(namespace).state == MessageState.DEAD
    return row


def test_what_was_given_up_goes_out_again_by_rest(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    row = given_up(acme, receiver, now=now)
    address = f"alert-channels/{row.pk}/redeliver/"

    answer = Script(acme).post(address)
    deliver()
    again = Script(acme).post(address)

    assert (answer.status_code, answer.json()["count"]) == (202, 1)
    assert (again.status_code, again.json()["count"]) == (202, 0)
    assert len(receiver.received) == 2
    assert job_of(acme).state == MessageState.DONE


def test_what_was_given_up_goes_out_again_by_a_button(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    row = given_up(acme, receiver, now=now)
    browser = tenancy.signed_in(tenancy.ivan(acme))
    page = f"/admin/usage_limits/alertchannel/{row.pk}/"

    shown = browser.get(f"{page}change/").content.decode()
    pressed = browser.post(f"{page}do/deliver-again/")
    deliver()

    assert "Deliver again" in shown
    assert pressed.status_code == 302
    assert job_of(acme).state == MessageState.DONE
    assert "Deliver again" not in browser.get(f"{page}change/").content.decode()


def test_a_channel_that_is_off_delivers_nothing_again(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    row = given_up(acme, receiver, now=now)
    with namespace_scope(acme.pk):
        AlertChannel.objects.update(enabled=False)

    answer = Script(acme).post(f"alert-channels/{row.pk}/redeliver/")

    assert (answer.status_code, answer.json()["code"]) == (409, "alert_channel_disabled")


def test_eve_delivers_nothing_of_ours_again(
    acme: Namespace, receiver: Receiver, now: datetime
) -> None:
    row = given_up(acme, receiver, now=now)
    eve = Script(tenancy.a_namespace("rival", account_id="999988887777"))

    assert eve.post(f"alert-channels/{row.pk}/redeliver/").status_code == 404
