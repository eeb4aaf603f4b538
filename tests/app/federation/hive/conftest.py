"""Two companies with directories, a gateway before their lake, and PyHive's connections to it.

Real OpenLDAP, real sockets, a DuckDB engine over files.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pyhive import hive

from federation import wiring
from federation.domain.directories import MappingKind
from federation.gateway.analytics_backend import AnalyticsBackend
from federation.gateway.server import Limits
from federation.models import Directory
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import analytics
from tests.factories.directories import a_directory_on, a_mapping
from tests.factories.tenancy import a_namespace
from tests.servers import hive as hive_servers, slapd as openldap, worker
from tests.servers.hive import Connect, HiveServer
from tests.servers.slapd import Slapd

BY_CARRIER = "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY carrier"
ROWS = [("AA", 2), ("DL", 2), ("UA", 1)]
SLOW = "SELECT sum(a.id * b.id) FROM range(100000000) a, range(100000000) b"


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


@pytest.fixture
def connect(server: HiveServer) -> Iterator[Connect]:
    with hive_servers.connecting(server) as connect:
        yield connect


def selected(connection: hive.Connection, sql: str = BY_CARRIER) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.execute(sql)
    found: list[tuple[object, ...]] = cursor.fetchall()
    return found
