"""Counts by day as columns of a small drawing: what went well below, what did not on top.

Plain values: the admin's first page draws them as SVG, which the content security policy allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = 14
STEP = 20.0
GAP = 4.0
HEIGHT = 56.0
LEAST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`kind` is how it is drawn: good, bad. `word` is what its count is of: "succeeded"."""

    word: str
    kind: str
    counts: Mapping[date, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of one day's column."""

    kind: str
    x: float
    y: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The drawing, and the same in words."""

    series: tuple[Series, ...]
    pieces: tuple[Piece, ...]
    first: date
    last: date
    most: int
    width: float = DAYS * STEP
    bar: float = STEP - GAP
    height: float = HEIGHT

    @property
    def total(self) -> int:
        return sum(one.total for one in self.series)

    @property
    def words(self) -> str:
        counts = ", ".join(f"{one.total} {one.word}" for one in self.series)
        return f"{counts}; at most {self.most} on one day"


def drawn(series: Sequence[Series], *, today: date) -> Columns:
    """The last fourteen days up to today, all series on one scale."""
    first = today - timedelta(days=DAYS - 1)
    dates = [first + timedelta(days=number) for number in range(DAYS)]
    kept = tuple(
        Series(word=one.word, kind=one.kind, counts={day: one.counts.get(day, 0) for day in dates})
        for one in series
    )
    most = max(sum(one.counts[day] for one in kept) for day in dates)
    pieces = [
        piece
        for number, day in enumerate(dates)
        for piece in _column(number, day, kept, scale=HEIGHT / most if most else 0.0)
    ]
    return Columns(series=kept, pieces=tuple(pieces), first=first, last=today, most=most)


def _column(number: int, day: date, series: Sequence[Series], *, scale: float) -> list[Piece]:
    pieces: list[Piece] = []
    top = HEIGHT
    for one in series:
        count = one.counts[day]
        if not count:
            continue
        height = max(count * scale, LEAST)
        top = max(top - height, 0.0)
        pieces.append(
            Piece(
                kind=one.kind,
                x=number * STEP + GAP / 2,
                y=round(top, 2),
                height=round(height, 2),
                title=f"{day:%-d %B}: {count} {one.word}",
            )
        )
    return pieces
