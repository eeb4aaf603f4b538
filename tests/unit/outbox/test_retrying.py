"""When a failed message is tried again."""

from datetime import timedelta

from hypothesis import given, strategies as st

from governance.outbox.domain.retries import MAX_ATTEMPTS, PATIENT_ATTEMPTS, wait_after


def test_waits_grow_and_end() -> None:
    waits = [wait_after(attempts=attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]

    assert waits == [timedelta(seconds=seconds) for seconds in (2, 8, 32, 128)] + [None]


def test_a_receiver_that_asks_for_more_time_is_given_it_within_an_hour() -> None:
    assert wait_after(attempts=1, asked_seconds=30) == timedelta(seconds=30)
    assert wait_after(attempts=3, asked_seconds=1) == timedelta(seconds=32)
    assert wait_after(attempts=1, asked_seconds=10**9) == timedelta(hours=1)


def test_who_is_worth_waiting_for_is_waited_for_about_a_day() -> None:
    waits = [
        wait_after(attempts=attempts, most=PATIENT_ATTEMPTS)
        for attempts in range(1, PATIENT_ATTEMPTS)
    ]

    total = sum((wait for wait in waits if wait is not None), timedelta(0))
    assert timedelta(hours=23) < total < timedelta(hours=25)
    assert wait_after(attempts=PATIENT_ATTEMPTS, most=PATIENT_ATTEMPTS) is None


@given(st.integers(1, 4), st.floats(0, 1), st.integers(0, 10_000))
def test_a_share_makes_a_wait_longer_never_shorter_than_was_asked(
    attempts: int, share: float, asked: int
) -> None:
    least = wait_after(attempts=attempts, asked_seconds=asked)
    wait = wait_after(attempts=attempts, asked_seconds=asked, share=share)

    assert least is not None
    assert wait is not None
    assert least <= wait <= least * 1.25 + timedelta(microseconds=1)
