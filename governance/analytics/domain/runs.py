"""A run: its limits, what it reports on the way, and the ends that it may come to."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What one query may take. Memory in bytes, for the engine; the process gets some more.

    `scan_bytes` is what guards admitted it for: an engine that knows before it reads that it would
    read more does not begin.
    """

    memory_bytes: int
    threads: int
    seconds: int
    result_bytes: int
    result_rows: int
    spill_bytes: int = 4 * 2**30
    scan_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """What can be said while it runs. `fraction` is between 0 and 1, None where unknown."""

    run_milliseconds: int
    bytes_scanned: int
    cpu_milliseconds: int
    rows_returned: int = 0
    spilled_bytes: int = 0
    fraction: float | None = None


class RunEnd(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    RESULT_TOO_LARGE = "result_too_large"
    CRASHED = "crashed"


SENTENCES = {
    RunEnd.STOPPED: "The query was stopped.",
    RunEnd.TIMED_OUT: (
        "The query ran longer than the {seconds} seconds it may. Read less: filter earlier, "
        "name the columns you need, or add a LIMIT."
    ),
    RunEnd.RESULT_TOO_LARGE: "{error} Aggregate, or add a LIMIT.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run ended. `error` is a sentence for the person who wrote the SQL."""

    end: RunEnd
    error: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    rows_returned: int = 0
    rows_scanned: int | None = None
    bytes_scanned: int = 0
    cpu_milliseconds: int = 0
    spilled_bytes: int = 0
    run_milliseconds: int = 0
    result_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTestStep:
    name: str
    ok: bool
    detail: str
    milliseconds: int
