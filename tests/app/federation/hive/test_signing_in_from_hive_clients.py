"""A person of the corporate directory, with a Hive client, from password to rows."""

import re
from contextlib import closing

import pytest
from django.utils import timezone
from pyhive import exc
from thrift.transport.TTransport import TTransportException

from federation.models import Directory
from governance.analytics.models import Query
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from tests.app.federation.hive.conftest import BY_CARRIER, ROWS, SLOW, World, selected
from tests.factories.usage_limits import a_limit, a_rule, some_terms
from tests.servers import hive as hive_servers, slapd as openldap
from tests.servers.hive import Connect, HiveServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_pyhive_reads_the_lake_with_a_directory_password(world: World, connect: Connect) -> None:
    assert selected(connect("uma@acme.example", "uma-pw")) == ROWS

    with namespace_scope(world.acme.pk):
        query = Query.objects.get()
        assert query.user is not None
        assert query.role is not None
        assert (query.user.username, query.role.name) == ("uma@acme.example", "author")
        assert query.bytes_scanned > 0


def test_impyla_reads_the_lake_with_a_directory_password(server: HiveServer) -> None:
    connection = hive_servers.impyla(server, "ACME\\uma")
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute(BY_CARRIER)

        assert cursor.fetchall() == ROWS


@pytest.mark.parametrize("name", ["josé", "alice"])
def test_names_of_people_are_taken_as_they_are(connect: Connect, name: str) -> None:
    password = openldap.PEOPLE[name][2]

    assert selected(connect(f"{name}@acme.example", password)) == ROWS


def test_eve_of_another_company_does_not_come_in(connect: Connect) -> None:
    with pytest.raises(TTransportException, match="Error validating the login"):
        connect("eve@acme.example", "eve-pw")


def test_eve_in_her_own_company_sees_no_flights_of_acme(connect: Connect) -> None:
    eve = connect("eve@rival.example", "eve-pw")

    with pytest.raises(exc.OperationalError, match="There is no table"):
        selected(eve)
    assert selected(eve, "SHOW TABLES") == []


def test_a_role_without_queries_gets_a_sentence(connect: Connect) -> None:
    connection = connect("o,brien@acme.example", "comma-pw")

    with pytest.raises(exc.OperationalError, match="lakewarden:RunQuery"):
        selected(connection)


def test_another_granted_role_can_be_asked_for(connect: Connect) -> None:
    connection = connect("alice@acme.example", "alice-pw", role="reader")

    with pytest.raises(exc.OperationalError, match="lakewarden:RunQuery"):
        selected(connection)


def test_whom_no_group_maps_has_no_session(connect: Connect) -> None:
    with pytest.raises(exc.OperationalError, match="has no access here"):
        connect("twin@acme.example", "twin-pw")


def test_the_catalogue_is_the_namespaces(server: HiveServer) -> None:
    connection = hive_servers.impyla(server, "uma")
    with closing(connection):
        cursor = connection.cursor(configuration={"namespace": "acme"})
        cursor.get_tables()
        tables = [row[2] for row in cursor.fetchall()]
        columns = [row[0] for row in cursor.get_table_schema("flights", database_name="default")]
        cursor.close()

    assert (tables, columns) == (["flights"], ["carrier", "delay", "origin"])


def test_a_directory_that_is_down_is_told_apart(world: World, connect: Connect) -> None:
    with namespace_scope(world.acme.pk):
        Directory.objects.filter(pk=world.directory.pk).update(urls=["ldaps://127.0.0.1:1"])

    with pytest.raises(TTransportException, match="the directory cannot be asked now"):
        connect("uma@acme.example", "uma-pw")


def test_a_sign_in_and_its_query_are_in_the_trail(world: World, connect: Connect) -> None:
    selected(connect("uma@acme.example", "uma-pw"))

    with namespace_scope(world.acme.pk):
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"directory_sign_in.accepted", "query.submitted"} <= actions


def test_a_hive_client_reads_which_limit_refused_it_and_until_when(
    world: World, connect: Connect
) -> None:
    with namespace_scope(world.acme.pk):
        a_limit(some_terms("0.00001"), now=timezone.now())
    connection = connect("uma@acme.example", "uma-pw")
    assert selected(connection) == ROWS

    with pytest.raises(exc.OperationalError) as refused:
        selected(connection)

    status = refused.value.args[0].status
    assert status.sqlState == "53000"
    assert re.fullmatch(
        r"Query reached usage limit: Data scanned, weekly is limited to 10\.49 MB \(0\.00001 TB\); "
        r"10 MB is used or reserved and 10 MB more was asked for\. "
        r"The limit resets on .* UTC\.",
        status.errorMessage,
    )
    assert selected(connection, "SELECT 1") == [(1,)]


def test_a_hive_client_reads_which_rule_stopped_its_query_before_or_while_it_ran(
    world: World, connect: Connect
) -> None:
    with namespace_scope(world.acme.pk):
        a_rule(("spectrum_scan_row_count", ">", 4), name="few_rows", action="abort")
        a_rule(("query_execution_time", ">", 0), name="at_once", action="abort")
    connection = connect("uma@acme.example", "uma-pw")

    with pytest.raises(exc.OperationalError, match="few_rows stops this query before it runs"):
        selected(connection)
    with pytest.raises(exc.OperationalError, match="at_once stopped this query"):
        selected(connection, SLOW)
