"""Who may no longer act is hung up on, while others go on."""

import pytest
from pyhive import hive
from thrift.transport.TTransport import TTransportException

from federation.gateway.server import Limits
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers.hive import Connect
from tests.waiting import eventually


@pytest.fixture
def limits() -> Limits:
    return Limits(standing_seconds=0.05, directory_seconds=0.05)


def is_hung_up_on(cursor: hive.Cursor) -> bool:
    try:
        cursor.execute("select 1")
    except (TTransportException, OSError):
        return True
    return False


def test_who_may_no_longer_act_is_hung_up_on_while_others_go_on(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    running, unharmed = connect().cursor(), connect("eve@rival.example", "eve-pw").cursor()
    running.execute("select slowly", async_=True)
    [query_id] = backend.queries

    backend.deactivated.add("uma@acme.example")

    eventually(lambda: query_id in backend.cancelled, what="cancelled query", seconds=5)
    eventually(lambda: is_hung_up_on(running), what="end of the connection", seconds=5)
    unharmed.execute("select 1")
    assert unharmed.fetchall() == [(1,)]


def test_a_look_at_standing_that_fails_ends_nobody_and_the_next_one_counts(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    cursor = connect().cursor()
    backend.away = True
    backend.deactivated.add("uma@acme.example")
    eventually(lambda: backend.failed_looks > 1, what="second look", seconds=5)
    cursor.execute("select 1")
    assert cursor.fetchall() == [(1,)]

    backend.away = False

    eventually(lambda: is_hung_up_on(cursor), what="end of the connection", seconds=5)


def test_whom_the_directory_no_longer_knows_is_hung_up_on(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    cursor = connect().cursor()
    cursor.execute("select 1")

    backend.moved_out.add("uma@acme.example")

    eventually(lambda: is_hung_up_on(cursor), what="end of the connection", seconds=5)
