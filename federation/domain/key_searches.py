"""When a provider's keys may be looked for again, because a response came with an unknown one.

Anybody who begins a sign-in can post such a response, so a search must cost little and take
nothing from who comes next: whoever searched, what was found holds for all. The pause is so short
that a person waits it out within their sign-in, and a network can cause only a few searches. A host
that answers slowly is asked less often, so that strangers cannot keep us waiting for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

PAUSE = timedelta(seconds=5)
# Searches take this part of the time at most.
SHARE = 10
# One that did not end by then never will: the process that made it is gone.
LONGEST_SEARCH = timedelta(seconds=12)
# How long a person is kept waiting for the search of somebody else, or for the pause to end.
LONGEST_WAIT = timedelta(seconds=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSearch:
    """When the last one began, and when it ended: before it began, while it goes on."""

    began_at: datetime | None
    ended_at: datetime | None

    def has_ended(self) -> bool:
        if self.began_at is None:
            return True
        return self.ended_at is not None and self.ended_at >= self.began_at

    def is_running(self, *, at: datetime) -> bool:
        return not self.has_ended() and not self._is_lost(at=at)

    def answers(self, *, since: datetime) -> bool:
        """Whether it began after that moment and has ended: looking again would find the same."""
        return self.began_at is not None and self.began_at >= since and self.has_ended()

    def rested_at(self) -> datetime | None:
        """From when the next may begin; None at once."""
        if self.began_at is None:
            return None
        if not self.has_ended() or self.ended_at is None:
            return self.began_at + LONGEST_SEARCH
        took = self.ended_at - self.began_at
        return max(self.began_at + PAUSE, self.began_at + took * SHARE)

    def may_begin(self, *, at: datetime) -> bool:
        rested = self.rested_at()
        return rested is None or rested <= at

    def _is_lost(self, *, at: datetime) -> bool:
        return self.began_at is not None and self.began_at + LONGEST_SEARCH <= at
