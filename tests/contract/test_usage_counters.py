"""What every implementation of UsageCounters must do, the fake's included."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from governance.isolation.scopes import namespace_scope
from governance.kernel.periods import PeriodKind
from tests.factories import tenancy
from tests.factories.usage_limits import a_limit, settled, some_terms
from tests.fakes.usage_counters import FakeUsageCounters
from usage_limits import selectors
from usage_limits.domain.admissions import Meter
from usage_limits.domain.limits import BreachAction
from usage_limits.domain.reservations import Change
from usage_limits.models import LimitCounter
from usage_limits.ports import UsageCounters
from usage_limits.services.counters import DatabaseCounters

TB = 2**40
Subject = tuple[UsageCounters, Callable[[], object]]


@pytest.fixture(params=["fake", "database"])
def subject(request: pytest.FixtureRequest, db: None) -> Iterator[Subject]:
    """The counters, and what makes them forget; in a namespace's scope."""
    with namespace_scope(tenancy.a_namespace().pk):
        if request.param == "fake":
            fake = FakeUsageCounters(ledger=selectors.LEDGER)
            yield fake, fake.forget
        else:
            yield DatabaseCounters(), LimitCounter.objects.all().delete


@pytest.fixture
def meters(subject: Subject, now: datetime) -> tuple[Meter, ...]:
    """Of two limits of a feature: 1 TB a week that disables, 9 TB a month that logs."""
    limits = [
        a_limit(some_terms(1), now=now),
        a_limit(some_terms(9, period=PeriodKind.MONTHLY, action=BreachAction.LOG), now=now),
    ]
    return selectors.meters_at(limits=limits, at=now)


def standings(counters: UsageCounters, meters: tuple[Meter, ...]) -> list[tuple[int, int]]:
    readings = counters.readings(meters=meters)
    return [(int(one.standing.used), int(one.standing.reserved)) for one in readings]


def test_admitting_holds_on_all_meters_or_on_none(
    subject: Subject, meters: tuple[Meter, ...]
) -> None:
    counters, _ = subject

    assert counters.admit(meters=meters, requested=Decimal(TB)) is None
    refusing = counters.admit(meters=meters, requested=Decimal(1))

    assert refusing is not None
    assert refusing.meter.limit_id == meters[0].limit_id
    assert standings(counters, meters) == [(0, TB), (0, TB)]


def test_a_change_goes_past_any_ceiling(subject: Subject, meters: tuple[Meter, ...]) -> None:
    counters, _ = subject

    readings = counters.change(meters=meters, change=Change(used=Decimal(20 * TB)))

    assert [int(one.standing.used) for one in readings] == [20 * TB, 20 * TB]


def test_counts_stay_exact_beyond_what_a_double_holds(
    subject: Subject, meters: tuple[Meter, ...]
) -> None:
    counters, _ = subject
    for amount in (Decimal(2**60), Decimal(1), Decimal("0.000000000001")):
        counters.change(meters=meters, change=Change(used=amount))

    [first, _] = counters.readings(meters=meters)

    assert first.standing.used == Decimal("1152921504606846977.000000000001")


def test_what_was_lost_is_what_the_ledger_says_and_never_nothing(
    subject: Subject, meters: tuple[Meter, ...], now: datetime
) -> None:
    counters, forget = subject
    settled("a", "0.75", now=now)

    forget()

    refusing = counters.admit(meters=meters, requested=Decimal(TB // 2))
    assert refusing is not None
    assert standings(counters, meters) == [(TB * 3 // 4, 0), (TB * 3 // 4, 0)]
