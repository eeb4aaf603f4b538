"""When a failed message is tried again."""

from datetime import timedelta

from governance.outbox.domain.retries import MAX_ATTEMPTS, wait_after


def test_waits_grow_and_end() -> None:
    waits = [wait_after(attempts=attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]

    assert waits == [timedelta(seconds=seconds) for seconds in (2, 8, 32, 128)] + [None]


def test_a_receiver_that_asks_for_more_time_is_given_it_within_an_hour() -> None:
    assert wait_after(attempts=1, asked_seconds=30) == timedelta(seconds=30)
    assert wait_after(attempts=3, asked_seconds=1) == timedelta(seconds=32)
    assert wait_after(attempts=1, asked_seconds=10**9) == timedelta(hours=1)
