"""A connection that is in use is not asked before each request whether it still works.

Django's health check is a query of its own. A connection that passed it a moment ago, and on
whose line nothing has come in since, is believed: a server that stops, or ends a connection,
says so there. (HikariCP believes its connections for half a second in the same way.)
"""

import select
from time import monotonic

from django.db.backends.postgresql import base

BELIEVED_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    _checked_at = float("-inf")

    def is_usable(self) -> bool:
        now = monotonic()
        if now - self._checked_at < BELIEVED_SECONDS and self._is_line_quiet():
            return True
        is_usable = super().is_usable()
        self._checked_at = now if is_usable else float("-inf")
        return is_usable

    def _is_line_quiet(self) -> bool:
        """Nothing to read: neither the end of the connection nor a last word of the server."""
        if self.connection is None or self.connection.closed:
            return False
        line = select.poll()
        line.register(self.connection.fileno(), select.POLLIN)
        return not line.poll(0)
