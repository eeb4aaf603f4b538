"""The session's PostgreSQL: one migrated template, a clone of it for each worker.

Tests connect as `lakewarden_app`, as the service does, with row-level security on.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from governance.project.embedded import postgres
from governance.project.embedded.postgres import DATABASE, PostgresServer

# Processes of this session that this process started: stopped by `stop`.
_started: list[subprocess.Popen[bytes]] = []


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One worker at a time."""
    with (folder / "workers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure_started(server: PostgresServer) -> None:
    """Start the session's server unless the first process did."""
    if (server.data / "postmaster.pid").exists():
        return
    _started.append(server.start())
    server.provision()


def stop() -> None:
    while _started:
        postgres.stop(_started.pop())


def ensure_template(server: PostgresServer) -> None:
    """Migrate the template database, as its owner, once a session."""
    done = server.home.root / "template.migrated"
    with _turn(server.home.root):
        if done.exists():
            return
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        done.touch()


def clone_template(server: PostgresServer, *, name: str) -> None:
    """A fresh database of that name, whatever was there before."""
    with _turn(server.home.root), server.connect() as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))
        server.create_database(name, connection=connection, template=DATABASE)


def connect_as(server: PostgresServer, role: str, *, database: str) -> psycopg.Connection:
    """A connection outside Django's, with the credentials of one of the three roles."""
    return psycopg.connect(server.url(role, database=database), autocommit=True)
