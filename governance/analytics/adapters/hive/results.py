"""A result on its way: fetched in batches, written as an Arrow file, within the caps."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from governance.analytics.adapters import runner_pool
from governance.analytics.adapters.hive import columns
from governance.analytics.adapters.hive.sessions import Session
from governance.analytics.adapters.hive.watch import Watch
from governance.analytics.domain.plans import Answer
from governance.analytics.domain.runs import RunEnd, RunLimits, RunOutcome
from governance.hive.messages import OperationHandle

FIRST_ROWS, MOST_ROWS = 1_000, 10_000
SHORTEST_WAIT, LONGEST_WAIT = 0.02, 0.4


class ResultTooLargeError(Exception):
    """The result has more rows or bytes than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    schema: pa.Schema
    rows: int
    size: int


def of_operation(
    *,
    session: Session,
    operation: OperationHandle,
    limits: RunLimits,
    result: Path,
    scratch: Path,
    watch: Watch,
) -> Written:
    """Wait for the operation and write its rows. Raises ResultTooLargeError and the refusals."""
    wait = SHORTEST_WAIT
    while session.is_running(operation):
        watch.look()
        time.sleep(wait)
        wait = min(wait * 1.5, LONGEST_WAIT)
    schema = columns.schema_of(session.schema(operation))
    with (
        _part(result, scratch) as part,
        pa.OSFile(str(part), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        most = FIRST_ROWS
        while True:
            watch.look()
            fetched = session.rows(operation, most=most)
            batch = columns.batch_of(fetched, schema=schema)
            if not batch.num_rows:
                break
            watch.rows += batch.num_rows
            _check_rows(watch.rows, limits)
            writer.write_batch(batch)
            _check_bytes(sink.tell(), limits)
            most = MOST_ROWS if batch.nbytes * MOST_ROWS < most * 2**24 else most
    return Written(schema=schema, rows=watch.rows, size=result.stat().st_size)


def of_answer(given: Answer, *, result: Path, scratch: Path) -> Written:
    """What the catalogue answers by itself, as a result like any other."""
    schema = pa.schema([pa.field(name, pa.string()) for name in given.columns])
    made = [dict(zip(given.columns, row, strict=True)) for row in given.rows]
    with (
        _part(result, scratch) as part,
        pa.OSFile(str(part), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        writer.write_batch(pa.RecordBatch.from_pylist(made, schema=schema))
    return Written(schema=schema, rows=len(made), size=result.stat().st_size)


def outcome(written: Written, watch: Watch) -> RunOutcome:
    return RunOutcome(
        end=RunEnd.SUCCEEDED,
        columns=tuple((field.name, str(field.type)) for field in written.schema),
        rows_returned=written.rows,
        bytes_scanned=watch.bytes_scanned,
        run_milliseconds=watch.milliseconds,
        result_bytes=written.size,
    )


@contextmanager
def _part(result: Path, scratch: Path) -> Iterator[Path]:
    """Where the result is written until it is whole; a killed worker's is swept with its folder."""
    runner_pool.sweep(scratch)
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"{os.getpid()}-", dir=scratch) as folder:
        part = Path(folder) / result.name
        yield part
        result.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(part, result)


def _check_rows(count: int, limits: RunLimits) -> None:
    if count > limits.result_rows:
        message = f"The result has more than {limits.result_rows} rows."
        raise ResultTooLargeError(message)


def _check_bytes(size: int, limits: RunLimits) -> None:
    if size > limits.result_bytes:
        message = f"The result is larger than {limits.result_bytes // 2**20} MB."
        raise ResultTooLargeError(message)
