"""`make run`'s launcher, started for real: one per folder, nothing dies unseen, nothing is left."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests

from governance.project.examination import EXAMINATIONS
from tests.journeys import service as services
from tests.journeys.service import ROOT, Service
from tests.waiting import eventually

PATIENCE_SECONDS = 40.0


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with services.running(DEMO="0") as running:
        yield running


def processes_of(home: Path) -> dict[int, str]:
    """Process id to command line of everything that was started for this folder."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            variables = (folder / "environ").read_bytes()
        except OSError:
            continue
        if command and (str(home) in command or f"DATA_DIR={home}".encode() in variables):
            found[int(folder.name)] = command
    return found


def process_of(home: Path, word: str) -> int:
    """The oldest process with that word in its command line."""
    return min(pid for pid, command in processes_of(home).items() if word in command)


def start_another(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "governance.project.launcher"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_start_on_the_same_folder_is_refused(service: Service) -> None:
    another = start_another(DATA_DIR=str(service.home), PORT=str(services.free_port()))

    assert another.returncode == 1
    assert "already runs on" in another.stderr
    assert "DATA_DIR" in another.stderr
    assert "Traceback" not in another.stderr


@pytest.mark.parametrize("setting", ["PORT", "HIVE_PORT"])
def test_a_taken_port_is_refused_by_name(tmp_path: Path, setting: str) -> None:
    ports = {"PORT": str(services.free_port()), "HIVE_PORT": str(services.free_port())}

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        another = start_another(DATA_DIR=str(tmp_path / "var"), **(ports | {setting: str(port)}))

    assert another.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in another.stderr
    assert another.stderr.count("\n") == 1
    assert processes_of(tmp_path / "var") == {}


def test_a_wrong_setting_is_refused_in_one_line(tmp_path: Path) -> None:
    another = start_another(DATA_DIR=str(tmp_path / "var"), PORT="eighty")

    assert another.returncode == 1
    assert another.stderr.startswith("PORT: must be a whole number")
    assert another.stderr.count("\n") == 1


def test_a_doctor_finds_everything_well(service: Service) -> None:
    findings = service.manage("doctor")

    assert "FAILED" not in findings
    assert len(findings.splitlines()) == len(EXAMINATIONS)


def test_the_first_start_prints_one_password_once(service: Service) -> None:
    shown = [line for line in service.said if "Platform administrator" in line]

    assert len(shown) == 1
    assert shown[0].split()[-1] not in service.logs()


def test_no_process_that_serves_holds_the_owners_password(service: Service) -> None:
    password = (service.home / "secrets/lakewarden_owner.password").read_text().strip()

    for pid, command in processes_of(service.home).items():
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert password.encode() not in environment, command
        assert password not in command


@pytest.mark.parametrize(
    "word", ["governance.project.celery worker", "gunicorn", "postgres -D", "valkey-server"]
)
def test_a_killed_program_is_started_again(service: Service, word: str) -> None:
    killed, before = process_of(service.home, word), set(processes_of(service.home))

    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        # Process numbers wrap around, so a later one may be smaller.
        return any(
            word in command
            for pid, command in processes_of(service.home).items()
            if pid not in before
        )

    eventually(is_back, what=f"new {word}", seconds=PATIENCE_SECONDS)
    wait_until_ready(service)


ENQUEUE = """
from governance.analytics.job_names import SWEEP_RESULTS
from governance.isolation.scopes import system_scope
from governance.outbox.services import messages
with system_scope("test"):
    print(messages.enqueue_job(name=SWEEP_RESULTS, key="lost-broker").pk)
"""
STATE = """
from governance.isolation.scopes import system_scope
from governance.outbox.models import OutboxMessage
with system_scope("test"):
    print(OutboxMessage.objects.get(key="lost-broker").state)
"""


def test_a_broker_that_hangs_and_forgets_loses_nothing(service: Service) -> None:
    broker = process_of(service.home, "valkey-server")
    os.kill(broker, signal.SIGSTOP)

    began = time.monotonic()
    answer = requests.get(f"{service.origin}/login/", timeout=10)
    waited = time.monotonic() - began
    service.manage("shell", "-c", ENQUEUE)
    os.kill(process_of(service.home, "governance.project.celery worker"), signal.SIGKILL)
    os.kill(broker, signal.SIGCONT)
    with redis.Redis.from_url((service.home / "secrets/redis_url").read_text().strip()) as client:
        client.flushall()

    assert answer.status_code == 200
    assert waited < 5
    eventually(
        lambda: service.manage("shell", "-c", STATE).split()[-1] == "done",
        what="delivery",
        seconds=PATIENCE_SECONDS,
    )


def ready(service: Service) -> str:
    try:
        return requests.get(f"{service.origin}/readyz", timeout=5).text
    except requests.ConnectionError:
        return ""


def wait_until_ready(service: Service) -> None:
    eventually(lambda: '"ready"' in ready(service), what="readiness", seconds=PATIENCE_SECONDS)


def test_however_the_launcher_ends_no_process_is_left(service: Service) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        assert len(processes_of(service.home)) > 6

        service.process.send_signal(number)
        service.process.wait(PATIENCE_SECONDS)

        eventually(
            lambda: processes_of(service.home) == {},
            what=f"end of everything after {number.name}",
            seconds=PATIENCE_SECONDS,
        )
        start_again(service)


def start_again(service: Service) -> None:
    """The same folder and ports; it has its set-up behind it."""
    service.process = subprocess.Popen(
        [sys.executable, "-m", "governance.project.launcher"],
        cwd=ROOT,
        env=service.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until_ready(service)
