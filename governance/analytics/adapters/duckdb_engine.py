"""The DuckDB engine: a plan becomes views over granted files, run in a process of its own."""

import functools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from governance.analytics.adapters import lake_files, scan_estimates, trials
from governance.analytics.adapters.lake_files import Lake, LakeFile
from governance.analytics.adapters.runner_pool import POOL, RunnerKey, RunnerPool
from governance.analytics.adapters.trials import Trial
from governance.analytics.domain import runs
from governance.analytics.domain.engines import EngineSpec
from governance.analytics.domain.functions import MACROS
from governance.analytics.domain.plans import QueryPlan, TableFormat, TableSource
from governance.analytics.domain.queries import Estimate
from governance.analytics.domain.runs import (
    EngineTestStep,
    RunEnd,
    RunLimits,
    RunOutcome,
    RunProgress,
)
from governance.kernel.refusals import Refusal

READERS = {
    TableFormat.PARQUET: "read_parquet({files}, union_by_name=true{partitioned})",
    TableFormat.CSV: "read_csv({files}, union_by_name=true{partitioned})",
    TableFormat.NDJSON: (
        # Each sampled file holds a buffer of 32 MB until all are sampled, and with union_by_name
        # every file is: eighteen small files needed 576 MB.
        "read_json({files}, format='newline_delimited', maximum_sample_files=4{partitioned})"
    ),
}
TEST_LIMITS = RunLimits(
    memory_bytes=256 * 2**20, threads=1, seconds=10, result_bytes=2**20, result_rows=1000
)
OWN_ENDS = frozenset({RunEnd.SUCCEEDED, RunEnd.FAILED, RunEnd.RESULT_TOO_LARGE})
# What a person can do nothing about, such as INTERNAL and IO, keeps its name.
CLASS_OF_ERROR = re.compile(r"^[A-Z][a-z][A-Za-z ]* Error: ")
SENTENCES = {
    **runs.SENTENCES,
    RunEnd.OUT_OF_MEMORY: (
        "The query needed more than the {megabytes} MB of memory it may use. Group or filter "
        "before joining, and look for a join without a condition."
    ),
    RunEnd.CRASHED: "The process that ran the query ended unexpectedly. Nothing else was hurt.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBEngine:
    """Reads one namespace's part of a lake on this machine. `scratch` is for its processes."""

    namespace_id: UUID
    lake_root: Path
    scratch: Path
    pool: RunnerPool = field(default=POOL)

    def estimate(self, *, plan: QueryPlan) -> Estimate:
        return scan_estimates.estimate(plan=plan, listed=self._listed(plan))

    def run(
        self,
        *,
        plan: QueryPlan,
        limits: RunLimits,
        result: Path,
        go_on: Callable[[RunProgress], bool],
    ) -> RunOutcome:
        try:
            listed = self._listed(plan)
        except Refusal as refusal:
            return RunOutcome(end=RunEnd.FAILED, error=str(refusal))
        lake = Lake(root=self.lake_root, prefixes=plan.storage_prefixes)
        key = RunnerKey(
            namespace_id=plan.namespace_id, role_id=plan.role_id, granted=lake.granted_folders()
        )
        with self.pool.lease(key=key, scratch_root=self.scratch) as runner:
            job = _job(plan, listed, limits) | {"hidden": os.path.realpath(self.lake_root)}
            answer = runner.run(job=job, limits=limits, go_on=go_on)
            size = 0
            if answer["end"] == RunEnd.SUCCEEDED:
                result.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                size = runner.result.stat().st_size
                shutil.move(runner.result, result)
        most = sum(file.size for _, files in listed for file in files)
        return self._outcome(answer, limits, size=size, most=most)

    def test(self, *, tables: Sequence[TableSource] = ()) -> Sequence[EngineTestStep]:
        """Folder, process, a first query, the tables' files: each with its time."""
        trial = Trial()
        with trials.to_the_first_failure():
            trial.take("Folder", self._test_folder)
            trial.take("Query", self._test_query)
            for table in tables:
                trial.take(
                    f"Table {table.qualified_name}", functools.partial(self._test_table, table)
                )
        return trial.steps

    def _test_table(self, table: TableSource) -> str:
        files = Lake(root=self.lake_root).files(location=table.location)
        return f"{len(files)} files, {sum(file.size for file in files)} bytes."

    def _test_folder(self) -> str:
        names = sorted(entry.name for entry in self.lake_root.iterdir())
        shown = ", ".join(names[:5]) or "nothing yet"
        return f"The namespace's folder can be read. It holds {shown}."

    def _test_query(self) -> str:
        plan = QueryPlan(namespace_id=self.namespace_id, role_id=None, sql="SELECT 42 AS answer")
        result = self.scratch / f"test-{os.getpid()}-{time.monotonic_ns()}.arrow"
        outcome = self.run(plan=plan, limits=TEST_LIMITS, result=result, go_on=lambda _: True)
        result.unlink(missing_ok=True)
        if outcome.end is not RunEnd.SUCCEEDED:
            raise OSError(outcome.error)
        return f"A process of its own answered in {outcome.run_milliseconds} ms."

    def _listed(self, plan: QueryPlan) -> list[tuple[TableSource, Sequence[LakeFile]]]:
        lake = Lake(root=self.lake_root, prefixes=plan.storage_prefixes)
        return [(table, lake.files(location=table.location)) for table in plan.tables]

    def _outcome(
        self, answer: dict[str, Any], limits: RunLimits, *, size: int, most: int
    ) -> RunOutcome:
        end = RunEnd(answer["end"])
        error = self._readable(str(answer.get("error", "")))
        if end in SENTENCES:
            error = SENTENCES[end].format(
                seconds=limits.seconds, megabytes=limits.memory_bytes // 2**20, error=error
            )
        # A process that was killed counted whatever it read; a query reads no more than files.
        scanned = answer.get("bytes", 0) if end in OWN_ENDS else min(answer.get("bytes", 0), most)
        return RunOutcome(
            end=end,
            error=error,
            columns=tuple((name, kind) for name, kind in answer.get("columns", ())),
            rows_returned=answer.get("rows", 0) if end is RunEnd.SUCCEEDED else 0,
            rows_scanned=answer.get("rows_scanned"),
            bytes_scanned=scanned,
            cpu_milliseconds=answer.get("cpu_ms", 0),
            spilled_bytes=answer.get("spilled", 0),
            run_milliseconds=answer.get("run_ms", 0),
            result_bytes=size,
        )

    def _readable(self, error: str) -> str:
        """DuckDB's sentence alone: no folders of this machine, no echo, no lists of overloads."""
        text = CLASS_OF_ERROR.sub("", error.split("\n\nLINE ", 1)[0])
        text = text.split("\n\tCandidate functions:", 1)[0]
        for folder in (os.path.realpath(self.lake_root), str(self.lake_root), str(self.scratch)):
            text = text.replace(folder, "")
        return text.strip()


def _job(
    plan: QueryPlan, listed: list[tuple[TableSource, Sequence[LakeFile]]], limits: RunLimits
) -> dict[str, Any]:
    return {
        "sql": plan.sql,
        "parameters": dict(plan.parameters),
        "files": sorted({file.path for _, files in listed for file in files}),
        "setup": list(_setup(plan, listed)),
        "memory": limits.memory_bytes,
        "threads": limits.threads,
        "temp_bytes": limits.spill_bytes,
        "result_rows": limits.result_rows,
        "result_bytes": limits.result_bytes,
    }


def _setup(plan: QueryPlan, listed: list[tuple[TableSource, Sequence[LakeFile]]]) -> Iterator[str]:
    yield from MACROS
    databases = {table.database for table, _ in listed} | {view.database for view in plan.views}
    for database in sorted(databases):
        yield f"CREATE SCHEMA {_name(database)}"
    for table, files in listed:
        paths = "[" + ", ".join(_text(file.path) for file in files) + "]"
        partitioned = any("=" in file.path for file in files)
        reader = READERS[table.format].format(
            files=paths, partitioned=", hive_partitioning=true" if partitioned else ""
        )
        yield f"CREATE VIEW {_name(table.database)}.{_name(table.name)} AS SELECT * FROM {reader}"  # noqa: S608 - quoted
    for view in plan.views:
        yield f"CREATE VIEW {_name(view.database)}.{_name(view.name)} AS {view.sql}"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def build(spec: EngineSpec) -> DuckDBEngine:
    """The factory that settings name."""
    return DuckDBEngine(
        namespace_id=spec.namespace_id,
        lake_root=lake_files.folder_of(roots=spec.lake_roots, namespace_name=spec.namespace_name),
        scratch=spec.scratch.absolute(),
    )
