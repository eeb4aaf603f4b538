"""Counters in PostgreSQL, touched only behind the namespace's gate (`gates.py`)."""

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F, Q

from governance.isolation.scopes import current_namespace_id
from usage_limits import selectors
from usage_limits.domain import admissions
from usage_limits.domain.admissions import Meter, Reading
from usage_limits.domain.reservations import Change, holding
from usage_limits.models import LimitCounter
from usage_limits.ports import UsageCounters


class DatabaseCounters:
    """The UsageCounters port over one row a limit and period."""

    def admit(self, *, meters: Sequence[Meter], requested: Decimal) -> Reading | None:
        refusing = admissions.refusing(self.readings(meters=meters), requested=requested)
        if refusing is None:
            self.change(meters=meters, change=holding(requested))
        return refusing

    def change(self, *, meters: Sequence[Meter], change: Change) -> tuple[Reading, ...]:
        self._make_missing(meters)
        wanted = Q(pk__in=())
        for meter in meters:
            wanted |= Q(limit_id=meter.limit_id, period_start=meter.period.start)
        LimitCounter.objects.filter(wanted).update(
            used=F("used") + change.used, reserved=F("reserved") + change.reserved
        )
        return self.readings(meters=meters)

    def readings(self, *, meters: Sequence[Meter]) -> tuple[Reading, ...]:
        return selectors.readings_of(meters)

    def _make_missing(self, meters: Sequence[Meter]) -> None:
        """The first use of a period, or a counter that was lost: what the ledger adds up to."""
        there = selectors.counters_of(meters)
        missing = [meter for meter in meters if (meter.limit_id, meter.period.start) not in there]
        rows = []
        for meter in missing:
            standing = selectors.LEDGER.standing(meter=meter)
            rows.append(
                LimitCounter(
                    namespace_id=current_namespace_id(),
                    limit_id=meter.limit_id,
                    period_start=meter.period.start,
                    used=standing.used,
                    reserved=standing.reserved,
                )
            )
        LimitCounter.objects.bulk_create(rows)


COUNTERS: UsageCounters = DatabaseCounters()
