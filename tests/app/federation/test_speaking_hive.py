"""What Hive clients get from the gateway: PyHive and impyla over real sockets, a fake behind."""

import datetime as dt
import decimal
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import impala.dbapi
import impala.error
import pyarrow as pa
import pytest
from pyhive import exc, hive
from TCLIService import ttypes
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TTransportException

from federation.gateway.backends import TableDescription
from federation.gateway.server import Limits
from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers
from tests.servers.certificates import Authority
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
def server(backend: FakeHiveBackend) -> Iterator[HiveServer]:
    limits = Limits(handshake_seconds=0.5, sessions_per_user=3)
    with hive_servers.running(backend, limits=limits) as running:
        yield running


Connect = Callable[..., hive.Connection]


@pytest.fixture
def connect(server: HiveServer) -> Iterator[Connect]:
    opened: list[hive.Connection] = []

    def connected(
        user: str = "uma@acme.example",
        password: str = "uma-pw",  # noqa: S107
        **configuration: str,
    ) -> hive.Connection:
        connection = hive.connect(
            host=server.host,
            port=server.port,
            username=user,
            password=password,
            auth="LDAP",
            configuration=configuration,
        )
        opened.append(connection)
        return connection

    yield connected
    for connection in opened:
        connection._transport.close()


def test_pyhive_selects(connect: Connect) -> None:
    cursor = connect().cursor()

    cursor.execute("select 1")

    assert cursor.fetchall() == [(1,)]
    assert cursor.description[0][:2] == ("_c0", "INT_TYPE")


def test_impyla_selects(server: HiveServer) -> None:
    connection = impala.dbapi.connect(
        host=server.host,
        port=server.port,
        user="uma@acme.example",
        password="uma-pw",
        auth_mechanism="PLAIN",
    )
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

    wait_until(lambda: backend.cancelled == set(backend.queries))


def test_the_log_is_told_once(connect: Connect) -> None:
    cursor = connect().cursor()
    cursor.execute("select 1")

    assert cursor.fetch_logs() == ["Waited 0 ms.", "Ran 1 ms."]
    assert cursor.fetch_logs() == []


def test_settings_belong_to_the_session(connect: Connect) -> None:
    cursor = connect(role="reader").cursor()
    cursor.execute("set mapred.job.name=mine")

    cursor.execute("set mapred.job.name")
    assert cursor.fetchall() == [("mapred.job.name=mine",)]
    cursor.execute("set role")
    assert cursor.fetchall() == [("role=reader",)]


def test_an_open_session_keeps_its_role(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="Changing the role"):
        connect().cursor().execute("set role=admin")


def test_use_sets_the_database_of_later_statements(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    cursor = connect().cursor()
    cursor.execute("USE sales")

    cursor.execute("select 1;")

    assert (backend.submitted[-1].sql, backend.submitted[-1].database) == ("select 1", "sales")


def test_an_unknown_database_cannot_be_used(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="Database does not exist: nowhere"):
        connect().cursor().execute("use nowhere")


def test_a_role_that_was_not_granted_is_refused(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="has no access here"):
        connect(role="admin")


def test_a_plain_name_takes_its_namespace_from_the_settings(connect: Connect) -> None:
    cursor = connect(user="uma", namespace="acme").cursor()

    cursor.execute("select 1")

    assert cursor.fetchall() == [(1,)]


def test_a_plain_name_in_another_namespace_is_nobody(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="is not right"):
        connect(user="uma", namespace="rival")


@pytest.mark.parametrize(
    ("user", "password"),
    [("uma@acme.example", "wrong"), ("nobody@acme.example", "x"), ("uma@nowhere.example", "x")],
)
def test_every_refused_sign_in_sounds_and_takes_the_same(
    connect: Connect, user: str, password: str
) -> None:
    started = time.monotonic()

    with pytest.raises(TTransportException, match="Error validating the login"):
        connect(user=user, password=password)

    assert 0.99 < time.monotonic() - started < 1.3


def test_metadata_is_found_by_patterns(server: HiveServer) -> None:
    connection = impala.dbapi.connect(
        host=server.host, port=server.port, user="uma@acme.example", password="uma-pw",
        auth_mechanism="PLAIN",
    )  # fmt: skip
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.get_databases()
        databases = [row[0] for row in cursor.fetchall()]
        cursor.get_tables(database_name="sal.*")
        tables = [row[2] for row in cursor.fetchall()]
        columns = [row[0] for row in cursor.get_table_schema("flights", database_name="sales")]
        cursor.get_tables(database_name="s%x")
        none = cursor.fetchall()

    assert (databases, tables, columns, none) == (["default", "sales"], ["flights"], ["id"], [])


def test_information_about_the_server_is_given(connect: Connect) -> None:
    connection = connect()
    request = ttypes.TGetInfoReq(
        sessionHandle=connection.sessionHandle, infoType=ttypes.TGetInfoType.CLI_DBMS_NAME
    )

    assert connection.client.GetInfo(request).infoValue.stringValue == "Apache Hive"


@pytest.mark.parametrize("call", ["GetTypeInfo", "GetCatalogs", "GetTableTypes"])
def test_the_rest_of_the_catalogue_answers(connect: Connect, call: str) -> None:
    connection = connect()
    request = getattr(ttypes, f"T{call}Req")(sessionHandle=connection.sessionHandle)

    response = getattr(connection.client, call)(request)
    metadata = connection.client.GetResultSetMetadata(
        ttypes.TGetResultSetMetadataReq(operationHandle=response.operationHandle)
    )

    assert response.status.statusCode == ttypes.TStatusCode.SUCCESS_STATUS
    assert metadata.schema.columns


def test_delegation_tokens_are_refused(connect: Connect) -> None:
    connection = connect()
    request = ttypes.TGetDelegationTokenReq(
        sessionHandle=connection.sessionHandle, owner="uma", renewer="uma"
    )

    response = connection.client.GetDelegationToken(request)

    assert response.status.statusCode == ttypes.TStatusCode.ERROR_STATUS
    assert response.delegationToken is None


def test_an_unknown_call_is_answered_as_such(connect: Connect) -> None:
    request = ttypes.TCloseSessionReq(sessionHandle=None)
    client = connect().client
    client._oprot.writeMessageBegin("DropEverything", TMessageType.CALL, 0)
    request.write(client._oprot)
    client._oprot.trans.flush()

    with pytest.raises(TApplicationException, match="Invalid method name: 'DropEverything'"):
        client.recv_CloseSession()


def test_somebody_elses_session_is_no_session(connect: Connect) -> None:
    uma, eve = connect(), connect(user="eve@rival.example", password="eve-pw")

    response = eve.client.ExecuteStatement(
        ttypes.TExecuteStatementReq(uma.sessionHandle, "select 1")
    )

    assert response.status.errorMessage == "Invalid SessionHandle"


def test_somebody_elses_operation_is_no_operation(connect: Connect) -> None:
    uma, eve = connect().cursor(), connect(user="eve@rival.example", password="eve-pw")
    uma.execute("select 1")

    response = eve.client.FetchResults(
        ttypes.TFetchResultsReq(operationHandle=uma._operationHandle, orientation=0, maxRows=10)
    )

    assert response.status.errorMessage == "Invalid OperationHandle"
    assert response.results is None


def test_a_handle_needs_its_secret(connect: Connect) -> None:
    connection = connect()
    connection.sessionHandle.sessionId.secret = b"\0" * 16

    with pytest.raises(exc.OperationalError, match="Invalid SessionHandle"):
        connection.cursor().execute("select 1")


def test_a_closed_session_is_gone(connect: Connect) -> None:
    connection = connect()
    request = ttypes.TCloseSessionReq(sessionHandle=connection.sessionHandle)
    connection.client.CloseSession(request)

    with pytest.raises(exc.OperationalError, match="Invalid SessionHandle"):
        connection.cursor().execute("select 1")


def test_sessions_are_limited(connect: Connect) -> None:
    for _ in range(3):
        connect()

    with pytest.raises(exc.OperationalError, match="Too many Hive sessions"):
        connect()


def test_a_closed_connection_frees_its_sessions(connect: Connect) -> None:
    for _ in range(5):
        connect().close()

    assert connect().cursor()


def test_old_clients_are_told_so(connect: Connect) -> None:
    connection = connect()

    response = connection.client.OpenSession(ttypes.TOpenSessionReq(client_protocol=3))

    assert "too old" in response.status.errorMessage


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x01\xff\xff\xff\xff",
        b"\x01\x00\x00\x00\x06GSSAPI",
        b"\x01\x00\x00\x00\x05PLAIN\x02\x00\x00\x00\x03\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\x05PLAIN\x02\x00\x00\x00\x11eve\x00uma\x00some-pass",
        b"",
        b"\x01",
    ],
)
def test_what_is_no_handshake_is_ended_soon(server: HiveServer, opening: bytes) -> None:
    with hive_servers.raw(server) as wire:
        started = time.monotonic()
        wire.sendall(opening)

        left = hive_servers.read_to_end(wire)

    assert time.monotonic() - started < 2
    assert not left.startswith(b"\x05")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0" * 40,
        struct.pack(">I", 0x80010001) + struct.pack(">I", 0x7FFFFFFF),
        # A call whose argument nests structs a thousand times.
        b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01" + b"\x0c\x00\x01" * 100_000,
        # A map that says it is huge.
        (
            b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01\x0c\x00\x01"
            b"\x0d\x00\x04\x0b\x0b\x7f\xff\xff\xff"
        ),
    ],
)
def test_frames_that_make_no_sense_end_the_connection(server: HiveServer, frame: bytes) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        assert wire.recv(5) == b"\x05\0\0\0\0"
        wire.sendall(struct.pack(">I", len(frame)) + frame)

        assert hive_servers.read_to_end(wire) == b""


def test_a_frame_over_the_limit_is_not_read(server: HiveServer) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        assert wire.recv(5) == b"\x05\0\0\0\0"
        wire.sendall(struct.pack(">I", 2**31 - 1))

        assert hive_servers.read_to_end(wire) == b""


def test_signed_in_without_a_session_is_ended_soon(server: HiveServer) -> None:
    with hive_servers.raw(server) as wire:
        wire.sendall(hive_servers.handshake("uma@acme.example", "uma-pw"))
        started = time.monotonic()
        hive_servers.read_to_end(wire)

    assert time.monotonic() - started < 2


def test_the_gateway_speaks_tls(
    backend: FakeHiveBackend, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority.create("Test CA")
    certificate, key = authority.issue(ips=["127.0.0.1"])
    (folder / "server.pem").write_text(certificate + key)
    (folder / "ca.pem").write_text(authority.pem)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "server.pem")

    with hive_servers.running(backend, tls=tls) as server:
        connection = impala.dbapi.connect(
            host=server.host, port=server.port, user="uma@acme.example", password="uma-pw",
            auth_mechanism="PLAIN", use_ssl=True, ca_cert=str(folder / "ca.pem"),
        )  # fmt: skip
        with closing(connection), closing(connection.cursor()) as cursor:
            cursor.execute("select 1")
            rows = cursor.fetchall()

    assert rows == [(1,)]


def wait_until(met: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 5
    while not met():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_directory_that_hangs_does_not_hold_up_the_others(backend: FakeHiveBackend) -> None:
    limits = Limits(sign_in_threads=4, sign_ins_per_directory=2)
    with hive_servers.running(backend, limits=limits) as server:
        stuck = [
            threading.Thread(target=hive_servers.try_handshake, args=(server, f"u{n}@slow.example"))
            for n in range(8)
        ]
        for thread in stuck:
            thread.start()
        wait_until(lambda: backend.hanging == 2)

        started = time.monotonic()
        answer = hive_servers.try_handshake(server, "uma@acme.example", "uma-pw")
        took = time.monotonic() - started
        backend.go_on.set()
        for thread in stuck:
            thread.join()

    assert answer.startswith(b"\x05")
    assert took < 0.5
    assert backend.most_hanging == 2


def test_strangers_from_one_address_cannot_take_all_handshakes(backend: FakeHiveBackend) -> None:
    limits = Limits(handshake_seconds=5, handshakes_per_network=3)
    with hive_servers.running(backend, limits=limits) as server, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(hive_servers.raw(server)).sendall(b"\x01")
        time.sleep(0.1)

        with hive_servers.raw(server) as wire:
            assert hive_servers.read_to_end(wire) == b""


def test_a_mishap_behind_the_gateway_is_an_answer_and_not_the_end(
    connect: Connect, backend: FakeHiveBackend
) -> None:
    cursor = connect().cursor()

    with pytest.raises(exc.OperationalError, match="Something went wrong here"):
        cursor.execute("select mishap")

    cursor.execute("select 1")
    assert cursor.fetchall() == [(1,)]


@pytest.fixture
def watchful(backend: FakeHiveBackend) -> Iterator[HiveServer]:
    with hive_servers.running(backend, limits=Limits(standing_seconds=0.05)) as running:
        yield running


@contextmanager
def person_at(server: HiveServer, name: str, password: str) -> Iterator[hive.Connection]:
    connection = hive.connect(
        host=server.host, port=server.port, username=name, password=password, auth="LDAP"
    )
    yield connection
    connection._transport.close()


def is_hung_up_on(cursor: hive.Cursor) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            cursor.execute("select 1")
        except (TTransportException, OSError):
            return True
        time.sleep(0.02)
    return False


def test_who_may_no_longer_act_is_hung_up_on_while_others_go_on(
    watchful: HiveServer, backend: FakeHiveBackend
) -> None:
    with (
        person_at(watchful, "uma@acme.example", "uma-pw") as uma,
        person_at(watchful, "eve@rival.example", "eve-pw") as eve,
    ):
        running, unharmed = uma.cursor(), eve.cursor()
        running.execute("select slowly", async_=True)
        [query_id] = backend.queries

        backend.deactivated.add("uma@acme.example")
        deadline = time.monotonic() + 5
        while query_id not in backend.cancelled and time.monotonic() < deadline:
            time.sleep(0.02)

        assert query_id in backend.cancelled
        assert is_hung_up_on(running)
        unharmed.execute("select 1")
        assert unharmed.fetchall() == [(1,)]


def test_a_look_at_standing_that_fails_ends_nobody_and_the_next_one_counts(
    watchful: HiveServer, backend: FakeHiveBackend
) -> None:
    with person_at(watchful, "uma@acme.example", "uma-pw") as uma:
        cursor = uma.cursor()
        backend.away = True
        backend.deactivated.add("uma@acme.example")
        time.sleep(0.3)
        cursor.execute("select 1")
        assert cursor.fetchall() == [(1,)]
        backend.away = False

        assert is_hung_up_on(cursor)


def test_whom_the_directory_no_longer_knows_is_hung_up_on(backend: FakeHiveBackend) -> None:
    limits = Limits(standing_seconds=60, directory_seconds=0.05)
    with (
        hive_servers.running(backend, limits=limits) as server,
        person_at(server, "uma@acme.example", "uma-pw") as uma,
    ):
        cursor = uma.cursor()
        cursor.execute("select 1")
        backend.moved_out.add("uma@acme.example")

        assert is_hung_up_on(cursor)
