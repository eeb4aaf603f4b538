"""A worker that is killed without a word, at a point of its work that a test counts."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import connection

TASKS = Path("/proc/self/task")
LONGEST_MS = 500
LIBRARIES: set[int] = set()


class Killer:
    """Ends this process at the n-th point, before or after a call that matters."""

    def __init__(self, at: int) -> None:
        self.left = at

    def point(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(
        self,
        owner: object,
        name: str,
        *,
        counts: Callable[..., bool] = lambda *_, **__: True,
    ) -> None:
        """Points before and after each call of it for which `counts` says so."""
        original: Callable[..., object] = getattr(owner, name)

        def wrapped(*args: object, **options: object) -> object:
            if not counts(*args, **options):
                return original(*args, **options)
            self.point()
            result = original(*args, **options)
            self.point()
            return result

        setattr(owner, name, wrapped)


def was_killed(work: Callable[[Killer], object], *, at: int) -> bool:
    """Do the work in a process of its own that is killed at this point, if it comes."""
    _wait_for_dying_threads()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)
    code = 1
    try:
        connection.connection = None  # The parent's socket is the parent's.
        work(Killer(at))
        code = 0
    except BaseException:  # noqa: BLE001 - the child says why, and never returns into pytest
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait_for_dying_threads() -> None:
    """A thread that Python has joined still gives back what OpenSSL lent it, under a lock.

    A fork in that moment would leave the lock taken in the child for ever. Libraries keep threads
    of their own: what has not ended by then is one of those.
    """
    for _ in range(LONGEST_MS):
        if not TASKS.exists() or not _dying():
            return
        time.sleep(0.001)
    LIBRARIES.update(_dying())


def _dying() -> set[int]:
    """Threads of ours (they have the process's name) that Python no longer knows."""
    known = {thread.native_id for thread in threading.enumerate()}
    own = (TASKS / str(os.getpid()) / "comm").read_text()
    found = set()
    for task in TASKS.iterdir():
        with suppress(OSError):  # Gone by now.
            if (task / "comm").read_text() == own:
                found.add(int(task.name))
    return found - known - LIBRARIES
