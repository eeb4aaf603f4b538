"""What must be true before anything is started; otherwise one sentence and exit code 1."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import TextIO

from governance.project.embedded.folders import DataFolder


class CannotStartError(SystemExit):
    """The launcher cannot start. Ends the process with its sentence, exit code 1."""


def take_folder(home: DataFolder) -> TextIO:
    """Make the data folder and hold it; refuse one that is not ours to write or already held."""
    try:
        home.prepare()
        return lock(home.lock_file)
    except OSError as error:
        sentence = f"DATA_DIR: {home.root} cannot be written: {error.strerror}."
        raise CannotStartError(sentence) from error


def lock(file: Path) -> TextIO:
    """Hold the data folder until the process ends. The kernel lets go of it, however we end."""
    stream = file.open("a+", encoding="utf-8")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.seek(0)
        holder = stream.read().strip() or "unknown"
        sentence = (
            f"Lakewarden already runs on {file.parent} (process {holder}). "
            "Stop it first, or give this one a folder of its own with DATA_DIR."
        )
        raise CannotStartError(sentence) from error
    stream.truncate(0)
    stream.write(f"{os.getpid()}\n")
    stream.flush()
    return stream


def check_port(*, bind: str, port: int, setting: str) -> None:
    """Refuse a port that another program listens on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CannotStartError(_sentence(error, bind=bind, port=port, setting=setting)) from error


def _sentence(error: OSError, *, bind: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {bind} is taken by another program. "
            f"Stop that program, or choose another port with {setting}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than we have. Choose one above 1023 with {setting}."
    return f"We cannot listen on {bind}, port {port}: {error.strerror}. See BIND and {setting}."
