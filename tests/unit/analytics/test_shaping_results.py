"""Values as JSON carries them, and cells that no spreadsheet runs."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from governance.analytics.domain.results import ResultPage, csv_cell, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**70, 2**70),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Decimal("1.500"), "1.500"),
        (Decimal("1E+3"), "1000"),
        (date(2015, 1, 2), "2015-01-02"),
        (time(1, 2), "01:02:00"),
        (datetime(2015, 1, 2, tzinfo=UTC), "2015-01-02T00:00:00+00:00"),
        (timedelta(hours=1), "1:00:00"),
        (b"\x00\xff", "AP8="),
        ([1, Decimal(2)], [1, "2"]),
        ({"a": b"x", 1: None}, {"a": "eA==", "1": None}),
        ({"nested": [{"b": date(2015, 1, 2)}]}, {"nested": [{"b": "2015-01-02"}]}),
    ],
)
def test_values_lose_nothing_but_their_type(value: object, expected: object) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
)
def test_text_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert [csv_cell(value) for value in (-3, "AA", None, Decimal("-1.5"), [1])] == [
        -3,
        "AA",
        "",
        "-1.5",
        "[1]",
    ]


def test_a_page_knows_whether_more_follows() -> None:
    page = ResultPage(columns=(("a", "int64"),), rows=((1,), (2,)), offset=2, total=5)

    assert (page.end, page.has_more) == (4, True)


def test_a_page_shows_values_in_the_words_of_json() -> None:
    columns = (("sure", "bool"), ("tags", "list<item: string>"), ("n", "int64"), ("s", "string"))
    page = ResultPage(columns=columns, rows=((True, ["é", None], 1, "AA"),), offset=0, total=1)

    assert page.cells == ((("true", False), ('["é", null]', False), (1, True), ("AA", False)),)
