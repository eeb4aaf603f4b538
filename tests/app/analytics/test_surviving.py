"""What is lost, late or over: killed workers, removed engines, expired results."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from governance.analytics.adapters import duckdb_runner
from governance.analytics.adapters.duckdb_engine import DuckDBEngine
from governance.analytics.adapters.runner_pool import RunnerPool
from governance.analytics.domain.queries import QueryState
from governance.analytics.domain.results import ResultMissing
from governance.analytics.models import Engine, Query
from governance.analytics.services import engines, queries, results, runs
from governance.analytics.services.engines import EngineBusy
from governance.kernel.actors import Actor
from governance.tenancy.services import actors
from tests.factories import analytics, tenancy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


@pytest.fixture
def uma() -> Actor:
    return tenancy.an_actor(tenancy.a_user(roles=["author"]))


def test_a_query_whose_worker_was_killed_runs_again(uma: Actor) -> None:
    query = queries.submit(sql="SELECT 1 AS n", actor=uma, now=timezone.now())
    Query.objects.filter(pk=query.pk).update(
        state=QueryState.RUNNING.value, started_at=timezone.now()
    )

    analytics.ran(query)

    assert query.state == QueryState.SUCCEEDED


def test_a_query_that_loses_every_worker_is_given_up_with_a_sentence(uma: Actor) -> None:
    query = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())

    runs.give_up(query_id=query.pk, why="Its workers were lost.", now=timezone.now())

    query.refresh_from_db()
    assert (query.state, query.error) == (QueryState.FAILED, "Its workers were lost.")


def test_a_runner_ends_when_its_worker_is_gone(tmp_path: Path) -> None:
    script = Path(duckdb_runner.__file__)
    runner = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(b'{"read": [], "scratch": "%s"}\n' % str(tmp_path).encode())
    runner.stdin.flush()
    assert b"ready" in runner.stdout.readline()

    runner.stdin.close()

    assert runner.wait(timeout=5) == 0
    runner.stdout.close()


def test_results_are_gone_after_their_time_and_history_after_its_own(uma: Actor) -> None:
    now = timezone.now()
    query = analytics.asked("SELECT 1 AS n", uma)
    path = results.file_of(query)

    results.sweep(now=now + timedelta(hours=1))
    assert path.exists()
    results.sweep(now=now + timedelta(hours=25))
    query.refresh_from_db()

    assert not path.exists()
    with pytest.raises(ResultMissing):
        queries.page(query=query, offset=0, limit=1)
    results.sweep(now=now + timedelta(days=31))
    assert not Query.objects.filter(pk=query.pk).exists()


def test_an_engine_with_unfinished_queries_stays(uma: Actor) -> None:
    query = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    engine = Engine.objects.get(name="lake")
    now = timezone.now()

    with pytest.raises(EngineBusy):
        engines.remove(engine_id=engine.pk, actor=actors.system(), now=now)
    analytics.ran(query)
    engines.remove(engine_id=engine.pk, actor=actors.system(), now=now)

    query.refresh_from_db()
    assert query.engine is None


def test_a_runaway_query_leaves_the_worker_to_the_next(uma: Actor) -> None:
    Engine.objects.update(options={"timeout_seconds": 1, "memory_megabytes": 64, "threads": 1})
    slow = "SELECT sum(a.id * b.id) FROM range(100000000) a, range(100000000) b"
    greedy = "SELECT collect_list(id) FROM range(1000000000)"
    started = time.monotonic()

    ended = [analytics.asked(sql, uma) for sql in (slow, greedy, "SELECT 1 AS n")]

    assert [query.state for query in ended] == ["failed", "failed", "succeeded"]
    assert "1 seconds" in ended[0].error
    assert "64 MB" in ended[1].error
    assert time.monotonic() - started < 10


def test_scratch_of_a_dead_worker_is_swept_and_of_a_live_one_kept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, kept = tmp_path / f"{dead.pid}-{uuid4()}", tmp_path / f"1-{uuid4()}"
    for folder in (left, kept):
        folder.mkdir()
    pool = RunnerPool()
    lake = tmp_path / "lake"
    lake.mkdir()

    DuckDBEngine(namespace_id=uuid4(), lake_root=lake, scratch=tmp_path, pool=pool).test()
    pool.close()

    assert (left.exists(), kept.exists()) == (False, True)
