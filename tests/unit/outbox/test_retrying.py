"""When a failed message is tried again."""

from datetime import timedelta

from governance.outbox.domain.retries import MAX_ATTEMPTS, wait_after


def test_waits_grow_and_end() -> None:
    waits = [wait_after(attempts=attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]

    assert waits == [timedelta(seconds=seconds) for seconds in (2, 8, 32, 128)] + [None]
