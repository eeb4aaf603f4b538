"""A person of the corporate directory, with a Hive client, from password to rows.

Real OpenLDAP, real sockets, PyHive and impyla, a DuckDB engine over files.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import impala.dbapi
import pytest
from django.utils import timezone
from pyhive import exc, hive
from thrift.transport.TTransport import TTransportException

from federation import wiring
from federation.domain.directories import MappingKind
from federation.gateway.analytics_backend import AnalyticsBackend
from federation.gateway.server import Limits
from federation.models import Directory, IdentityProvider
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace, NamespaceStatus, RoleBinding, User
from governance.tenancy.services import actors, users
from tests.factories import analytics
from tests.factories.directories import a_directory_on, a_mapping
from tests.factories.scim import an_entra
from tests.factories.tenancy import a_namespace
from tests.factories.usage_limits import a_limit, a_rule, some_terms
from tests.servers import hive as hive_servers, slapd as openldap, worker
from tests.servers.hive import HiveServer
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.django_db(transaction=True)

BY_CARRIER = "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY carrier"
ROWS = [("AA", 2), ("DL", 2), ("UA", 1)]


@dataclass
class World:
    """Two companies, each with a directory; only Acme has flights."""

    acme: Namespace
    rival: Namespace
    directory: Directory
    slapd: Slapd


@pytest.fixture
def world(slapd: Slapd) -> Iterator[World]:
    for name in openldap.PEOPLE:
        slapd.unlock(name)
    acme = a_namespace("acme")
    rival = a_namespace("rival", account_id="999988887777")
    with namespace_scope(acme.pk):
        analytics.an_engine()
        analytics.flights(acme)
        directory = a_directory_on(slapd)
        a_mapping(directory, "analysts", role="author")
        a_mapping(directory, "finance", role="reader")
    with namespace_scope(rival.pk):
        analytics.an_engine()
        theirs = a_directory_on(slapd, base_dn=openldap.TENANT2, domain="rival.example")
        a_mapping(theirs, "t2-analysts", role="author")
        a_mapping(theirs, "eve", role="author", kind=MappingKind.USER)
    yield World(acme, rival, directory, slapd)
    shutil.rmtree(analytics.lake_of(acme))


@pytest.fixture
def server(world: World) -> Iterator[HiveServer]:
    backend = AnalyticsBackend(directory=wiring.directory(), throttle=wiring.sign_in_throttle())
    limits = Limits(directory_seconds=1)
    with worker.running(), hive_servers.running(backend, limits=limits) as running:
        yield running


Connect = Callable[..., hive.Connection]


@pytest.fixture
def connect(server: HiveServer) -> Iterator[Connect]:
    opened: list[hive.Connection] = []

    def connected(user: str, password: str, **configuration: str) -> hive.Connection:
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


def selected(connection: hive.Connection, sql: str = BY_CARRIER) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.execute(sql)
    found: list[tuple[object, ...]] = cursor.fetchall()
    return found


def test_pyhive_reads_the_lake_with_a_directory_password(world: World, connect: Connect) -> None:
    assert selected(connect("uma@acme.example", "uma-pw")) == ROWS

    with namespace_scope(world.acme.pk):
        query = Query.objects.get()
        assert query.user is not None
        assert query.role is not None
        assert (query.user.username, query.role.name) == ("uma@acme.example", "author")
        assert query.bytes_scanned > 0


def test_impyla_reads_the_lake_with_a_directory_password(server: HiveServer) -> None:
    connection = impala.dbapi.connect(
        host=server.host,
        port=server.port,
        user="ACME\\uma",
        password="uma-pw",
        auth_mechanism="PLAIN",
    )
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


def test_a_deactivated_person_is_stopped_in_the_open_session(
    world: World, connect: Connect
) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    assert selected(connection) == ROWS
    with namespace_scope(world.acme.pk):
        user = User.objects.get(source="ldap")
        users.set_active(user=user, active=False, actor=actors.system(), now=timezone.now())

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)


def test_whom_scim_deactivated_is_stopped_in_the_open_session_and_at_the_door(
    world: World, connect: Connect
) -> None:
    with namespace_scope(world.acme.pk):
        entra = an_entra(IdentityProvider.objects.create(name="AzureActiveDirectory"))
    uma = entra.user("Uma@acme.example")
    connection = connect("uma@acme.example", "uma-pw")
    assert selected(connection) == ROWS
    began = time.monotonic()

    entra.patch(f"Users/{uma}", {"op": "Replace", "path": "active", "value": "False"})
    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)
    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connect("uma@acme.example", "uma-pw"))

    assert time.monotonic() - began < 5
    entra.patch(f"Users/{uma}", {"op": "Replace", "path": "active", "value": "True"})
    assert selected(connect("uma@acme.example", "uma-pw")) == ROWS


SLOW = "SELECT sum(a.id * b.id) FROM range(100000000) a, range(100000000) b"


def running(connection: hive.Connection, world: World) -> hive.Cursor:
    """A cursor whose query is running."""
    cursor = connection.cursor()
    cursor.execute(SLOW, async_=True)
    wait_for(world, QueryState.RUNNING)
    return cursor


def wait_for(world: World, state: QueryState) -> Query:
    """The only query, once it is in that state."""
    deadline = time.monotonic() + 10
    while True:
        with namespace_scope(world.acme.pk):
            query = Query.objects.get()
        if query.state == state:
            return query
        assert time.monotonic() < deadline, query.state
        time.sleep(0.05)


def ended(cursor: hive.Cursor) -> bool:
    """Whether the gateway hangs up on the client within seconds."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        try:
            cursor.poll()
        except (TTransportException, OSError):
            return True
        time.sleep(0.1)
    return False


def by_hand(world: World) -> Callable[[], object]:
    def deactivate() -> None:
        with namespace_scope(world.acme.pk):
            user = User.objects.get(source="ldap")
            users.set_active(user=user, active=False, actor=actors.system(), now=timezone.now())

    return deactivate


def by_scim(world: World) -> Callable[[], object]:
    with namespace_scope(world.acme.pk):
        entra = an_entra(IdentityProvider.objects.create(name="AzureActiveDirectory"))
    uma = entra.user("uma@acme.example")
    change = {"op": "Replace", "path": "active", "value": "False"}
    return lambda: entra.patch(f"Users/{uma}", change)


def by_role(world: World) -> Callable[[], object]:
    def take_away() -> None:
        with namespace_scope(world.acme.pk):
            RoleBinding.objects.filter(source="ldap").delete()

    return take_away


def by_directory(world: World) -> Callable[[], object]:
    def switch_off() -> None:
        with namespace_scope(world.acme.pk):
            Directory.objects.filter(pk=world.directory.pk).update(enabled=False)

    return switch_off


def by_group(world: World) -> Callable[[], object]:
    """In the directory itself, where nobody tells us."""
    return lambda: world.slapd.change(membership("delete"))


def membership(change: str) -> str:
    group, person = openldap.group_dn("analysts"), openldap.dn_of("uma")
    return f"dn: {group}\nchangetype: modify\n{change}: member\nmember: {person}\n"


@pytest.fixture
def _put_back(slapd: Slapd) -> Iterator[None]:
    yield
    with suppress(subprocess.CalledProcessError):
        slapd.change(membership("add"))


@pytest.mark.usefixtures("_put_back")
@pytest.mark.parametrize("way", [by_hand, by_scim, by_role, by_directory, by_group])
def test_who_is_deactivated_or_shut_out_loses_the_running_query_and_the_connection_in_seconds(
    world: World, connect: Connect, way: Callable[[World], Callable[[], object]]
) -> None:
    deactivate = way(world)
    cursor = running(connect("uma@acme.example", "uma-pw"), world)
    began = time.monotonic()

    deactivate()

    query = wait_for(world, QueryState.CANCELLED)
    assert query.cancel_requested_at is not None or query.error
    assert ended(cursor)
    assert time.monotonic() - began < 10


def test_whom_scim_deleted_stays_out_of_the_directory_too(world: World, connect: Connect) -> None:
    with namespace_scope(world.acme.pk):
        entra = an_entra(IdentityProvider.objects.create(name="AzureActiveDirectory"))
    uma = entra.user("uma@acme.example")
    connection = connect("uma@acme.example", "uma-pw")

    entra.send("DELETE", f"Users/{uma}")

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)


def test_a_role_taken_away_stops_the_open_session(world: World, connect: Connect) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    with namespace_scope(world.acme.pk):
        RoleBinding.objects.filter(source="ldap").delete()

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)


def test_a_suspended_namespace_is_left_by_who_is_in_it_and_entered_by_nobody(
    world: World, connect: Connect
) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    assert selected(connection) == ROWS
    began = time.monotonic()

    with system_scope("test"):
        Namespace.objects.filter(pk=world.acme.pk).update(status=NamespaceStatus.SUSPENDED)

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)
    with pytest.raises(TTransportException, match="Error validating the login"):
        connect("uma@acme.example", "uma-pw")
    assert time.monotonic() - began < 5


def test_the_catalogue_is_the_namespaces(server: HiveServer) -> None:
    connection = impala.dbapi.connect(
        host=server.host, port=server.port, user="uma", password="uma-pw",
        auth_mechanism="PLAIN",
    )  # fmt: skip
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


def test_a_directory_that_goes_down_ends_nobody(world: World, connect: Connect) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    with namespace_scope(world.acme.pk):
        Directory.objects.filter(pk=world.directory.pk).update(urls=["ldaps://127.0.0.1:1"])

    time.sleep(2.5)

    assert selected(connection) == ROWS
