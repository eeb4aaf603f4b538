"""What usage limits need from outside: counters, and a way to reach a webhook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from governance.kernel.personal import Personal
from usage_limits.domain.admissions import Meter, Reading, Standing
from usage_limits.domain.reservations import Change


class Ledger(Protocol):
    """The truth that counters are derived from."""

    def standing(self, *, meter: Meter) -> Standing:
        """What the booked entries and the held reservations of the meter add up to, exactly."""
        ...


class UsageCounters(Protocol):
    """Where meters stand. Each call is atomic over all of its meters, which are of one feature.

    An implementation that has lost a meter (a flushed cache, a new node) asks the ledger before
    it answers for it: a missing counter is never 0. Decimals stay exact whatever their size.
    """

    def admit(self, *, meters: Sequence[Meter], requested: Decimal) -> Reading | None:
        """Hold `requested` on all meters, or on none: then the reading that refuses."""
        ...

    def change(self, *, meters: Sequence[Meter], change: Change) -> tuple[Reading, ...]:
        """Add to all meters, whatever their ceilings, and say where they stand now."""
        ...

    def readings(self, *, meters: Sequence[Meter]) -> tuple[Reading, ...]:
        """Where the meters stand. Changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What a receiver said. `retry_after_seconds` is 0 where it did not ask to wait."""

    status: int
    retry_after_seconds: int = 0


class WebhookClient(Protocol):
    """Posts to an address that a namespace chose, without reaching anything private."""

    def post(self, *, url: Personal[str], body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """Raises Unavailable, with the same sentence whatever the reason, or Invalid."""
        ...
