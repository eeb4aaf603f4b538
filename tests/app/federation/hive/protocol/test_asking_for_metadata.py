"""What is asked beside statements: databases, tables, columns, types, the server itself."""

from contextlib import closing

import pytest
from TCLIService import ttypes
from thrift.Thrift import TApplicationException, TMessageType

from tests.servers import hive as hive_servers
from tests.servers.hive import Connect, HiveServer


def test_metadata_is_found_by_patterns(server: HiveServer) -> None:
    connection = hive_servers.impyla(server)
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
