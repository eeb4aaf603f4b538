"""Warm runner processes, each reused only for the namespace, role and folders it was made for."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from governance.analytics.adapters.runner_process import RunnerProcess

MAX_IDLE = 4
IDLE_SECONDS = 120
MAX_JOBS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerKey:
    namespace_id: UUID
    role_id: UUID | None
    granted: tuple[str, ...]


class RunnerPool:
    """One in each worker process. Safe among threads; a fork starts with an empty one."""

    def __init__(self) -> None:
        self._idle: list[tuple[RunnerKey, RunnerProcess]] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()

    @contextmanager
    def lease(self, *, key: RunnerKey, scratch_root: Path) -> Iterator[RunnerProcess]:
        """A process for this key, warm or new. It goes back unless it died or is worn out."""
        runner = self._take(key) or self._start(key, scratch_root)
        try:
            yield runner
        except BaseException:
            runner.kill()
            raise
        self._give_back(key, runner)

    def idle_pids(self) -> list[int]:
        """Of the processes that wait for work, the latest last."""
        with self._lock:
            return [runner.pid for _, runner in self._idle]

    def close(self) -> None:
        """End every idle process: at the worker's end, and between tests."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, runner in idle:
            runner.kill()

    def _take(self, key: RunnerKey) -> RunnerProcess | None:
        with self._lock:
            if self._pid != os.getpid():
                self._idle, self._pid = [], os.getpid()
            stale = [entry for entry in self._idle if _is_stale(entry[1])]
            fitting = [entry for entry in self._idle if entry[0] == key and entry not in stale]
            taken = fitting[-1] if fitting else None
            self._idle = [e for e in self._idle if e not in stale and e is not taken]
        for _, runner in stale:
            runner.kill()
        return None if taken is None else taken[1]

    def _start(self, key: RunnerKey, scratch_root: Path) -> RunnerProcess:
        sweep(scratch_root)
        return RunnerProcess(granted=key.granted, scratch_root=scratch_root)

    def _give_back(self, key: RunnerKey, runner: RunnerProcess) -> None:
        if not runner.is_alive or runner.jobs >= MAX_JOBS:
            runner.kill()
            return
        runner.idle_since = time.monotonic()
        with self._lock:
            self._idle.append((key, runner))
            surplus = self._idle[:-MAX_IDLE]
            self._idle = self._idle[-MAX_IDLE:]
        for _, old in surplus:
            old.kill()


def _is_stale(runner: RunnerProcess) -> bool:
    return not runner.is_alive or time.monotonic() - runner.idle_since > IDLE_SECONDS


def sweep(scratch_root: Path) -> None:
    """Remove what workers left that were killed: folders that begin with their process's number."""
    for folder in scratch_root.glob("*-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


POOL = RunnerPool()
