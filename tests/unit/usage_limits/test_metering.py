"""What a query is charged."""

import pytest
from hypothesis import given, strategies as st

from usage_limits.domain import metering
from usage_limits.domain.metering import MEGABYTE


@pytest.mark.parametrize(
    ("scanned", "megabytes"),
    [(0, 0), (-1, 0), (1, 10), (10 * MEGABYTE, 10), (10 * MEGABYTE + 1, 11), (2**40, 2**20)],
)
def test_a_scan_is_charged_in_whole_megabytes_and_at_least_ten(
    scanned: int, megabytes: int
) -> None:
    assert metering.scan_charge(bytes_scanned=scanned) == megabytes * MEGABYTE


def test_a_query_that_names_a_table_reserves_the_least_even_if_nothing_is_estimated() -> None:
    assert metering.scan_reservation(estimated_bytes=0, reads_tables=True) == 10 * MEGABYTE
    assert metering.scan_reservation(estimated_bytes=0, reads_tables=False) == 0


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(0, 0), (1, 60), (60_000, 60), (60_001, 61), (3_600_000, 3600)]
)
def test_a_burst_is_at_least_a_minute_then_by_the_second(milliseconds: int, seconds: int) -> None:
    assert metering.burst_charge(run_milliseconds=milliseconds) == seconds


@given(st.integers(min_value=1, max_value=2**70))
def test_a_charge_is_never_less_than_what_was_read(scanned: int) -> None:
    charge = metering.scan_charge(bytes_scanned=scanned)

    assert scanned <= charge < scanned + 10 * MEGABYTE
    assert charge % MEGABYTE == 0


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(-1, 60), (0, 60), (49_999, 60), (50_000, 120), (110_000, 180)]
)
def test_what_a_burst_holds_is_whole_minutes_and_ahead_of_what_it_costs(
    milliseconds: int, seconds: int
) -> None:
    assert metering.burst_hold(run_milliseconds=milliseconds) == seconds
    assert metering.burst_charge(run_milliseconds=milliseconds + 10_000) <= seconds
