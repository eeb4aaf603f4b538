"""What a load balancer, Prometheus and a doctor are told, and what strangers are not."""

import socket
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from governance.isolation.scopes import system_scope
from governance.outbox import tasks
from governance.outbox.models import MessageKind, OutboxMessage, PeriodicSlot
from governance.project import examination, schedules
from tests.factories import tenancy

pytestmark = pytest.mark.django_db

NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def _waiting_message() -> None:
    namespace = tenancy.a_namespace()
    with system_scope("test"):
        OutboxMessage.objects.create(
            namespace=namespace,
            kind=MessageKind.JOB,
            name="nobody.comes",
            due_at=timezone.now() - timedelta(seconds=61),
        )


def test_it_is_alive_without_a_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert answer.json() == {"status": "alive"}


def test_it_is_ready_when_its_dependencies_answer(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "broker": "ok", "outbox": "ok"}


def test_without_a_broker_it_is_not_ready_and_says_no_address(
    client: Client, settings: Settings
) -> None:
    settings.REDIS_URL = NOWHERE

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] == "unreachable"
    assert "nowhere" not in answer.content.decode()


@pytest.mark.usefixtures("_waiting_message")
def test_messages_that_nobody_delivers_make_it_unready(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["outbox"] == "messages wait for a worker"


def test_the_machine_itself_reads_metrics(client: Client) -> None:
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1")

    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


@pytest.mark.parametrize(
    "origin",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        # A proxy on the same machine: the stranger is behind it.
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"},
    ],
)
def test_a_stranger_finds_no_metrics(client: Client, origin: dict[str, str]) -> None:
    assert client.get("/metrics", **origin).status_code == 404  # type: ignore[arg-type]


def test_with_a_token_set_only_the_token_opens_metrics(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "right"

    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404
    wrong = client.get("/metrics", headers={"Authorization": "Bearer wrong"})
    right = client.get("/metrics", headers={"Authorization": "Bearer right"})

    assert (wrong.status_code, right.status_code) == (404, 200)


@pytest.mark.usefixtures("_waiting_message")
def test_metrics_say_how_long_things_have_waited(client: Client) -> None:
    tasks.tick(name="bench.tick", seconds=3600)

    lines = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode().splitlines()

    gauges = dict(line.split() for line in lines if line.startswith("lakewarden_"))
    assert float(gauges["lakewarden_outbox_oldest_seconds"]) > 60
    assert float(gauges["lakewarden_last_period_seconds"]) < 60


def test_a_beat_that_is_gone_is_noticed() -> None:
    shortest = min(periodic.seconds for periodic in schedules.PERIODIC)
    with system_scope("test"):
        PeriodicSlot.objects.create(name="any", slot=1)
        PeriodicSlot.objects.update(rung_at=timezone.now() - timedelta(seconds=3 * shortest))

    is_well, finding = examination.examine("beat")

    assert not is_well
    assert "is a beat running?" in finding


def test_a_doctor_goes_on_after_a_failure_and_ends_with_one(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.REDIS_URL = NOWHERE

    with pytest.raises(SystemExit) as ended:
        call_command("doctor")

    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code == 1
    assert len(lines) == len(examination.EXAMINATIONS)
    assert next(line for line in lines if " broker " in line).startswith("FAILED")
    assert next(line for line in lines if " isolation " in line).startswith("ok")


@pytest.mark.parametrize(("what", "setting"), [("web", "PORT"), ("hive gateway", "HIVE_PORT")])
def test_a_door_that_is_shut_is_named_with_the_setting_that_moves_it(
    what: str, setting: str, settings: Settings
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        settings.PUBLIC_URL, settings.HIVE_PORT = f"http://127.0.0.1:{port}", port

        is_well, finding = examination.examine(what)

    assert not is_well
    assert f"nobody answers at {'http://' if what == 'web' else ''}127.0.0.1:{port}" in finding
    assert f"another {setting}, give it here too" in finding
