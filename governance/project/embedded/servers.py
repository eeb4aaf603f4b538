"""Both embedded servers of a data folder: placed, started, provisioned, and found again by URL."""

from collections.abc import Mapping
from dataclasses import dataclass

from governance.project.embedded import accounts, sockets
from governance.project.embedded.folders import DataFolder, write_private
from governance.project.embedded.postgres import APP_ROLE, OWNER_ROLE, PostgresServer
from governance.project.embedded.valkey import ValkeyServer


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


def write_urls(home: DataFolder, servers: EmbeddedServers) -> None:
    """Let the service and every command of the installation find the running servers."""
    write_private(home.database_url_file, servers.postgres.url(APP_ROLE))
    write_private(home.database_owner_url_file, servers.postgres.url(OWNER_ROLE))
    write_private(home.redis_url_file, servers.valkey.url)
