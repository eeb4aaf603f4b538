"""When a failed message is tried again, and when it is given up."""

from datetime import timedelta

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=15)
HEARTBEAT = timedelta(seconds=5)
FIRST_WAIT_SECONDS = 2


def wait_after(*, attempts: int) -> timedelta | None:
    """How long to wait after `attempts` failed starts: 2, 8, 32, 128 s. None: give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=FIRST_WAIT_SECONDS * 4 ** (attempts - 1))
