"""Earning and spending free seconds of the burst pool. Called behind the namespace's gate."""

from datetime import datetime
from decimal import Decimal

from governance.isolation.scopes import current_namespace_id
from usage_limits import selectors
from usage_limits.domain import burst_credits
from usage_limits.models import CreditUse, MainPoolHour


def note_use(*, started_at: datetime, finished_at: datetime) -> None:
    """A query ran in the main pool then. The same hour twice is one."""
    hours = burst_credits.hours_of(started_at=started_at, finished_at=finished_at)
    rows = [MainPoolHour(namespace_id=current_namespace_id(), hour=hour) for hour in hours]
    MainPoolHour.objects.bulk_create(rows, ignore_conflicts=True)


def available(*, now: datetime, besides: str = "") -> Decimal:
    """What is earned by now and neither spent nor held by another query than `besides`."""
    accrue(now=now)
    return selectors.credit_balance() - selectors.credit_held(besides=besides)


def accrue(*, now: datetime) -> int:
    """Credit the hours that are over, in their order. How many there were.

    Asked before anything is spent, so that what may be kept is measured at each hour's end.
    """
    over = MainPoolHour.objects.filter(earned__isnull=True, hour__lte=now - burst_credits.HOUR)
    rows = list(over.order_by("hour"))
    balance = selectors.credit_balance() if rows else Decimal(0)
    for row in rows:
        row.earned = burst_credits.earned(balance=balance)
        balance += row.earned
    MainPoolHour.objects.bulk_update(rows, ["earned"], batch_size=500)
    return len(rows)


def spend(*, key: str, seconds: Decimal, now: datetime) -> None:
    if seconds:
        CreditUse.objects.create(key=key, seconds=seconds, at=now)
