"""Charts and bars as geometry, and figures as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from governance.portal.domain import charts, days, figures
from governance.portal.domain.figures import bytes_text, drawn_bar, duration_text, figure_text
from governance.portal.ports import UsageEntry

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


def test_a_bar_is_as_high_as_its_value() -> None:
    chart = charts.bars(columns=["carrier", "n"], rows=[["AA", 10], ["DL", 5], ["UA", 0]])

    assert chart is not None
    heights = [bar.height for bar in chart.rectangles]
    assert heights[0] == pytest.approx(2 * heights[1])
    assert heights[2] == 0.5
    assert [label.text for label in chart.labels] == ["AA", "DL", "UA"]
    assert [tick.text for tick in chart.ticks] == ["0", "2.5", "5", "7.5", "10"]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (3, ["0", "1", "2", "3", "4"]),
        (21.7, ["0", "6", "12", "18", "24"]),
        (5800, ["0", "1.5k", "3k", "4.5k", "6k"]),
    ],
)
def test_ticks_are_short_figures(most: float, ticks: list[str]) -> None:
    chart = charts.line(columns=["month", "late"], rows=[[1, 1], [2, most]])

    assert chart is not None
    assert [tick.text for tick in chart.ticks] == ticks


def test_negative_values_hang_below_the_baseline() -> None:
    chart = charts.bars(columns=["carrier", "delay"], rows=[["AA", -4], ["DL", 4]])

    assert chart is not None
    below, above = chart.rectangles
    assert below.y == pytest.approx(chart.baseline)
    assert above.y + above.height == pytest.approx(chart.baseline)


def test_a_line_runs_through_every_point_of_each_series() -> None:
    chart = charts.line(columns=["day", "a", "b"], rows=[[1, 1, "2.50"], [2, 3, None]])

    assert chart is not None
    assert [path.title for path in chart.paths] == ["a", "b"]
    assert [len(path.points.split()) for path in chart.paths] == [2, 2]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["carrier"], [["AA"]]),
        (["carrier", "name"], [["AA", "American"]]),
        (["carrier", "n"], []),
        (["carrier", "n"], [["AA", None]]),
        (["carrier", "n"], [["AA", "nan"], ["DL", "inf"]]),
        (["carrier", "n"], [["AA", True]]),
    ],
)
def test_what_holds_no_numbers_is_no_chart(columns: list[str], rows: list[list[object]]) -> None:
    assert charts.bars(columns=columns, rows=rows) is None
    assert charts.line(columns=columns, rows=rows) is None


def test_equal_or_huge_values_still_make_a_chart() -> None:
    for value in (0, -3, 1e-9, 1e300, 2**63):
        chart = charts.bars(columns=["x", "n"], rows=[["a", value], ["b", value]])
        assert chart is not None
        assert all(charts.TOP <= bar.y <= charts.HEIGHT for bar in chart.rectangles)


def test_more_rows_than_a_chart_can_show_are_counted_out_loud() -> None:
    rows = [[str(n), n] for n in range(charts.MAX_POINTS + 5)]

    chart = charts.bars(columns=["x", "n"], rows=rows)

    assert chart is not None
    assert (len(chart.rectangles), chart.left_out) == (charts.MAX_POINTS, 5)
    assert len(chart.labels) <= 11


def test_long_names_stand_beside_lying_bars() -> None:
    rows: list[list[object]] = [["JetBlue Airways", 10], ["Delta Air Lines Inc.", 5]]

    chart = charts.named_bars(columns=["airline", "n"], rows=rows)

    assert chart is not None
    assert [tick.text for tick in chart.ticks] == ["JetBlue Airways", "Delta Air Lines Inc."]
    assert [label.text for label in chart.labels] == ["10", "5"]
    assert chart.rectangles[0].width == pytest.approx(2 * chart.rectangles[1].width)


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (["x", "n"], ["short", 1]),
        (["x", "n"], ["long enough", -1]),
        (["x", "n", "m"], ["long enough", 1, 2]),
    ],
)
def test_other_bars_stand(columns: list[str], row: list[object]) -> None:
    assert charts.named_bars(columns=columns, rows=[row]) is None
    assert charts.bars(columns=columns, rows=[row]) is not None


def test_long_names_are_cut_below_a_chart() -> None:
    chart = charts.bars(columns=["x", "n"], rows=[["Minneapolis and Saint Paul", 1]])

    assert chart is not None
    assert chart.labels[0].text == "Minneapolis…"


@pytest.mark.parametrize(
    ("percent", "width", "mood"),
    [(0, 0, "ok"), (50, 40, "ok"), (80, 64, "warn"), (100, 80, "bad"), (500, 100, "bad")],
)
def test_a_full_limit_reaches_the_mark(percent: float, width: float, mood: str) -> None:
    bar = drawn_bar(percent, gone=0.5)

    assert (bar.width, bar.mark, bar.mood) == (width, 80, mood)


@pytest.mark.parametrize(("hours", "gone"), [(-1, 0), (0, 0), (6, 25), (24, 100), (30, 100)])
def test_a_bar_tells_how_much_of_the_period_has_passed(hours: int, gone: int) -> None:
    share = figures.gone(
        start=NOON, end=NOON + timedelta(days=1), now=NOON + timedelta(hours=hours)
    )

    bar = drawn_bar(50, gone=share)

    assert bar.gone == gone
    assert bar.now == pytest.approx(gone * 0.8)


def test_each_feature_is_drawn_over_the_same_fourteen_days() -> None:
    uses = [
        UsageEntry(at=NOON, title="Data scanned", figure="4 GB", amount=4.0),
        UsageEntry(at=NOON - timedelta(days=2), title="Data scanned", figure="1 GB", amount=1.0),
        UsageEntry(at=NOON - timedelta(days=20), title="Data scanned", figure="9 GB", amount=2.0),
        UsageEntry(at=NOON, title="Concurrency scaling", figure="0 s", amount=0.0),
    ]

    concurrency, scanned = days.drawn(uses, now=NOON)

    heights = [day.height for day in scanned.days]
    assert (len(heights), heights[-1], heights[-3], heights[-2]) == (14, 80, 20, 0)
    assert scanned.days[-1].figure == scanned.most == "4 GB"
    assert scanned.days[-2].figure == "nothing"
    assert not any(day.height for day in concurrency.days)


def test_nothing_used_is_nothing_drawn() -> None:
    assert days.drawn([], now=NOON) == []


def test_figures_read_as_people_say_them() -> None:
    assert [bytes_text(n) for n in (0, 1023, 1536, 2**40, 2**60)] == [
        "0 bytes",
        "1023 bytes",
        "1.5 KB",
        "1.0 TB",
        "1024.0 PB",
    ]
    assert [figure_text(value) for value in (336776, None, "a", True, 1.5)] == [
        "336\u202f776",
        "none",
        "a",
        "True",
        "1.5",
    ]
    assert [duration_text(n) for n in (999, 1500, 61_000)] == ["999 ms", "1.5 s", "1 min 1 s"]
