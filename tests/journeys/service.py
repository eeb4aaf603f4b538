"""The service as `make run` runs it: its own launcher, a fresh data folder, free ports."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90
STOP_SECONDS = 30
PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


@dataclass
class Service:
    """A running service. `said` is what the launcher printed so far."""

    home: Path
    port: int
    hive_port: int
    environment: dict[str, str]
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    def manage(self, *words: str) -> str:
        """What a management command printed. It finds the running servers by DATA_DIR."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def logs(self) -> str:
        """What all of its programs logged: for a failure's report, and to look for names in."""
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')}" for file in files)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=STOP_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(**settings: str) -> Iterator[Service]:
    """Start it, wait until it says it is ready; stop it and remove its folder at the end."""
    home = Path(tempfile.mkdtemp(prefix="lakewarden-journey-"))
    home.chmod(0o711)  # where the servers run as another account, it passes through
    port, hive_port = free_port(), free_port()
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {
        "DATA_DIR": str(home / "var"),
        "PORT": str(port),
        "HIVE_PORT": str(hive_port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "governance.project.launcher"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    service = Service(home / "var", port, hive_port, environment, process)
    try:
        _wait_until_ready(service)
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()
        if process.stdout is not None:
            process.stdout.close()
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_ready(service: Service) -> None:
    threading.Thread(target=_listen, args=(service,), daemon=True).start()
    deadline = time.monotonic() + READY_SECONDS
    while not any(line.startswith("Ctrl-C") for line in service.said):
        has_ended = service.process.poll() is not None
        if has_ended or time.monotonic() > deadline:
            message = "\n".join(["The service is not ready:", *service.said, service.logs()])
            raise AssertionError(message)
        time.sleep(0.05)


def _listen(service: Service) -> None:
    with suppress(ValueError):  # closed at the end
        for line in service.process.stdout or ():
            service.said.append(line.rstrip())
