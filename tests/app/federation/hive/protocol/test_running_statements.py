"""What a statement gives: rows of every type, pages, refusals, logs, an end."""

import datetime as dt
import decimal
from contextlib import closing

import pytest
from pyhive import exc
from TCLIService import ttypes

from tests.app.federation.hive.protocol.conftest import AT
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers
from tests.servers.hive import Connect, HiveServer
from tests.waiting import eventually


def test_pyhive_selects(connect: Connect) -> None:
    cursor = connect().cursor()

    cursor.execute("select 1")

    assert cursor.fetchall() == [(1,)]
    assert cursor.description[0][:2] == ("_c0", "INT_TYPE")


def test_impyla_selects(server: HiveServer) -> None:
    connection = hive_servers.impyla(server)
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute("select kinds")

        rows = cursor.fetchall()

    assert rows[0][:4] == (1, 1, decimal.Decimal(2**63), "é")
    assert rows[0][6] == dt.date(2026, 1, 1)
    assert rows[1] == (None,) * 12


def test_every_type_arrives(connect: Connect) -> None:
    cursor = connect().cursor()

    cursor.execute("select kinds")

    assert cursor.fetchall() == [
        (
            1, 1, decimal.Decimal(2**63), "é", decimal.Decimal("1.50"),
            AT, "2026-01-01", 1.5, True, "[1, 2]",
            b"\0\1", None,
        ),
        (None,) * 12,
    ]  # fmt: skip


def test_long_results_come_in_pages(connect: Connect) -> None:
    cursor = connect().cursor()

    cursor.execute("select many")

    assert [row[0] for row in cursor.fetchall()] == list(range(25_000))


def test_wide_rows_come_in_smaller_pages(connect: Connect) -> None:
    cursor = connect().cursor()

    cursor.execute("select wide")

    assert len(cursor.fetchmany(1)[0][0]) == 2_000_000
    assert len(cursor._data) < 40
    assert len(cursor.fetchall()) == 39


def test_a_failed_query_says_why(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match=r"There is no table x\."):
        connect().cursor().execute("select x")


def test_a_usage_limit_is_told_in_its_words(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="Query reached usage limit") as caught:
        connect().cursor().execute("select too much")

    # Hive's JDBC driver fails on messages of others.
    assert caught.value.args[0].status.infoMessages is None


def test_a_query_can_be_polled_and_cancelled(connect: Connect, backend: FakeHiveBackend) -> None:
    cursor = connect().cursor()
    cursor.execute("select slowly", async_=True)

    before = cursor.poll().operationState
    cursor.cancel()
    after = cursor.poll().operationState

    assert before == ttypes.TOperationState.RUNNING_STATE
    assert after == ttypes.TOperationState.CANCELED_STATE


def test_hanging_up_cancels_what_runs(connect: Connect, backend: FakeHiveBackend) -> None:
    connection = connect()
    connection.cursor().execute("select slowly", async_=True)

    connection._transport.close()

    eventually(lambda: backend.cancelled == set(backend.queries), what="cancelled query", seconds=5)


def test_the_log_is_told_once(connect: Connect) -> None:
    cursor = connect().cursor()
    cursor.execute("select 1")

    assert cursor.fetch_logs() == ["Waited 0 ms.", "Ran 1 ms."]
    assert cursor.fetch_logs() == []


def test_a_mishap_behind_the_gateway_is_an_answer_and_not_the_end(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    cursor = connect().cursor()

    with pytest.raises(exc.OperationalError, match="Something went wrong here"):
        cursor.execute("select mishap")

    cursor.execute("select 1")
    assert cursor.fetchall() == [(1,)]
