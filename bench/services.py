"""Ours and a peer as they are served: gunicorn, a process of four threads, the same PostgreSQL."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from signal import SIGTERM

from governance.project import keys
from governance.project.embedded import children, postgres, servers, valkey
from governance.project.embedded.folders import DataFolder
from governance.project.embedded.servers import EmbeddedServers

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Installation:
    """Embedded servers in a temporary folder, and a migrated database."""

    home: DataFolder
    embedded: EmbeddedServers
    environment: Mapping[str, str]

    def manage(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own commands
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@dataclass(slots=True)
class Client:
    """One connection that is kept, as a client of an API does. `process` is the server's."""

    connection: http.client.HTTPConnection
    process: int
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, body: object = None) -> object:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json", **self.headers}
        self.connection.request(method, path, content, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            message = f"{method} {path}: {response.status} {answer[:500]!r}"
            raise RuntimeError(message)
        return json.loads(answer)


@contextmanager
def installation() -> Iterator[Installation]:
    """A fresh installation with its servers running; removed at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lakewarden-bench-")))
        folder.chmod(0o711)  # the servers' account passes through
        home = DataFolder(folder / "var")
        embedded = servers.place(home)
        keys.make(home)
        stack.callback(postgres.stop, embedded.postgres.start())
        stack.callback(valkey.stop, embedded.valkey.start())
        embedded.postgres.provision()
        servers.write_database_urls(home, embedded)
        servers.write_redis_url(home, embedded)
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(home.root), "DEMO": "0"}
        made = Installation(home=home, embedded=embedded, environment=environment)
        made.manage("set_up")
        yield made


@contextmanager
def served(application: str, *, environment: Mapping[str, str], log_file: Path) -> Iterator[Client]:
    """A WSGI application behind gunicorn, and a client of it."""
    port = _free_port()
    command = (
        *(sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"),
        *("--workers", "1", "--threads", "4", "--keep-alive", "60", "--no-control-socket"),
        *("--log-level", "warning"),
    )
    child = children.start(command, log_file=log_file, environment=environment, cwd=ROOT)
    try:
        _wait(port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        yield Client(connection, child.pid)
        connection.close()
    finally:
        children.stop(child, by=SIGTERM, patience_seconds=STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
