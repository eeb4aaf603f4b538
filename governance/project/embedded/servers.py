"""Both embedded servers of a data folder: placed, started, provisioned, and found again by URL."""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from governance.project.embedded import accounts, sockets
from governance.project.embedded.folders import DataFolder, write_private
from governance.project.embedded.postgres import APP_ROLE, OWNER_ROLE, PostgresServer
from governance.project.embedded.valkey import ValkeyServer

LEFTOVER_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """The two servers of one data folder; each is started on its own."""

    postgres: PostgresServer
    valkey: ValkeyServer


def place(
    home: DataFolder, *, postgres_options: Mapping[str, str] | None = None
) -> EmbeddedServers:
    """Make the folders and say where the servers are; starts nothing."""
    account = accounts.choose()
    home.prepare()
    where = accounts.place_servers(home, account)
    run = sockets.run_folder(where, account)
    return EmbeddedServers(
        postgres=PostgresServer(
            home=home,
            data=where / "postgres",
            run=run,
            account=account,
            options=postgres_options or {},
        ),
        valkey=ValkeyServer(home=home, data=where / "valkey", run=run, account=account),
    )


def write_database_urls(home: DataFolder, servers: EmbeddedServers) -> None:
    """Let the service and every command of the installation find the running database."""
    write_private(home.database_url_file, servers.postgres.url(APP_ROLE))
    write_private(home.database_owner_url_file, servers.postgres.url(OWNER_ROLE))


def write_redis_url(home: DataFolder, servers: EmbeddedServers) -> None:
    """The same for Valkey."""
    write_private(home.redis_url_file, servers.valkey.url)


def end_leftover(data: Path) -> None:
    """End a server of this data folder that outlived its launcher, and wait until it is gone.

    Call it while holding the data folder's lock: no launcher of ours has children there then.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + LEFTOVER_SECONDS
    asked = False
    while time.monotonic() < deadline:
        pid = _postmaster(pid_file, data)
        if pid is None:
            return
        if not asked:
            os.kill(pid, signal.SIGINT)
            asked = True
        time.sleep(0.05)


def _postmaster(pid_file: Path, data: Path) -> int | None:
    """The process that the file names, if it is a server of this data folder."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return pid if os.fsencode(data) in command else None
