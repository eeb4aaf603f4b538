"""What a query is charged: bytes as spectrum bills them, seconds as a burst pool does."""

from decimal import Decimal

MEGABYTE = 2**20
LEAST_SCAN_MEGABYTES = 10
LEAST_BURST_SECONDS = 60
BURST_AHEAD_MILLISECONDS = 10_000


def scan_charge(*, bytes_scanned: int) -> Decimal:
    """Bytes to charge: whole megabytes, rounded up, at least 10 a query that reads anything."""
    if bytes_scanned <= 0:
        return Decimal(0)
    megabytes = max(LEAST_SCAN_MEGABYTES, megabytes_of(bytes_scanned))
    return Decimal(megabytes * MEGABYTE)


def scan_reservation(*, estimated_bytes: int, reads_tables: bool) -> Decimal:
    """As `scan_charge`, but a query that names a table may always be charged the least."""
    return scan_charge(bytes_scanned=max(estimated_bytes, int(reads_tables)))


def burst_charge(*, run_milliseconds: int) -> Decimal:
    """Seconds to charge for an activation of the burst pool: at least 60, then by the second."""
    if run_milliseconds <= 0:
        return Decimal(0)
    return Decimal(max(LEAST_BURST_SECONDS, -(-run_milliseconds // 1000)))


def burst_hold(*, run_milliseconds: int) -> Decimal:
    """Seconds to hold for an activation that goes on: whole minutes, always some seconds ahead."""
    minutes = (max(run_milliseconds, 0) + BURST_AHEAD_MILLISECONDS) // 60_000 + 1
    return Decimal(minutes * 60)


def megabytes_of(size: int) -> int:
    """Megabytes of 2^20 bytes, rounded up."""
    return -(-size // MEGABYTE)
