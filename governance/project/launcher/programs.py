"""The programs of the service, and the commands that are run once before them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.outbox.domain.lanes import Lane
from governance.project.embedded import children
from governance.project.embedded.folders import PRIVATE_FOLDER, DataFolder
from governance.project.launcher.supervisor import Program

ROOT = Path(__file__).resolve().parent.parent.parent.parent
# The tables' owner is for migrations; who serves never holds its password.
OWNERS_SETTINGS = frozenset({"DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE"})
LARGEST_LOG_BYTES = 10_000_000
WEB_WORKERS = 2
WEB_THREADS = 8
# Long jobs mostly wait for another process or a disk.
WORKERS = {Lane.SHORT: 2, Lane.LONG: 4}


class StepFailedError(RuntimeError):
    """A command that must succeed before the service can run did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where and with what settings the programs run."""

    home: DataFolder
    bind: str
    port: int
    hive_port: int
    environment: Mapping[str, str]

    @property
    def metrics_folder(self) -> Path:
        return self.home.root / "metrics"

    def prepare(self) -> None:
        """Fresh counters for the web's processes, and logs that do not grow for ever."""
        shutil.rmtree(self.metrics_folder, ignore_errors=True)
        self.metrics_folder.mkdir(mode=PRIVATE_FOLDER)
        for log in self.home.logs.glob("*.log"):
            if log.stat().st_size > LARGEST_LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))

    def programs(self) -> Sequence[Program]:
        workers = (self._worker(lane) for lane in Lane)
        return (self._web(), self._hive_gateway(), *workers, self._beat())

    def _web(self) -> Program:
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        command = (
            *_module("gunicorn"),
            *("governance.project.wsgi", "--bind", f"{host}:{self.port}", "--preload"),
            *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)),
            *("--graceful-timeout", "5", "--timeout", "60", "--no-control-socket"),
            *("--log-level", "warning", "--max-requests", "20000"),
        )
        return self._program("web", command, PROMETHEUS_MULTIPROC_DIR=str(self.metrics_folder))

    def _hive_gateway(self) -> Program:
        return self._program("hive gateway", _manage("hive_gateway"))

    def _worker(self, lane: Lane) -> Program:
        command = (
            *_celery(),
            *("worker", f"--hostname={lane}@%h", f"--queues={lane}"),
            f"--concurrency={WORKERS[lane]}",
            "--loglevel=WARNING",
            "--without-mingle",
        )
        # A cold shutdown: leases and attempts are rows, nothing is lost by not waiting for jobs.
        return self._program(f"{lane} worker", command, stop_signal=signal.SIGQUIT)

    def _beat(self) -> Program:
        return self._program("beat", (*_celery(), "beat", "--loglevel=WARNING", "--pidfile="))

    def _program(
        self,
        name: str,
        command: Sequence[str],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        **variables: str,
    ) -> Program:
        environment = {
            name: value for name, value in self.environment.items() if name not in OWNERS_SETTINGS
        }
        log_file = self.home.logs / f"{name.replace(' ', '_')}.log"

        def start() -> subprocess.Popen[bytes]:
            return children.start(
                command,
                log_file=log_file,
                environment=environment | variables,
                death_signal=stop_signal,
                cwd=ROOT,
            )

        return Program(name=name, start=start, stop_signal=stop_signal)

    def run_step(self, *command: str, say: Callable[[str], None]) -> None:
        """Run a management command to its end and pass on what it prints."""
        with children.piped(_manage(*command), environment=self.environment, cwd=ROOT) as step:
            for line in step.stdout or ():
                say(line.decode(errors="replace").rstrip())
        if step.returncode:
            message = f"`manage.py {' '.join(command)}` failed (exit code {step.returncode})."
            raise StepFailedError(message)


def environment_of(home: DataFolder) -> dict[str, str]:
    """Our own environment, with what every child is to agree on."""
    return {
        **os.environ,
        "DATA_DIR": str(home.root),
        "DJANGO_SETTINGS_MODULE": "governance.project.settings",
        "PYTHONUNBUFFERED": "1",
    }


def _module(name: str) -> Sequence[str]:
    return (sys.executable, "-m", name)


def _manage(*words: str) -> Sequence[str]:
    return (sys.executable, str(ROOT / "manage.py"), *words)


def _celery() -> Sequence[str]:
    return (*_module("celery"), "--app=governance.project.celery")
