"""Starting a process that does not outlive us, and ending it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from governance.project.embedded.accounts import Account

PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str | Path],
    *,
    log_file: Path,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, that is told to end when we are gone.

    Call it from the main thread: the kernel sends the signal when the thread that started the
    child ends.
    """
    options = account.process_options() if account else {}
    with log_file.open("ab") as log:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=cwd,
            process_group=0,
            preexec_fn=_end_with_parent(death_signal),  # noqa: PLW1509 - nothing but one system call
            **options,
        )


@contextmanager
def piped(
    command: Sequence[str], *, environment: Mapping[str, str], cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A child whose output we read; ended with its group however the block is left."""
    child = subprocess.Popen(  # noqa: S603 - our own commands
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=dict(environment),
        cwd=cwd,
        process_group=0,
        preexec_fn=_end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - nothing but one system call
    )
    try:
        yield child
        child.wait()
    finally:
        if child.stdout is not None:
            child.stdout.close()
        end_group(child)
        child.wait()


def _end_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it was gone before we asked
            os._exit(1)

    return arrange


def stop(child: subprocess.Popen[bytes], *, by: signal.Signals, patience_seconds: float) -> None:
    """Ask a child to end; after that many seconds end its whole group."""
    if child.poll() is None:
        child.send_signal(by)
        with suppress(subprocess.TimeoutExpired):
            child.wait(patience_seconds)
    end_group(child)
    child.wait()


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child's process group."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
