"""A session: its settings, its role, its handles, which are nobody else's, and how many."""

import ssl
from contextlib import closing

import impala.dbapi
import impala.error
import pytest
from pyhive import exc
from TCLIService import ttypes

from tests.fakes.hive_backend import FakeHiveBackend
from tests.servers import hive as hive_servers
from tests.servers.certificates import Authority
from tests.servers.hive import Connect


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
