"""The Hive engine against real sockets: our own gateway's protocol, TLS, and servers that lie."""

import dataclasses
import datetime as dt
import decimal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pytest_django import Settings

from governance.analytics.adapters.hive.accounts import Account
from governance.analytics.adapters.hive.engine import HiveEngine
from governance.analytics.domain.hive_options import HiveOptions
from governance.analytics.domain.plans import QueryPlan
from governance.analytics.domain.runs import RunEnd, RunLimits, RunOutcome, RunProgress
from governance.kernel.identifiers import new_id
from governance.kernel.personal import Personal
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers, hostile_hive
from tests.servers.certificates import Authority
from tests.servers.hive import HiveServer

LIMITS = RunLimits(memory_bytes=0, threads=1, seconds=20, result_bytes=2**26, result_rows=100_000)
# Until the gateway has heard that its client hung up: it is stopped after that.
HEARD_SECONDS = 0.2
AT = dt.datetime(2026, 1, 1, 2, 3, 4, tzinfo=None)  # noqa: DTZ001 - Hive has no time zones
KINDS = pa.table(
    {
        "t": pa.array([1, None], pa.int8()),
        "small": pa.array([None, 2], pa.int16()),
        "i": pa.array([1, None], pa.int32()),
        "big": pa.array([2**62, None], pa.int64()),
        "s": pa.array(["é\n\t'", None]),
        "d": pa.array([decimal.Decimal("-1.50"), None], pa.decimal128(10, 2)),
        "at": pa.array([AT, None], pa.timestamp("us")),
        "day": pa.array([dt.date(2026, 1, 1), None], pa.date32()),
        "real": pa.array([0.1, None], pa.float32()),
        "f": pa.array([1.5, None], pa.float64()),
        "b": pa.array([True, None]),
        "bytes": pa.array([b"\0\1\xff", None], pa.binary()),
    }
)
NESTED = pa.table({"l": [[1, 2], None], "m": [{"a": 1}, None]})
MANY = pa.table({"n": pa.array([n if n % 7 else None for n in range(25_000)], pa.int64())})
LIMIT = f" LIMIT {LIMITS.result_rows + 1}"
ANSWERS = {"SELECT 1": pa.table({"_c0": pa.array([1], pa.int32())})} | {
    f"SELECT `{name}`{LIMIT}": table
    for name, table in (("kinds", KINDS), ("nested", NESTED), ("many", MANY))
}


@pytest.fixture
def backend() -> FakeHiveBackend:
    return FakeHiveBackend(answers=ANSWERS)


@pytest.fixture
def server(backend: FakeHiveBackend) -> Iterator[HiveServer]:
    with hive_servers.running(backend) as running:
        yield running
        time.sleep(HEARD_SECONDS)


def an_engine(
    port: int,
    lake: Path,
    *,
    password: str = "uma-pw",  # noqa: S107
    **options: object,
) -> HiveEngine:
    parsed = HiveOptions.parse(
        {
            "host": "127.0.0.1",
            "port": port,
            "transport": "plain",
            "username": "uma@acme.example",
            "product": "hive",
            "tables": "server",
            **options,
        }
    )
    account = Account(options=parsed, password=Personal(password), is_named=True)
    return HiveEngine(
        namespace_id=new_id(), account=account, base="", lake_root=lake, scratch=lake / "scratch"
    )


def ran(
    engine: HiveEngine,
    sql: str,
    *,
    limits: RunLimits = LIMITS,
    go_on: Callable[[RunProgress], bool] = lambda _: True,
) -> RunOutcome:
    plan = QueryPlan(namespace_id=engine.namespace_id, role_id=None, sql=sql)
    result = result_of(engine)
    outcome = engine.run(plan=plan, limits=limits, result=result, go_on=go_on)
    left = {path.name for path in result.parent.glob("*")}
    assert not list((engine.scratch).glob("*"))
    assert left == ({result.name} if outcome.end is RunEnd.SUCCEEDED else set())
    return outcome


def result_of(engine: HiveEngine) -> Path:
    return engine.lake_root / "results" / "r.arrow"


def rows_of(engine: HiveEngine) -> pa.Table:
    return pa.ipc.open_file(result_of(engine)).read_all()


def test_values_come_back_with_their_types_and_nulls(server: HiveServer, tmp_path: Path) -> None:
    engine = an_engine(server.port, tmp_path)

    outcome = ran(engine, "SELECT kinds")

    assert (outcome.end, outcome.error, outcome.rows_returned) == (RunEnd.SUCCEEDED, "", 2)
    assert rows_of(engine).schema == KINDS.schema
    assert rows_of(engine).equals(KINDS)


def test_lists_and_structures_come_back_as_text(server: HiveServer, tmp_path: Path) -> None:
    engine = an_engine(server.port, tmp_path)

    ran(engine, "SELECT nested")

    assert rows_of(engine).to_pylist()[0] == {"l": "[1, 2]", "m": '{"a": 1}'}
    assert rows_of(engine).to_pylist()[1] == {"l": None, "m": None}


def test_many_rows_come_in_batches_and_in_order(server: HiveServer, tmp_path: Path) -> None:
    engine = an_engine(server.port, tmp_path)

    outcome = ran(engine, "SELECT many")

    assert outcome.rows_returned == 25_000
    assert rows_of(engine).equals(MANY)


def test_a_result_of_too_many_rows_or_bytes_is_refused(server: HiveServer, tmp_path: Path) -> None:
    engine = an_engine(server.port, tmp_path)
    few = dataclasses.replace(LIMITS, result_bytes=10_000)

    outcome = ran(engine, "SELECT many", limits=few)

    assert outcome.end is RunEnd.RESULT_TOO_LARGE
    assert "LIMIT" in outcome.error


def test_a_stopped_query_is_cancelled_on_the_server(
    server: HiveServer, backend: FakeHiveBackend, tmp_path: Path
) -> None:
    asked: list[RunProgress] = []

    def go_on(progress: RunProgress) -> bool:
        asked.append(progress)
        return len(asked) < 4

    backend.answers = {}
    backend.slow = f"SELECT `slowly`{LIMIT}"
    outcome = ran(an_engine(server.port, tmp_path), "SELECT slowly", go_on=go_on)

    assert outcome.end is RunEnd.STOPPED
    assert len(backend.cancelled) == 1


def test_a_query_that_takes_too_long_is_cancelled_on_the_server(
    server: HiveServer, backend: FakeHiveBackend, tmp_path: Path
) -> None:
    backend.slow = f"SELECT `slowly`{LIMIT}"
    limits = dataclasses.replace(LIMITS, seconds=1)

    outcome = ran(an_engine(server.port, tmp_path), "SELECT slowly", limits=limits)

    assert outcome.end is RunEnd.TIMED_OUT
    assert "1 seconds" in outcome.error
    assert len(backend.cancelled) == 1


def test_a_failed_query_says_the_servers_words(server: HiveServer, tmp_path: Path) -> None:
    outcome = ran(an_engine(server.port, tmp_path), "SELECT nothing")

    assert (outcome.end, outcome.error) == (
        RunEnd.FAILED,
        "The server could not run it: There is no table x.",
    )


def test_a_wrong_password_is_told_and_a_blank_one_is_not_tried(
    server: HiveServer, tmp_path: Path
) -> None:
    for password in ("wrong", ""):
        outcome = ran(an_engine(server.port, tmp_path, password=password), "SELECT kinds")

        assert outcome.end is RunEnd.FAILED
        assert "refused the engine's user name or password" in outcome.error


def test_a_server_that_ends_while_it_works_is_told(
    backend: FakeHiveBackend, tmp_path: Path
) -> None:
    backend.slow = f"SELECT `slowly`{LIMIT}"
    with hive_servers.running(backend) as server:
        cut = Cut(server.port)
        engine = an_engine(cut.port, tmp_path)
        threading.Timer(1, cut.close).start()

        outcome = ran(engine, "SELECT slowly")
        time.sleep(HEARD_SECONDS)

    assert outcome.end is RunEnd.CRASHED
    assert "Run the query again" in outcome.error


class Cut:
    """A wire to a server that can be cut."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.ends: list[socket.socket] = []
        threading.Thread(target=self._join, daemon=True).start()

    def close(self) -> None:
        self.listener.close()
        for end in self.ends:
            end.shutdown(socket.SHUT_RDWR)

    def _join(self) -> None:
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.to))
        self.ends = [near, far]
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=_pass, args=(one, other), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    try:
        while part := one.recv(65536):
            other.sendall(part)
    except OSError:
        return
    finally:
        one.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Acme CA")


@pytest.fixture
def over_tls(
    backend: FakeHiveBackend, authority: Authority, tmp_path: Path
) -> Iterator[HiveServer]:
    certificate, key = authority.issue(ips=["127.0.0.1"])
    (tmp_path / "tls.pem").write_text(certificate + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls.pem")
    (tmp_path / "tls.pem").unlink()
    with hive_servers.running(backend, tls=context) as running:
        yield running
        time.sleep(HEARD_SECONDS)


def test_a_server_is_asked_over_tls(
    over_tls: HiveServer, authority: Authority, tmp_path: Path
) -> None:
    tls = {"transport": "tls", "ca_certificates": authority.pem}
    engine = an_engine(over_tls.port, tmp_path, **tls)

    assert ran(engine, "SELECT kinds").end is RunEnd.SUCCEEDED
    assert [step.name for step in engine.test()] == [
        *("Address", "Connection", "TLS", "Sign-in", "Query")
    ]
    assert all(step.ok for step in engine.test())


def test_a_certificate_of_somebody_else_is_refused(over_tls: HiveServer, tmp_path: Path) -> None:
    other = {"transport": "tls", "ca_certificates": Authority.create("Other CA").pem}

    for options in (other, {"transport": "tls"}):
        outcome = ran(an_engine(over_tls.port, tmp_path, **options), "SELECT kinds")

        assert outcome.end is RunEnd.FAILED
        assert "certificate could not be verified" in outcome.error


def test_steps_stop_at_the_first_that_fails(server: HiveServer, tmp_path: Path) -> None:
    steps = an_engine(server.port, tmp_path, password="wrong").test()

    assert [(step.name, step.ok) for step in steps] == [
        ("Address", True),
        ("Connection", True),
        ("Sign-in", False),
    ]


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (hostile_hive.hanging_up, "hung up"),
        (hostile_hive.garbage, "none of HiveServer2's"),
        (hostile_hive.endless_greeting, "none of HiveServer2's"),
        (hostile_hive.refusing, "user name or password"),
        (hostile_hive.claiming_a_huge_frame, "more at once than 64 MB"),
        (hostile_hive.garbage_in_a_frame, "none of HiveServer2's"),
        (hostile_hive.huge_string_in_a_frame, "none of HiveServer2's"),
        (hostile_hive.endless_nesting, "none of HiveServer2's"),
        (hostile_hive.huge_list, "none of HiveServer2's"),
    ],
)
def test_a_server_that_lies_is_an_outcome_with_a_sentence(
    behave: hostile_hive.Behaviour, words: str, tmp_path: Path
) -> None:
    with hostile_hive.running(behave) as port:
        outcome = ran(an_engine(port, tmp_path), "SELECT kinds")

    assert outcome.end in {RunEnd.FAILED, RunEnd.CRASHED, RunEnd.RESULT_TOO_LARGE}
    assert words in outcome.error


def test_a_silent_server_is_left_when_somebody_stops_the_query(tmp_path: Path) -> None:
    started = time.monotonic()
    asked: list[RunProgress] = []

    def go_on(progress: RunProgress) -> bool:
        asked.append(progress)
        return len(asked) < 3

    with hostile_hive.running(hostile_hive.silent_after_greeting) as port:
        outcome = ran(an_engine(port, tmp_path), "SELECT kinds", go_on=go_on)

    assert outcome.end is RunEnd.STOPPED
    assert time.monotonic() - started < 5


def test_a_silent_server_takes_no_longer_than_the_query_may(tmp_path: Path) -> None:
    limits = dataclasses.replace(LIMITS, seconds=1)
    with hostile_hive.running(hostile_hive.silent_after_greeting) as port:
        outcome = ran(an_engine(port, tmp_path), "SELECT kinds", limits=limits)

    assert outcome.end is RunEnd.TIMED_OUT


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    outcome = ran(an_engine(port, tmp_path), "SELECT kinds")

    assert outcome.end is RunEnd.FAILED
    assert "cannot be reached" in outcome.error


def test_an_address_inside_that_nobody_named_is_not_reached(
    server: HiveServer, tmp_path: Path, settings: Settings
) -> None:
    """Not even where the operator opened the network for other things."""
    settings.EGRESS_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.EGRESS_ALLOWED_PORTS = [server.port]
    engine = an_engine(server.port, tmp_path)
    account = dataclasses.replace(engine.account, is_named=False)

    steps = dataclasses.replace(engine, account=account).test()

    assert [(step.name, step.ok) for step in steps] == [("Address", False)]
    assert "HIVE_SERVERS" in steps[0].detail
