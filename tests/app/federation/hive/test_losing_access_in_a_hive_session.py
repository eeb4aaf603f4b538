"""Who is deactivated, shut out or suspended loses the query that runs and the connection."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.utils import timezone
from pyhive import exc, hive
from thrift.transport.TTransport import TTransportException

from federation.models import Directory, IdentityProvider
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace, NamespaceStatus, RoleBinding, User
from governance.tenancy.services import actors, users
from tests.app.federation.hive.conftest import ROWS, SLOW, World, selected
from tests.factories.scim import Entra, an_entra
from tests.servers import slapd as openldap
from tests.servers.hive import Connect
from tests.servers.slapd import Slapd
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deactivated_person_is_stopped_in_the_open_session(
    world: World, connect: Connect
) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    assert selected(connection) == ROWS

    by_hand(world)()

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)


def test_whom_scim_deactivated_is_stopped_in_the_open_session_and_at_the_door(
    world: World, connect: Connect
) -> None:
    entra = an_entra_of(world)
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


def running(connection: hive.Connection, world: World) -> hive.Cursor:
    """A cursor whose query is running."""
    cursor = connection.cursor()
    cursor.execute(SLOW, async_=True)
    wait_for(world, QueryState.RUNNING)
    return cursor


def wait_for(world: World, state: QueryState) -> Query:
    """The only query, once it is in that state."""

    def reached() -> Query | None:
        with namespace_scope(world.acme.pk):
            return Query.objects.filter(state=state).first()

    return eventually(reached, what=f"query that is {state}", seconds=10)


def is_hung_up_on(cursor: hive.Cursor) -> bool:
    try:
        cursor.poll()
    except (TTransportException, OSError):
        return True
    return False


def an_entra_of(world: World) -> Entra:
    with namespace_scope(world.acme.pk):
        return an_entra(IdentityProvider.objects.create(name="AzureActiveDirectory"))


def by_hand(world: World) -> Callable[[], object]:
    def deactivate() -> None:
        with namespace_scope(world.acme.pk):
            user = User.objects.get(source="ldap")
            users.set_active(user=user, active=False, actor=actors.system(), now=timezone.now())

    return deactivate


def by_scim(world: World) -> Callable[[], object]:
    entra = an_entra_of(world)
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
    eventually(lambda: is_hung_up_on(cursor), what="end of the connection", seconds=8)
    assert time.monotonic() - began < 10


def test_whom_scim_deleted_stays_out_of_the_directory_too(world: World, connect: Connect) -> None:
    entra = an_entra_of(world)
    uma = entra.user("uma@acme.example")
    connection = connect("uma@acme.example", "uma-pw")

    entra.send("DELETE", f"Users/{uma}")

    with pytest.raises(exc.OperationalError, match="has no access here"):
        selected(connection)


def test_a_role_taken_away_stops_the_open_session(world: World, connect: Connect) -> None:
    connection = connect("uma@acme.example", "uma-pw")

    by_role(world)()

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


def test_a_directory_that_goes_down_ends_nobody(world: World, connect: Connect) -> None:
    connection = connect("uma@acme.example", "uma-pw")
    with namespace_scope(world.acme.pk):
        Directory.objects.filter(pk=world.directory.pk).update(urls=["ldaps://127.0.0.1:1"])

    time.sleep(2.5)

    assert selected(connection) == ROWS
