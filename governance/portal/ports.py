"""What the portal needs from outside: the usage bars of the namespace.

`PORTAL_USAGE_PANEL` names a class, or a function, by dotted path; it is called without
arguments and gives the panel. Unset, the portal says that no limit is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from governance.kernel.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageBar:
    """One limit, ready to be drawn.

    `title` such as "Data scanned, weekly"; `figure` such as
    "0.31 of 2 TB"; `percent` may exceed 100; `action` is what happens at 100 %, such as "more is
    refused"; `note` such as "Disabled until 1 March".
    """

    title: str
    figure: str
    percent: float
    period_start: datetime
    period_end: datetime
    action: str
    disabled: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """One day of use, for the list under the bars: "Data scanned", "1.2 GB".

    `amount` is the same in the feature's own unit, for the height of a bar.
    """

    at: datetime
    title: str
    figure: str
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCourse:
    """How one limit is used up in the present period: `used` in each interval from its moment on.

    Amounts and `ceiling` are in the feature's own unit. Nothing before `counted_from` counts.
    """

    title: str
    start: datetime
    end: datetime
    counted_from: datetime
    interval: timedelta
    ceiling: float
    used: Sequence[tuple[datetime, float]]


class UsagePanel(Protocol):
    """Called in the namespace's scope of the signed-in person."""

    def bars(self, *, actor: Actor, now: datetime) -> Sequence[UsageBar]:
        """The namespace's limits and what is used of them; empty where none is set."""
        ...

    def courses(self, *, actor: Actor, now: datetime) -> Sequence[UsageCourse]:
        """How each limit is used up in its present period, in the order of the bars."""
        ...

    def recent(self, *, actor: Actor, now: datetime) -> Sequence[UsageEntry]:
        """Use by day and feature over the last two weeks, newest first."""
        ...
