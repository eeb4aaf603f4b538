"""Figures as people read them: bytes, durations, bars against a limit."""

from dataclasses import dataclass
from datetime import datetime

UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")
STEP = 1024
NARROW_SPACE = "\u202f"
SECOND = 1000
MINUTE = 60
MARK = 80.0  # 100 % of a limit lies here, so that what goes beyond it is seen
WARN_PERCENT = 80
FULL_PERCENT = 100


def bytes_text(count: int) -> str:
    value, unit = float(count), UNITS[0]
    for unit in UNITS:
        if value < STEP or unit == UNITS[-1]:
            break
        value /= STEP
    return f"{count} {unit}" if unit == UNITS[0] else f"{value:.1f} {unit}"


def figure_text(value: object) -> str:
    """One figure, large: groups of three set apart by narrow spaces; other values as they are."""
    if value is None:
        return "none"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}".replace(",", NARROW_SPACE)
    return str(value)


def duration_text(milliseconds: int) -> str:
    if milliseconds < SECOND:
        return f"{milliseconds} ms"
    seconds = milliseconds / SECOND
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar's width in per cent of the drawing, and its mood.

    `now` is where the period has got to on the same scale, `gone` the same in percent of it.
    """

    width: float
    mark: float
    mood: str
    now: float
    gone: int


def drawn_bar(percent: float, *, gone: float) -> DrawnBar:
    """`gone` is the share of the period that has passed, from 0 to 1."""
    width = min(max(percent, 0.0) * MARK / 100, 100.0)
    mood = "ok"
    if percent >= FULL_PERCENT:
        mood = "bad"
    elif percent >= WARN_PERCENT:
        mood = "warn"
    return DrawnBar(
        width=round(width, 2),
        mark=MARK,
        mood=mood,
        now=round(gone * MARK, 2),
        gone=round(gone * 100),
    )


def gone(*, start: datetime, end: datetime, now: datetime) -> float:
    """How much of a period has passed, from 0 to 1."""
    return min(max((now - start) / (end - start), 0.0), 1.0)
