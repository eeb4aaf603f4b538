"""One runner process, seen from the worker: started, given a job, watched, killed.

Killing is the only way to stop a query here: it works whatever the query does, and a process is
cheap (0.1 s). The worker never waits for a runner without a deadline, and watches its memory.
"""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from governance.analytics.domain.runs import RunEnd, RunLimits, RunProgress
from governance.kernel.refusals import Unavailable

SCRIPT = Path(__file__).with_name("duckdb_runner.py")
START_SECONDS = 20
POLL_SECONDS = 0.1
ASK_SECONDS = 0.5
# What Python, DuckDB and Arrow take beside the engine's own memory limit.
OVERHEAD_BYTES = 400 * 2**20


class RunnerUnavailable(Unavailable):
    code = "runner_unavailable"
    sentence = "The process that runs queries could not be started. Try again later."


class RunnerProcess:
    """A process that may read the granted folders, and nothing else, for as long as it lives."""

    def __init__(self, *, granted: tuple[str, ...], scratch_root: Path) -> None:
        scratch_root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch_root))
        self.jobs = 0
        self.idle_since = time.monotonic()
        self._buffer = b""
        self._process = _started(self.scratch)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._send({"read": list(granted), "scratch": str(self.scratch)})
        self.landlocked = bool(self._ready()["landlock"])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def result(self) -> Path:
        return self.scratch / "result.arrow"

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def run(
        self, *, job: dict[str, Any], limits: RunLimits, go_on: Callable[[RunProgress], bool]
    ) -> dict[str, Any]:
        """Run the job to one of its ends. Where that is not its own, the process is dead after."""
        self.jobs += 1
        started = asked = time.monotonic()
        last = RunProgress(run_milliseconds=0, bytes_scanned=0, cpu_milliseconds=0)
        self._send(job | {"temp": str(self.scratch / "temp"), "result": str(self.result)})
        while True:
            message = self._receive(POLL_SECONDS)
            now = time.monotonic()
            elapsed = round((now - started) * 1000)
            if message is not None and "end" in message:
                return message
            if message is not None:
                last = _progress(message, elapsed)
            end = self._verdict(limits, elapsed)
            if end is None and now - asked >= ASK_SECONDS:
                asked = now
                end = None if go_on(last) else RunEnd.STOPPED
            if end is not None:
                self.kill()
                return {
                    "end": end.value,
                    "bytes": last.bytes_scanned,
                    "cpu_ms": last.cpu_milliseconds,
                    "spilled": last.spilled_bytes,
                    "run_ms": elapsed,
                }

    def kill(self) -> None:
        """At once and for good, with everything it may have started; its scratch goes too."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._process.kill()
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe.close)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _verdict(self, limits: RunLimits, elapsed: int) -> RunEnd | None:
        if not self.is_alive and b"\n" not in self._buffer:
            return RunEnd.CRASHED
        if elapsed > limits.seconds * 1000:
            return RunEnd.TIMED_OUT
        if self._resident_bytes() > limits.memory_bytes + OVERHEAD_BYTES:
            return RunEnd.OUT_OF_MEMORY
        return None

    def _resident_bytes(self) -> int:
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _ready(self) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_alive:
            message = self._receive(POLL_SECONDS)
            if message is not None:
                return message
        self.kill()
        raise RunnerUnavailable

    @property
    def _stdout(self) -> int:
        if self._process.stdout is None:
            raise RunnerUnavailable
        return self._process.stdout.fileno()

    def _send(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None:
            raise RunnerUnavailable
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            self.kill()
            raise RunnerUnavailable from error

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        if b"\n" not in self._buffer and self._selector.select(seconds):
            read = os.read(self._stdout, 65536)
            self._buffer += read
            if not read:
                # Its end of the pipe is closed and select would spin: wait as if nothing came.
                time.sleep(seconds)
        line, separator, rest = self._buffer.partition(b"\n")
        if not separator:
            return None
        self._buffer = rest
        message: dict[str, Any] = json.loads(line)
        return message


def _started(scratch: Path) -> subprocess.Popen[bytes]:
    """Without environment, so that no secret of ours is in it, and in a session of its own."""
    try:
        return subprocess.Popen(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"TZ": "UTC"},
            cwd=scratch,
            start_new_session=True,
        )
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise RunnerUnavailable from error


def _progress(message: dict[str, Any], elapsed: int) -> RunProgress:
    return RunProgress(
        run_milliseconds=elapsed,
        bytes_scanned=message["bytes"],
        cpu_milliseconds=message["cpu_ms"],
        rows_returned=message["rows"],
        spilled_bytes=message["spilled"],
        fraction=message["progress"],
    )


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except BrokenPipeError:
        return
