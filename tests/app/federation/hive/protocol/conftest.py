"""The gateway alone: clients over real sockets, a fake where the lake would be."""

import datetime as dt
import decimal
from collections.abc import Iterator

import pyarrow as pa
import pytest

from federation.gateway.backends import TableDescription
from federation.gateway.server import Limits
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers
from tests.servers.hive import HiveServer

ONE = pa.table({"_c0": pa.array([1], pa.int32())})
MANY = pa.table({"i": pa.array(range(25_000), pa.int64())})
AT = dt.datetime(2026, 1, 1, 2, 3, 4, 5)  # noqa: DTZ001 - Hive has no time zones
KINDS = pa.table(
    {
        "t": pa.array([1, None], pa.int8()),
        "i": pa.array([1, None], pa.int32()),
        "u": pa.array([2**63, None], pa.uint64()),
        "s": ["é", None],
        "d": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
        "at": pa.array([AT, None], pa.timestamp("us")),
        "day": [dt.date(2026, 1, 1), None],
        "f": [1.5, None],
        "b": [True, None],
        "l": [[1, 2], None],
        "bytes": [b"\0\1", None],
        "nothing": pa.nulls(2),
    }
)
WIDE = pa.table({"s": ["x" * 2_000_000] * 40})
FLIGHTS = TableDescription(database="sales", name="flights", columns=[("id", "bigint")])


@pytest.fixture
def backend() -> FakeHiveBackend:
    answers = {"select 1": ONE, "select many": MANY, "select kinds": KINDS, "select wide": WIDE}
    return FakeHiveBackend(answers=answers, described=[FLIGHTS])


@pytest.fixture
def limits() -> Limits:
    return Limits(handshake_seconds=0.5, sessions_per_user=3)


@pytest.fixture
def server(backend: FakeHiveBackend, limits: Limits) -> Iterator[HiveServer]:
    with hive_servers.running(backend, limits=limits) as running:
        yield running
