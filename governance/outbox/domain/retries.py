"""When a failed message is tried again, and when it is given up."""

from datetime import timedelta

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=15)
HEARTBEAT = timedelta(seconds=5)
FIRST_WAIT_SECONDS = 2
LONGEST_WAIT_SECONDS = 3600


def wait_after(*, attempts: int, asked_seconds: int | None = None) -> timedelta | None:
    """How long to wait after `attempts` failed starts: 2, 8, 32, 128 s. None: give up.

    A receiver that asked for more (Retry-After) is given it, up to an hour.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    asked = min(asked_seconds or 0, LONGEST_WAIT_SECONDS)
    return timedelta(seconds=max(asked, FIRST_WAIT_SECONDS * 4 ** (attempts - 1)))
