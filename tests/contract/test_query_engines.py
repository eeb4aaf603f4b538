"""What every query engine must do. Run on the DuckDB engine, with real processes and files."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest

from governance.analytics.adapters import runner_process
from governance.analytics.adapters.duckdb_engine import DuckDBEngine
from governance.analytics.adapters.lake_files import LocationEmpty, LocationOutside
from governance.analytics.adapters.runner_pool import RunnerKey, RunnerPool
from governance.analytics.domain.plans import QueryPlan, TableFormat, TableSource, ViewSource
from governance.analytics.domain.runs import RunEnd, RunLimits, RunOutcome, RunProgress
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Refusal
from tests.factories import analytics

LIMITS = RunLimits(
    memory_bytes=128 * 2**20, threads=1, seconds=20, result_bytes=2**24, result_rows=100_000
)
ROWS = [{"number": n, "word": f"word {n}", "wide": "x" * 200} for n in range(2_000)]
READERS = {
    "parquet": analytics.write_parquet,
    "csv": analytics.write_csv,
    "ndjson": analytics.write_ndjson,
}


@pytest.fixture(scope="module")
def pool() -> Iterator[RunnerPool]:
    made = RunnerPool()
    yield made
    made.close()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for name, write in READERS.items():
        write(tmp_path / "lake" / "acme" / name / f"data.{name}", list(ROWS))
    analytics.write_csv(tmp_path / "lake" / "globex" / "secret.csv", [{"secret": "canary"}])
    return tmp_path / "lake"


@pytest.fixture
def engine(lake: Path, pool: RunnerPool, tmp_path: Path) -> DuckDBEngine:
    return DuckDBEngine(
        namespace_id=new_id(), lake_root=lake / "acme", scratch=tmp_path / "runners", pool=pool
    )


def a_table(location: str, kind: str = "csv") -> TableSource:
    return TableSource(database="default", name="t", location=location, format=TableFormat(kind))


def a_plan(
    engine: DuckDBEngine,
    sql: str,
    *tables: TableSource,
    prefixes: tuple[str, ...] = (),
    views: tuple[ViewSource, ...] = (),
    role_id: UUID | None = None,
) -> QueryPlan:
    return QueryPlan(
        namespace_id=engine.namespace_id,
        role_id=role_id,
        sql=sql,
        tables=tables,
        views=views,
        storage_prefixes=prefixes,
    )


def run(engine: DuckDBEngine, plan: QueryPlan, limits: RunLimits = LIMITS) -> RunOutcome:
    result = engine.scratch.parent / "results" / f"{new_id()}.arrow"
    outcome = engine.run(plan=plan, limits=limits, result=result, go_on=lambda _: True)
    assert result.exists() == (outcome.end is RunEnd.SUCCEEDED)
    return outcome


@pytest.mark.parametrize("kind", READERS)
def test_rows_come_back_and_bytes_are_measured(
    engine: DuckDBEngine, lake: Path, kind: str, tmp_path: Path
) -> None:
    size = (lake / "acme" / kind / f"data.{kind}").stat().st_size
    plan = a_plan(
        engine, 'SELECT sum(number) AS s, max(wide) FROM "default".t', a_table(kind, kind)
    )
    result = tmp_path / "result.arrow"

    outcome = engine.run(plan=plan, limits=LIMITS, result=result, go_on=lambda _: True)

    assert (outcome.end, outcome.error) == (RunEnd.SUCCEEDED, "")
    assert pa.ipc.open_file(result).read_all().to_pylist()[0]["s"] == sum(range(2_000))
    assert 0.5 * size <= outcome.bytes_scanned <= 2.5 * size
    assert engine.estimate(plan=plan).bytes_scanned <= size + 65_536


def test_an_estimate_of_one_parquet_column_is_less_than_the_file(
    engine: DuckDBEngine, lake: Path
) -> None:
    big = [{"a": n, "b": os.urandom(64).hex()} for n in range(5_000)]
    path = analytics.write_parquet(lake / "acme" / "big" / "b.parquet", big)
    table = a_table("big/", "parquet")
    plan = QueryPlan(
        namespace_id=engine.namespace_id,
        role_id=None,
        sql='SELECT sum(a) FROM "default".t',
        tables=(table,),
        columns=frozenset({"a"}),
    )

    estimate = engine.estimate(plan=plan)

    assert run(engine, plan).bytes_scanned <= estimate.bytes_scanned < path.stat().st_size / 2
    assert (estimate.rows, estimate.files) == (5_000, 1)


LOOK = '    _check_is_one_select(con, job["sql"])\n'
# What a check of the SQL would refuse before: here the engine alone must hold.
BEHIND_THE_DIALECT = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('{globex}/secret.csv')",
    "SELECT * FROM read_csv('{acme}/../globex/secret.csv')",
    "SELECT * FROM '{globex}/secret.csv'",
    "SELECT * FROM glob('{globex}/*')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "COPY (SELECT 1) TO '{acme}/stolen.csv'",
    "COPY (SELECT 1) TO '{acme}/csv/data.csv'",
    "EXPORT DATABASE '{acme}/export'",
    "ATTACH '{acme}/x.db'",
    "ATTACH '/tmp/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM read_csv('https://localhost/x.csv')",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET memory_limit = '1TB'",
    "RESET lock_configuration",
    "PRAGMA enable_external_access",
    "SELECT * FROM grants",
    "SELECT * FROM job",
]


@pytest.fixture(params=["as it is", "without its own look at the SQL"])
def runner(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walls of the process are to hold without each other."""
    if request.param != "as it is":
        whole = runner_process.SCRIPT.read_text()
        script = tmp_path / "duckdb_runner.py"
        script.write_text(whole.replace(LOOK, ""))
        assert script.read_text() != whole
        monkeypatch.setattr(runner_process, "SCRIPT", script)


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("sql", BEHIND_THE_DIALECT)
def test_the_engine_alone_keeps_its_walls(engine: DuckDBEngine, lake: Path, sql: str) -> None:
    before = sorted(path for path in lake.rglob("*") if path.is_file())
    filled = sql.format(acme=lake / "acme", globex=lake / "globex")

    outcome = run(engine, a_plan(engine, filled, a_table("csv")))

    assert outcome.end is RunEnd.FAILED
    assert "canary" not in outcome.error
    assert str(lake / "acme") not in outcome.error
    assert sorted(path for path in lake.rglob("*") if path.is_file()) == before
    assert (lake / "acme/csv/data.csv").read_text().startswith("number,")


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2", "SELECT 1; COPY (SELECT 1) TO 'x'", "SET threads=9", "CALL x()"]
)
def test_what_is_not_one_select_is_not_run(engine: DuckDBEngine, sql: str) -> None:
    outcome = run(engine, a_plan(engine, sql))

    assert outcome.end is RunEnd.FAILED
    assert "not one SELECT" in outcome.error


@pytest.mark.parametrize(
    "location",
    ["../globex", "../globex/secret.csv", "/../globex", "csv/../../globex", "\x00"],
)
def test_a_location_that_climbs_out_is_refused(engine: DuckDBEngine, location: str) -> None:
    with pytest.raises(LocationOutside):
        engine.estimate(plan=a_plan(engine, "SELECT 1", a_table(location)))


@pytest.mark.parametrize("location", ["/etc/passwd", "csv/a.csv/below", "x" * 400])
def test_where_nothing_can_lie_there_is_nothing(
    engine: DuckDBEngine, lake: Path, location: str
) -> None:
    """An absolute location is one below the namespace's folder, too."""
    analytics.write_csv(lake / "acme" / "csv" / "a.csv", [{"n": 1}])

    with pytest.raises(LocationEmpty):
        engine.estimate(plan=a_plan(engine, "SELECT 1", a_table(location)))


@pytest.mark.parametrize("kind", ["file", "folder", "inside"])
def test_a_symbolic_link_out_is_refused(engine: DuckDBEngine, lake: Path, kind: str) -> None:
    folder = lake / "acme" / "links"
    if kind == "folder":
        folder.symlink_to(lake / "globex")
    else:
        folder.mkdir()
        target = lake / "globex" / "secret.csv" if kind == "file" else lake / "globex"
        (folder / "link").symlink_to(target)

    with pytest.raises(LocationOutside):
        engine.estimate(plan=a_plan(engine, "SELECT * FROM t", a_table("links")))
    assert run(engine, a_plan(engine, 'SELECT * FROM "default".t', a_table("links"))).end is (
        RunEnd.FAILED
    )


def test_a_link_planted_after_the_listing_is_refused_by_the_process(
    engine: DuckDBEngine, lake: Path
) -> None:
    path = lake / "acme" / "csv" / "data.csv"
    with engine.pool.lease(key=_key(engine, lake), scratch_root=engine.scratch) as runner:
        if not runner.landlocked:
            pytest.skip("This kernel has no Landlock.")
        path.unlink()
        path.symlink_to(lake / "globex" / "secret.csv")
        answer = runner.run(
            job={
                "sql": f"FROM read_csv('{path}')",
                "parameters": {},
                "files": [str(path)],
                "setup": [],
                "hidden": str(lake),
                "memory": LIMITS.memory_bytes,
                "threads": 1,
                "temp_bytes": 0,
                "result_rows": 10,
                "result_bytes": 1000,
            },
            limits=LIMITS,
            go_on=lambda _: True,
        )

    assert answer["end"] == "failed"
    assert "Permission denied" in answer["error"]


def _key(engine: DuckDBEngine, lake: Path) -> RunnerKey:
    return RunnerKey(
        namespace_id=engine.namespace_id, role_id=None, granted=(os.path.realpath(lake / "acme"),)
    )


def test_a_role_reads_only_its_prefixes(engine: DuckDBEngine, lake: Path) -> None:
    analytics.write_csv(lake / "acme" / "sales" / "eu" / "a.csv", [{"n": 1}])
    analytics.write_csv(lake / "acme" / "sales" / "us" / "b.csv", [{"n": 10}])
    plan = a_plan(
        engine, 'SELECT sum(n) AS n FROM "default".t', a_table("sales"), prefixes=("sales/eu/",)
    )

    narrowed = run(engine, plan)
    wholly_outside = a_plan(engine, "SELECT 1", a_table("csv"), prefixes=("sales/eu",))

    assert narrowed.end is RunEnd.SUCCEEDED
    assert engine.estimate(plan=plan).files == 1
    with pytest.raises(LocationEmpty):
        engine.estimate(plan=wholly_outside)


def test_too_much_memory_ends_the_query_and_not_the_worker(engine: DuckDBEngine) -> None:
    greedy = "SELECT list(a.range) FROM range(1000000000) a"

    outcome = run(engine, a_plan(engine, greedy))

    assert outcome.end is RunEnd.OUT_OF_MEMORY
    assert "128 MB" in outcome.error
    assert run(engine, a_plan(engine, "SELECT 1")).end is RunEnd.SUCCEEDED


def test_a_huge_cross_join_is_killed_at_its_time(engine: DuckDBEngine) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"
    started = time.monotonic()
    limits = RunLimits(memory_bytes=2**27, threads=1, seconds=1, result_bytes=2**20, result_rows=10)

    outcome = run(engine, a_plan(engine, endless), limits)

    assert outcome.end is RunEnd.TIMED_OUT
    assert time.monotonic() - started < 3
    assert run(engine, a_plan(engine, "SELECT 1")).end is RunEnd.SUCCEEDED


def test_a_running_query_is_stopped_when_told(engine: DuckDBEngine, tmp_path: Path) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"
    seen: list[RunProgress] = []

    def go_on(progress: RunProgress) -> bool:
        seen.append(progress)
        return len(seen) < 2

    outcome = engine.run(
        plan=a_plan(engine, endless), limits=LIMITS, result=tmp_path / "r", go_on=go_on
    )

    assert outcome.end is RunEnd.STOPPED
    assert 800 <= outcome.run_milliseconds < 3000
    assert not list(engine.scratch.glob("*/result.arrow"))


def test_a_result_beyond_its_bounds_is_refused_with_advice(engine: DuckDBEngine) -> None:
    outcome = run(engine, a_plan(engine, "SELECT * FROM range(200000)"))

    assert outcome.end is RunEnd.RESULT_TOO_LARGE
    assert "LIMIT" in outcome.error


def test_a_warm_process_is_never_shared_between_roles_or_namespaces(
    lake: Path, tmp_path: Path
) -> None:
    pool = RunnerPool()
    engines = [
        DuckDBEngine(
            namespace_id=new_id(), lake_root=lake / name, scratch=tmp_path / "r", pool=pool
        )
        for name in ("acme", "globex")
    ]
    role = new_id()
    seen = []
    for plan in (
        a_plan(engines[0], "SELECT 1"),
        a_plan(engines[0], "SELECT 1"),
        a_plan(engines[0], "SELECT 1", role_id=role),
        a_plan(engines[1], "SELECT 1"),
    ):
        engine = engines[0] if plan.namespace_id == engines[0].namespace_id else engines[1]
        run(engine, plan)
        seen.append(pool.idle_pids()[-1])
    pool.close()

    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_a_process_is_given_no_secret_of_the_service(
    engine: DuckDBEngine, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")

    with engine.pool.lease(key=_key(engine, lake), scratch_root=engine.scratch) as runner:
        environment = Path(f"/proc/{runner.pid}/environ").read_bytes()

    assert b"canary" not in environment
    assert environment.startswith(b"TZ=UTC")


def test_nothing_of_one_query_is_left_for_the_next(engine: DuckDBEngine) -> None:
    first = a_plan(engine, 'SELECT count(*) AS n FROM "default".t', a_table("csv"))
    assert run(engine, first).end is RunEnd.SUCCEEDED

    second = run(engine, a_plan(engine, 'SELECT * FROM "default".t'))

    assert second.end is RunEnd.FAILED


def test_the_engines_test_tells_its_steps(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert [(step.name, step.ok) for step in engine.test()] == [("Folder", True), ("Query", True)]
    missing = DuckDBEngine(
        namespace_id=new_id(), lake_root=tmp_path / "none", scratch=tmp_path / "r"
    )
    assert [step.ok for step in missing.test()] == [False]


def test_a_plan_is_explained_without_the_machines_folders(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    plan = a_plan(engine, 'EXPLAIN SELECT * FROM "default".t', a_table("parquet", "parquet"))
    result = tmp_path / "plan.arrow"

    outcome = engine.run(plan=plan, limits=LIMITS, result=result, go_on=lambda _: True)

    text = "\n".join(pa.ipc.open_file(result).read_all()["plan"].to_pylist())
    assert outcome.end is RunEnd.SUCCEEDED
    assert "READ_PARQUET" in text.upper()
    assert str(tmp_path) not in text.replace("\n", "")


@pytest.mark.parametrize("kind", READERS)
def test_file_names_are_no_column(engine: DuckDBEngine, kind: str) -> None:
    for column in ("filename", "file_row_number", "file_index"):
        plan = a_plan(engine, f'SELECT {column} FROM "default".t', a_table(kind, kind))  # noqa: S608
        assert run(engine, plan).end is RunEnd.FAILED


def test_a_refusal_of_the_lake_is_a_failed_run_with_its_sentence(engine: DuckDBEngine) -> None:
    plan = a_plan(engine, 'SELECT * FROM "default".t', a_table("nowhere"))

    with pytest.raises(Refusal):
        engine.estimate(plan=plan)
    assert "no files at nowhere" in run(engine, plan).error
