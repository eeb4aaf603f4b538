"""Keeps programs running: starts them, starts a dead one again, stops them all."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals

from governance.project.embedded import children
from governance.project.launcher import guard

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
# A program that ran for this long has recovered: its next end counts as the first again.
RECOVERED_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A child to be kept running. `start` returns when it may be used by those after it."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: Signals = SIGTERM
    patience_seconds: float = 10.0


@dataclass(slots=True)
class _Running:
    program: Program
    child: subprocess.Popen[bytes]
    started_at: float
    wait_seconds: float = FIRST_WAIT_SECONDS
    restart_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """The programs of one launcher, in the order they were started."""

    say: Callable[[str], None]
    _running: list[_Running] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None

    def start_guard(self) -> None:
        self._guard = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", str(Path(guard.__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def start(self, program: Program) -> None:
        child = program.start()
        self._tell_guard("+", child)
        self._running.append(_Running(program, child, started_at=time.monotonic()))

    def watch(self) -> None:
        """One look at every child: starts again what has ended, later each time."""
        for running in self._running:
            if running.restart_at is None and running.child.poll() is not None:
                self._plan_restart(running)
            if running.restart_at is not None and time.monotonic() >= running.restart_at:
                self._restart(running)

    def _plan_restart(self, running: _Running) -> None:
        now = time.monotonic()
        # Its own children must not serve beside the new one's.
        children.end_group(running.child)
        self._tell_guard("-", running.child)
        if now - running.started_at > RECOVERED_SECONDS:
            running.wait_seconds = FIRST_WAIT_SECONDS
        running.restart_at = now + running.wait_seconds
        self.say(
            f"{running.program.name} ended ({ending(running.child)}); "
            f"it is started again in {running.wait_seconds:g} s"
        )
        running.wait_seconds = min(2 * running.wait_seconds, LONGEST_WAIT_SECONDS)

    def _restart(self, running: _Running) -> None:
        try:
            running.child = running.program.start()
        except (OSError, RuntimeError) as error:
            running.restart_at = time.monotonic() + running.wait_seconds
            running.wait_seconds = min(2 * running.wait_seconds, LONGEST_WAIT_SECONDS)
            self.say(f"{running.program.name} could not be started: {error}")
            return
        self._tell_guard("+", running.child)
        running.started_at = time.monotonic()
        running.restart_at = None
        self.say(f"{running.program.name} runs again")

    def ended(self) -> list[str]:
        """The programs that do not run at this moment."""
        return [
            running.program.name
            for running in self._running
            if running.restart_at is not None or running.child.poll() is not None
        ]

    def stop_all(self) -> None:
        """Ask all to end, the last started first; those with patience left over are killed.

        The servers come last: what ends before them may still write.
        """
        while self._running:
            batch = self._next_batch()
            for running in batch:
                if running.child.poll() is None:
                    running.child.send_signal(running.program.stop_signal)
            for running in batch:
                children.stop(
                    running.child,
                    by=running.program.stop_signal,
                    patience_seconds=running.program.patience_seconds,
                )
                self._tell_guard("-", running.child)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()

    def _next_batch(self) -> list[_Running]:
        """Everything but the servers at once, then the servers, one by one."""
        apps = [one for one in self._running if not one.program.name.startswith("server ")]
        batch = apps or [self._running[-1]]
        self._running = [one for one in self._running if one not in batch]
        return batch

    def _tell_guard(self, change: str, child: subprocess.Popen[bytes]) -> None:
        if self._guard is None or self._guard.stdin is None:
            return
        try:
            self._guard.stdin.write(f"{change}{child.pid}\n".encode())
            self._guard.stdin.flush()
        except BrokenPipeError:
            self.say("the guard was killed; a killed launcher would now leave processes behind")
            self._guard = None


def ending(child: subprocess.Popen[bytes]) -> str:
    code = child.returncode
    return f"signal {Signals(-code).name}" if code < 0 else f"exit code {code}"
