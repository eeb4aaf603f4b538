"""Work that is mostly waiting for a distant store, done by several threads beside each other.

What changes the store is carried out in groups: what is in one group is done one after the other,
and between any two items it can be stopped, or fails without beginning another. What only reads it
gives its results in order.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from purge.ports import LayerKind, Work

AT_ONCE = 8
AHEAD = 2 * AT_ONCE
"""Results that may wait for the one before them."""
TOLD = timedelta(seconds=0.5)
SMALL = 1 << 20
"""Bytes of an object that each thread may hold in memory a few times over."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class Telling:
    """How far work is, told now and then: each time is a transaction."""

    work: Work
    clock: Callable[[], datetime]
    total: int
    done: int = 0
    told_at: datetime | None = None
    is_open_ended: bool = False

    def one_more(self) -> None:
        self.tell(self.done + 1)

    def tell(self, done: int) -> bool:
        """Whether it was told this time: as the last one is, where that is known before."""
        now, self.done = self.clock(), done
        is_early = self.told_at is not None and timedelta() <= now - self.told_at < TOLD
        if is_early and (done < self.total or self.is_open_ended):
            return False
        self.told_at = now
        self.work.progress(done=done, total=self.total)
        return True


def suits(*, kind: str, size: int) -> bool:
    """Whether work on such an object of such a layer is mostly waiting, and takes little memory."""
    return kind == LayerKind.S3 and size <= SMALL


def in_order(
    items: Iterable[Item], *, act: Callable[[Item], Result], is_threaded: Callable[[Item], bool]
) -> Generator[Result]:
    """What `act` makes of each, in their order. Raises what one of them raised, in its turn.

    What is not `is_threaded` is done here, in its turn. `items` are gone through here as well, a
    few ahead: that may ask the database, and `act` may not. Whoever closes the iterator stops it;
    what is at hand is finished first.
    """
    begun = deque[Callable[[], Result]]()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lake")
    try:
        for item in items:
            if is_threaded(item):
                begun.append(pool.submit(copy_context().run, act, item).result)
            else:
                begun.append(partial(act, item))
            if len(begun) == AHEAD:
                yield begun.popleft()()
        while begun:
            yield begun.popleft()()
    finally:
        pool.shutdown(cancel_futures=True)


def carry_out(
    groups: Sequence[Sequence[Item]],
    *,
    act: Callable[[Sequence[Item], Callable[[], bool]], bool],
    at_end: Callable[[], object],
) -> Generator[int]:
    """Do all of them, and say now and then how many are done. Raises what one of them raised.

    `act` is given a group, and what tells between two items whether to stop. Where it says False
    nothing more is begun. Whoever closes the iterator stops it; what is at hand is finished first.
    Each thread ends with `at_end`: it has database connections of its own, if any.
    """
    waiting, finished = deque(groups), deque[Item]()
    stop = threading.Event()

    def lane() -> None:
        try:
            while waiting and not stop.is_set():
                group = _next(waiting)
                if not act(group, stop.is_set):
                    stop.set()
                    return
                finished.extend(group)
        except BaseException:
            stop.set()
            raise
        finally:
            at_end()

    with ThreadPoolExecutor(min(AT_ONCE, len(groups)), thread_name_prefix="lake") as pool:
        lanes = [pool.submit(copy_context().run, lane) for _ in range(min(AT_ONCE, len(groups)))]
        try:
            while wait(lanes, timeout=TOLD.total_seconds(), return_when=FIRST_EXCEPTION).not_done:
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
