"""When a provider's keys may be looked for again."""

from datetime import UTC, datetime, timedelta

from federation.domain.key_searches import LONGEST_SEARCH, PAUSE, LastSearch

NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ended(*, took: timedelta) -> LastSearch:
    return LastSearch(began_at=NOON, ended_at=NOON + took)


def test_the_first_may_begin_at_once() -> None:
    assert LastSearch(began_at=None, ended_at=None).may_begin(at=NOON)


def test_the_next_waits_for_the_pause() -> None:
    last = ended(took=SECOND / 10)

    assert not last.may_begin(at=NOON + PAUSE - SECOND / 100)
    assert last.may_begin(at=NOON + PAUSE)


def test_a_slow_host_is_asked_a_tenth_of_the_time_at_most() -> None:
    last = ended(took=4 * SECOND)

    assert not last.may_begin(at=NOON + 39 * SECOND)
    assert last.may_begin(at=NOON + 40 * SECOND)


def test_none_begins_while_one_is_running() -> None:
    last = LastSearch(began_at=NOON, ended_at=NOON - timedelta(minutes=3))

    assert last.is_running(at=NOON + SECOND)
    assert not last.may_begin(at=NOON + PAUSE + SECOND)


def test_one_whose_process_died_stands_in_nobodys_way() -> None:
    last = LastSearch(began_at=NOON, ended_at=None)

    assert not last.is_running(at=NOON + LONGEST_SEARCH)
    assert last.may_begin(at=NOON + LONGEST_SEARCH)


def test_an_answer_counts_for_who_came_before_it_was_asked() -> None:
    last = ended(took=SECOND)

    assert last.answers(since=NOON - SECOND)
    assert not last.answers(since=NOON + SECOND / 2)
    assert not LastSearch(began_at=NOON, ended_at=None).answers(since=NOON - SECOND)
