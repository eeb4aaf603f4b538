"""Use by day as a row of bars: one drawing for each feature, as high as its largest day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

DAYS = 14
STEP = 20.0
GAP = 4.0
HEIGHT = 80.0
LEAST = 1.5


class Used(Protocol):
    """What one feature used on one day: its amount for a bar's height, its figure to be read."""

    @property
    def at(self) -> datetime: ...
    @property
    def title(self) -> str: ...
    @property
    def figure(self) -> str: ...
    @property
    def amount(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day's bar in the drawing. A day without use has no height."""

    at: date
    figure: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What was used of a feature, day by day; `most` is the largest day's figure."""

    title: str
    days: tuple[Day, ...]
    most: str
    width: float = DAYS * STEP
    bar: float = STEP - GAP
    height: float = HEIGHT


def drawn(entries: Sequence[Used], *, now: datetime) -> list[Feature]:
    """The features that were used at all, each over the same days up to today."""
    titles = dict.fromkeys(entry.title for entry in entries)
    return [
        _feature(title, [one for one in entries if one.title == title], now=now)
        for title in sorted(titles)
    ]


def _feature(title: str, entries: Sequence[Used], *, now: datetime) -> Feature:
    used = {entry.at.date(): entry for entry in entries}
    most = max(entries, key=lambda entry: entry.amount)
    first = now.date() - timedelta(days=DAYS - 1)
    return Feature(
        title=title,
        most=most.figure,
        days=tuple(
            _day(number, first + timedelta(days=number), used, most=most.amount)
            for number in range(DAYS)
        ),
    )


def _day(number: int, at: date, used: dict[date, Used], *, most: float) -> Day:
    entry = used.get(at)
    share = entry.amount / most if entry is not None and most > 0 else 0.0
    height = max(round(share * HEIGHT, 2), LEAST) if share else 0.0
    return Day(
        at=at,
        figure="nothing" if entry is None else entry.figure,
        x=number * STEP + GAP / 2,
        y=round(HEIGHT - height, 2),
        height=height,
    )
