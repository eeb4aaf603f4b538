"""Work that is mostly waiting for a distant store, done by several threads beside each other.

What is in one group is done one after the other. Between any two items it can be stopped, or fails
without beginning another.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

AT_ONCE = 8
TOLD_SECONDS = 0.5

Item = TypeVar("Item")


def carry_out(
    groups: Sequence[Sequence[Item]],
    *,
    act: Callable[[Item], object],
    is_to_stop: Callable[[], bool],
    at_end: Callable[[], object],
) -> Generator[int]:
    """Do all of them, and say now and then how many are done. Raises what one of them raised.

    Whoever closes the iterator stops it; what is at hand is finished first. Each thread ends with
    `at_end`: it has database connections of its own, if any.
    """
    waiting, finished = deque(groups), deque[Item]()
    stop = threading.Event()

    def lane() -> None:
        try:
            while waiting and not stop.is_set():
                for item in _next(waiting):
                    if stop.is_set() or is_to_stop():
                        stop.set()
                        return
                    act(item)
                    finished.append(item)
        except BaseException:
            stop.set()
            raise
        finally:
            at_end()

    with ThreadPoolExecutor(min(AT_ONCE, len(groups)), thread_name_prefix="crew") as pool:
        lanes = [pool.submit(copy_context().run, lane) for _ in range(min(AT_ONCE, len(groups)))]
        try:
            while wait(lanes, timeout=TOLD_SECONDS, return_when=FIRST_EXCEPTION).not_done:
                yield len(finished)
        finally:
            stop.set()
    for one in lanes:
        one.result()
    yield len(finished)


def _next(waiting: deque[Sequence[Item]]) -> Sequence[Item]:
    """The next group. Another thread may have taken the last."""
    try:
        return waiting.popleft()
    except IndexError:
        return ()
