"""UsageCounters in memory, as a cache would keep them: what is lost is asked of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usage_limits.domain import admissions
from usage_limits.domain.admissions import Meter, Reading, Standing
from usage_limits.domain.quantities import EXACT
from usage_limits.domain.reservations import Change, holding
from usage_limits.ports import Ledger


class FakeUsageCounters:
    def __init__(self, *, ledger: Ledger) -> None:
        self.ledger = ledger
        self._kept: dict[tuple[UUID, datetime], Standing] = {}

    def admit(self, *, meters: Sequence[Meter], requested: Decimal) -> Reading | None:
        refusing = admissions.refusing(self.readings(meters=meters), requested=requested)
        if refusing is None:
            self.change(meters=meters, change=holding(requested))
        return refusing

    def change(self, *, meters: Sequence[Meter], change: Change) -> tuple[Reading, ...]:
        for reading in self.readings(meters=meters):
            standing = reading.standing
            self._kept[_key(reading.meter)] = Standing(
                used=EXACT.add(standing.used, change.used),
                reserved=EXACT.add(standing.reserved, change.reserved),
            )
        return self.readings(meters=meters)

    def readings(self, *, meters: Sequence[Meter]) -> tuple[Reading, ...]:
        return tuple(
            Reading(meter, self._kept.get(_key(meter)) or self.ledger.standing(meter=meter))
            for meter in meters
        )

    def forget(self) -> None:
        """What a flush or a failover does."""
        self._kept.clear()


def _key(meter: Meter) -> tuple[UUID, datetime]:
    return (meter.limit_id, meter.period.start)
