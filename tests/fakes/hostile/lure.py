"""An address on this machine that hostile documents ask to be fetched, and that counts visits.

What fetches may be C code that no patch of Python's sockets sees, so the lure really listens.
"""

import socket
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Lure:
    """Visitors wait in the backlog until they are counted; nobody is answered."""

    listener: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def visits(self) -> int:
        """How many came since the last call."""
        count = 0
        while True:
            try:
                visitor, _ = self.listener.accept()
            except BlockingIOError:
                return count
            visitor.close()
            count += 1


@cache
def lure() -> Lure:
    """One a process; it lives as long as the process does."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    listener.settimeout(0)
    return Lure(listener)
