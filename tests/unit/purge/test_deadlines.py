"""When an erasure is due."""

from datetime import UTC, datetime

import pytest

from purge.domain.deadlines import one_month_after


@pytest.mark.parametrize(
    ("asked", "due"),
    [((2026, 1, 31), (2026, 2, 28)), ((2028, 1, 31), (2028, 2, 29)), ((2026, 12, 5), (2027, 1, 5))],
)
def test_it_is_due_one_calendar_month_later(
    asked: tuple[int, int, int], due: tuple[int, int, int]
) -> None:
    assert one_month_after(datetime(*asked, 9, 30, tzinfo=UTC)) == datetime(*due, 9, 30, tzinfo=UTC)
