"""How a limit is used up over its period: a line that climbs to the limit's, and where it leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

WIDTH, HEIGHT = 280.0, 84.0
HEADROOM = 1.15
FURTHEST = 1.6  # how far beyond the limit a forecast is drawn, in limits
EARLY = 0.05  # before this share of what counts has passed, a pace says nothing


class Told(Protocol):
    """A limit's course in its present period; see `ports.UsageCourse`."""

    @property
    def title(self) -> str: ...
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def counted_from(self) -> datetime: ...
    @property
    def interval(self) -> timedelta: ...
    @property
    def ceiling(self) -> float: ...
    @property
    def used(self) -> Sequence[tuple[datetime, float]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The drawing: `line` and `forecast` are points of polylines, `sentence` says the same."""

    title: str
    start: datetime
    end: datetime
    line: str
    forecast: str
    limit_y: float
    now_x: float
    sentence: str
    is_short: bool
    mood: str
    width: float = WIDTH
    height: float = HEIGHT


def drawn(told: Told, *, now: datetime) -> Course:
    steps = _climbed(told, now=now)
    total = steps[-1][1]
    pace = _pace(told, total=total, now=now)
    left = (told.end - now).total_seconds()
    at_end = None if pace is None else total + pace * left
    top = max(told.ceiling * HEADROOM, total * 1.05, min(at_end or 0.0, told.ceiling * FURTHEST))
    span = (told.end - told.start).total_seconds()

    def point(at: datetime, amount: float) -> str:
        x = WIDTH * (at - told.start).total_seconds() / span
        return f"{x:.2f},{HEIGHT * (1 - min(amount / top, 1.0)):.2f}"

    return Course(
        title=told.title,
        start=told.start,
        end=told.end,
        line=" ".join(point(at, amount) for at, amount in steps),
        forecast="" if at_end is None else f"{point(now, total)} {point(told.end, at_end)}",
        limit_y=round(HEIGHT * (1 - told.ceiling / top), 2),
        now_x=round(WIDTH * (now - told.start).total_seconds() / span, 2),
        sentence=_sentence(told, total=total, pace=pace, at_end=at_end, now=now),
        is_short=told.end - told.start <= timedelta(days=1),
        mood=_mood(told.ceiling, total=total, at_end=at_end),
    )


def _climbed(told: Told, *, now: datetime) -> list[tuple[datetime, float]]:
    """The sum so far, at the end of each interval; flat between them and up to now."""
    steps, total = [(told.counted_from, 0.0)], 0.0
    for at, amount in told.used:
        begun = max(at, told.counted_from)
        if begun >= now:
            continue
        steps.append((begun, total))
        total += amount
        steps.append((min(at + told.interval, now), total))
    return [*steps, (now, total)]


def _pace(told: Told, *, total: float, now: datetime) -> float | None:
    """Use a second since it counts. None while that says nothing, or nothing is used."""
    passed = (now - told.counted_from).total_seconds()
    counts = (told.end - told.counted_from).total_seconds()
    if total <= 0 or passed < EARLY * counts:
        return None
    return total / passed


def _sentence(
    told: Told, *, total: float, pace: float | None, at_end: float | None, now: datetime
) -> str:
    if total >= told.ceiling:
        return "The limit is reached."
    if pace is None or at_end is None:
        return "Nothing is used yet." if total <= 0 else "It is too early to say where this leads."
    if at_end >= told.ceiling:
        reached = now + timedelta(seconds=(told.ceiling - total) / pace)
        return f"At this pace the limit is reached on {reached:%-d %B at %H:%M} UTC."
    return f"At this pace {100 * at_end / told.ceiling:.0f} % is used when the period ends."


def _mood(ceiling: float, *, total: float, at_end: float | None) -> str:
    if total >= ceiling:
        return "bad"
    return "warn" if at_end is not None and at_end >= ceiling else "ok"
