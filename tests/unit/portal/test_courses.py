"""How a limit is used up over its period, and where that leads."""

from datetime import UTC, datetime, timedelta

import pytest

from governance.portal.domain import courses
from governance.portal.domain.courses import HEIGHT, WIDTH
from governance.portal.ports import UsageCourse

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
HALF = datetime(2026, 11, 16, tzinfo=UTC)


def a_course(*used: float, counted_from: datetime = START) -> UsageCourse:
    return UsageCourse(
        title="Data scanned, monthly",
        start=START,
        end=END,
        counted_from=counted_from,
        interval=timedelta(days=1),
        ceiling=100.0,
        used=[(START + timedelta(days=number), amount) for number, amount in enumerate(used)],
    )


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (one.split(",") for one in text.split())]


@pytest.mark.parametrize(
    ("used", "sentence", "mood"),
    [
        ([], "Nothing is used yet.", "ok"),
        ([30.0], "At this pace 60 % is used when the period ends.", "ok"),
        ([40.0, 20.0], "At this pace the limit is reached on 26 November at 00:00 UTC.", "warn"),
        ([40.0, 60.0], "The limit is reached.", "bad"),
    ],
)
def test_it_says_where_the_pace_leads(used: list[float], sentence: str, mood: str) -> None:
    course = courses.drawn(a_course(*used), now=HALF)

    assert (course.sentence, course.mood) == (sentence, mood)


def test_the_line_only_climbs_and_ends_now_below_the_limit() -> None:
    course = courses.drawn(a_course(10.0, 0.0, 20.0), now=HALF)

    line = points(course.line)
    assert line[0] == (0.0, HEIGHT)
    assert line[-1][0] == WIDTH / 2 == course.now_x
    assert line[-1][1] > course.limit_y
    assert [y for _, y in line] == sorted((y for _, y in line), reverse=True)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert points(course.forecast)[0] == line[-1]
    assert points(course.forecast)[1][0] == WIDTH


def test_soon_after_the_beginning_no_pace_is_told() -> None:
    course = courses.drawn(a_course(5.0), now=START + timedelta(hours=12))

    assert course.sentence == "It is too early to say where this leads."
    assert course.forecast == ""


def test_a_limit_made_in_the_middle_has_the_pace_since_then() -> None:
    made = START + timedelta(days=10)
    told = a_course(*[0.0] * 10, 10.0, counted_from=made)

    course = courses.drawn(told, now=made + timedelta(days=10))

    assert course.sentence == "At this pace 20 % is used when the period ends."


def test_what_is_far_beyond_stays_in_the_drawing() -> None:
    course = courses.drawn(a_course(5000.0), now=HALF)

    assert all(0 <= y <= HEIGHT and 0 <= x <= WIDTH for x, y in points(course.line))
    assert 0 <= course.limit_y <= HEIGHT
