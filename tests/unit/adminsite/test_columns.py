"""Counts by day as a drawing: on one scale, today last, and the same in words."""

from datetime import date

import pytest

from governance.adminsite import columns
from governance.adminsite.columns import DAYS, HEIGHT, Series

TODAY = date(2026, 11, 23)


def test_the_fullest_day_is_as_high_as_the_drawing_and_what_failed_stands_on_top() -> None:
    well = Series(word="succeeded", kind="good", counts={TODAY: 6, date(2026, 11, 22): 4})
    not_well = Series(word="failed", kind="bad", counts={TODAY: 2})

    drawing = columns.drawn([well, not_well], today=TODAY)

    yesterday, good, bad = drawing.pieces
    assert (good.height, bad.height) == (HEIGHT * 6 / 8, HEIGHT * 2 / 8)
    assert (good.y + good.height, bad.y, bad.y + bad.height) == (HEIGHT, 0, good.y)
    assert yesterday.x < good.x == bad.x
    assert good.x + drawing.bar <= drawing.width
    assert bad.title == "23 November: 2 failed"
    assert drawing.words == "10 succeeded, 2 failed; at most 8 on one day"


def test_older_days_are_neither_drawn_nor_counted() -> None:
    old = Series(word="succeeded", kind="good", counts={date(2026, 11, 9): 5, TODAY: 1})

    drawing = columns.drawn([old], today=TODAY)

    assert drawing.first == date(2026, 11, 10)
    assert (drawing.total, len(drawing.pieces)) == (1, 1)
    assert (drawing.last - drawing.first).days == DAYS - 1


@pytest.mark.parametrize("counts", [{}, {date(2020, 1, 1): 3}])
def test_days_without_anything_have_no_column(counts: dict[date, int]) -> None:
    drawing = columns.drawn([Series(word="x", kind="good", counts=counts)], today=TODAY)

    assert drawing.pieces == ()
    assert drawing.most == 0


def test_one_among_thousands_is_still_seen() -> None:
    many = Series(word="succeeded", kind="good", counts={TODAY: 100_000})
    one = Series(word="failed", kind="bad", counts={TODAY: 1})

    drawing = columns.drawn([many, one], today=TODAY)

    assert drawing.pieces[1].height >= columns.LEAST
    assert drawing.pieces[1].y >= 0
