"""The session's Valkey."""

import subprocess

from governance.project.embedded import valkey
from governance.project.embedded.valkey import ValkeyServer

_started: list[subprocess.Popen[bytes]] = []


def ensure_started(server: ValkeyServer) -> None:
    """Start the session's server unless the first process did."""
    if not server.socket.exists():
        _started.append(server.start())


def stop() -> None:
    while _started:
        valkey.stop(_started.pop())
