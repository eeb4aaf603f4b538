"""Charts as plain geometry: what a template needs to draw bars or a line in SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 40
MAX_POINTS = 60
MAX_SERIES = 3
TICKS = 4
LABEL_LENGTH = 12
NAME_LENGTH = 24
NAMES_LEFT, FIGURES_RIGHT, ROW = 170, 60, 26
MAX_NAMED = 20
SHORT_NAME = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    points: str
    series: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`left`, `right` and `baseline` bound the plot; `ticks` are at the left, `labels` below."""

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    baseline: float = HEIGHT - BOTTOM
    rectangles: tuple[Rectangle, ...] = ()
    paths: tuple[Path, ...] = ()
    ticks: tuple[Label, ...] = ()
    labels: tuple[Label, ...] = ()
    series: tuple[tuple[int, str], ...] = ()
    left_out: int = 0
    is_lying: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """The values to draw, and where a value lies from top to bottom."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    low: float
    high: float

    def y(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        share = (value - self.low) / span
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 2)


def bars(*, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Chart | None:
    """Bars by the first column. None where no other column holds numbers."""
    plot = _plot(columns, rows)
    if plot is None:
        return None
    step = (WIDTH - LEFT - RIGHT) / len(plot.groups)
    each = step * 0.8 / len(plot.names)
    zero = plot.y(0)
    rectangles = []
    for index, group in enumerate(plot.groups):
        for series, value in enumerate(plot.values[index]):
            top = min(plot.y(value), zero)
            rectangles.append(
                Rectangle(
                    x=round(LEFT + index * step + step * 0.1 + series * each, 2),
                    y=top,
                    width=round(each, 2),
                    height=round(max(abs(plot.y(value) - zero), 0.5), 2),
                    series=series + 1,
                    title=f"{group}, {plot.names[series]}: {_figure(value)}",
                )
            )
    return _chart(plot, len(rows), step, baseline=zero, rectangles=tuple(rectangles))


def named_bars(*, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Chart | None:
    """Lying bars with the whole name at the left and the figure at the end, for long names.

    None where the names are short, several columns hold numbers, or a value is negative.
    """
    plot = _plot(columns, rows[:MAX_NAMED])
    if plot is None or len(plot.names) > 1 or plot.low < 0:
        return None
    if max(len(group) for group in plot.groups) <= SHORT_NAME:
        return None
    room = WIDTH - NAMES_LEFT - FIGURES_RIGHT
    top = max(value for (value,) in plot.values) or 1.0
    rectangles, labels, figures = [], [], []
    for index, (group, (value,)) in enumerate(zip(plot.groups, plot.values, strict=True)):
        width, y = round(max(value / top * room, 0.5), 2), index * ROW + 4
        title = f"{group}: {_figure(value)}"
        rectangles.append(
            Rectangle(x=NAMES_LEFT, y=y, width=width, height=ROW - 8, series=1, title=title)
        )
        middle = y + (ROW - 8) / 2
        figures.append(Label(x=NAMES_LEFT + width + 6, y=middle, text=_figure(value)))
        labels.append(Label(x=NAMES_LEFT - 8, y=middle, text=_cut(group, NAME_LENGTH)))
    return Chart(
        height=len(labels) * ROW + 4,
        left=NAMES_LEFT,
        baseline=0,
        is_lying=True,
        rectangles=tuple(rectangles),
        ticks=tuple(labels),
        labels=tuple(figures),
        series=((1, plot.names[0]),),
        left_out=max(len(rows) - MAX_NAMED, 0),
    )


def line(*, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Chart | None:
    """Lines along the first column. None where no other column holds numbers."""
    plot = _plot(columns, rows)
    if plot is None:
        return None
    step = (WIDTH - LEFT - RIGHT) / len(plot.groups)
    paths = []
    for series, name in enumerate(plot.names):
        points = (
            f"{round(LEFT + index * step + step / 2, 2)},{plot.y(values[series])}"
            for index, values in enumerate(plot.values)
        )
        paths.append(Path(points=" ".join(points), series=series + 1, title=name))
    return _chart(plot, len(rows), step, baseline=plot.y(plot.low), paths=tuple(paths))


def _plot(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> _Plot | None:
    shown = rows[:MAX_POINTS]
    numeric = [
        index
        for index in range(1, len(columns))
        if any(row[index] is not None for row in shown)
        and all(row[index] is None or _number(row[index]) is not None for row in shown)
    ][:MAX_SERIES]
    if not shown or not numeric:
        return None
    values = tuple(tuple(_number(row[index]) or 0.0 for index in numeric) for row in shown)
    flat = [value for group in values for value in group]
    high, low = _nice(max(*flat, 0.0)), -_nice(-min(*flat, 0.0))
    return _Plot(
        names=tuple(columns[index] for index in numeric),
        groups=tuple("" if row[0] is None else str(row[0]) for row in shown),
        values=values,
        low=low,
        high=high if high > low else low + 1,
    )


def _chart(
    plot: _Plot,
    total: int,
    step: float,
    *,
    baseline: float,
    rectangles: tuple[Rectangle, ...] = (),
    paths: tuple[Path, ...] = (),
) -> Chart:
    spaced = (plot.low + (plot.high - plot.low) * tick / TICKS for tick in range(TICKS + 1))
    every = max(math.ceil(len(plot.groups) / 10), 1)
    labels = tuple(
        Label(
            x=round(LEFT + index * step + step / 2, 2),
            y=HEIGHT - BOTTOM + 18,
            text=_cut(group, LABEL_LENGTH),
        )
        for index, group in enumerate(plot.groups)
        if index % every == 0
    )
    return Chart(
        baseline=baseline,
        rectangles=rectangles,
        paths=paths,
        ticks=tuple(Label(x=LEFT - 8, y=plot.y(value), text=_figure(value)) for value in spaced),
        labels=labels,
        series=tuple((index + 1, name) for index, name in enumerate(plot.names)),
        left_out=max(total - MAX_POINTS, 0),
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _number(value: object) -> float | None:
    """A finite number, also where it came as text (exact decimals do)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(Decimal(value))
    except (InvalidOperation, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _nice(value: float) -> float:
    """The next multiple of a power of ten that four ticks part into short figures."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        step * power for step in (1, 1.2, 1.6, 2, 2.4, 4, 6, 8, 10) if step * power >= value
    )


def _figure(value: float) -> str:
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{round(value / size, 1):g}{suffix}"
    return f"{round(value, 2):g}"
