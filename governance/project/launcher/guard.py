"""Ends the launcher's children when the launcher was killed without a chance to do it.

Runs alone, on the standard library. Standard input is a pipe from the launcher: `+GROUP` and
`-GROUP` lines say which process groups live. Its end means that the launcher is gone.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

PATIENCE_SECONDS = 8.0


def living(groups: Iterable[int]) -> set[int]:
    """Those process groups that have a member."""
    return {group for group in groups if signalled(group, 0)}


def signalled(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(groups: set[int]) -> None:
    for group in groups:
        signalled(group, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while living(groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in living(groups):
        signalled(group, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    end(groups)


if __name__ == "__main__":
    main()
