"""A row of the table, and how its figures come about."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. Seconds are medians; the best a ratio can be said to is two figures."""

    what: str
    ours_seconds: float
    peer: str
    peer_seconds: float

    @property
    def ratio(self) -> float:
        return self.ours_seconds / self.peer_seconds


def compare(
    *,
    what: str,
    ours: Callable[[], object],
    peer_name: str,
    peer: Callable[[], object],
    rounds: int,
    warm_up: int = 0,
) -> Row:
    """Run both by turns, so that what else the machine does falls on both."""
    for _ in range(warm_up):
        ours()
        peer()
    ours_seconds, peer_seconds = [], []
    for _ in range(rounds):
        ours_seconds.append(seconds_of(ours))
        peer_seconds.append(seconds_of(peer))
    return Row(
        what=what,
        ours_seconds=statistics.median(ours_seconds),
        peer=peer_name,
        peer_seconds=statistics.median(peer_seconds),
    )


def against_bar(
    *, what: str, ours: Callable[[], object], times: int, bar_seconds: float, rounds: int
) -> Row:
    """Where nobody else does the same: the most it may cost, as the peer.

    `ours` does it that many times; counted is the processor time of this process for one.
    """
    ours()
    each = []
    for _ in range(rounds):
        began = time.process_time()
        ours()
        each.append((time.process_time() - began) / times)
    return Row(
        what=what,
        ours_seconds=statistics.median(each),
        peer="the bar, in processor time",
        peer_seconds=bar_seconds,
    )


def seconds_of(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def print_table(rows: Iterable[Row]) -> None:
    """A line as soon as its row is measured."""
    line = "{:<52} {:>11} {:>11}  {:>7}  {}\n"
    sys.stdout.write(line.format("what", "ours", "peer", "ratio", "peer is"))
    for row in rows:
        sys.stdout.write(
            line.format(
                row.what,
                readable(row.ours_seconds),
                readable(row.peer_seconds),
                f"{row.ratio:.2f}",
                row.peer,
            )
        )
        sys.stdout.flush()


def readable(seconds: float) -> str:
    if seconds < 0.0001:  # noqa: PLR2004 - below a tenth of a millisecond
        return f"{seconds * 1_000_000:.2f} µs"
    if seconds < 1:
        return f"{seconds * 1000:.2f} ms"
    return f"{seconds:.2f} s"
