"""When a failed message is tried again, and when it is given up."""

from datetime import timedelta

MAX_ATTEMPTS = 5
# For who is worth waiting for: with the waits below, about a day.
PATIENT_ATTEMPTS = 30
LEASE = timedelta(seconds=15)
HEARTBEAT = timedelta(seconds=5)
FIRST_WAIT_SECONDS = 2
LONGEST_WAIT_SECONDS = 3600
LONGEST_JITTER = 0.25


def wait_after(
    *, attempts: int, most: int = MAX_ATTEMPTS, asked_seconds: int | None = None, share: float = 0
) -> timedelta | None:
    """How long to wait after `attempts` failed starts: 2, 8, 32, 128 s. None: give up.

    A receiver that asked for more (Retry-After) is given it; no wait is over an hour. `share`,
    from 0 to 1, makes it up to a quarter longer, so that what failed together comes apart.
    """
    if attempts >= most:
        return None
    grown = min(FIRST_WAIT_SECONDS * 4 ** min(attempts - 1, 10), LONGEST_WAIT_SECONDS)
    seconds = max(min(asked_seconds or 0, LONGEST_WAIT_SECONDS), grown)
    return timedelta(seconds=seconds * (1 + share * LONGEST_JITTER))
