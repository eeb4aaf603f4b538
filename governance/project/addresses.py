"""Settings that are addresses: database, broker, mail server and our own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from governance.analytics.domain.hive_servers import HiveServers
from governance.project.embedded.folders import DataFolder
from governance.project.env import Environment, WrongSettingError, parsed_url

DATABASE_SCHEMES = frozenset({"postgres", "postgresql"})
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
EMAIL_SCHEMES = frozenset({"smtp", "smtp+tls", "smtps", "file", "console"})
HTTP_SCHEMES = frozenset({"http", "https"})
# Passed on to libpq; anything else in the query is a mistake.
DATABASE_OPTIONS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"})
DATABASE_CONNECTION_SECONDS = 60


def database(environment: Environment, home: DataFolder) -> dict[str, Any]:
    """Django's description of the database that serves."""
    given = environment.url("DATABASE_URL", schemes=DATABASE_SCHEMES)
    parts = given or _kept("DATABASE_URL", home.database_url_file, schemes=DATABASE_SCHEMES)
    if parts is None:
        # Nothing was started yet: settings load, and the first connection says what is missing.
        parts = urlsplit(f"postgres://lakewarden_app@/lakewarden?host={home.servers / 'run'}")
    return database_from_url("DATABASE_URL", parts)


def database_owner(environment: Environment, home: DataFolder) -> dict[str, Any]:
    """The same database as its owner, for migrations alone."""
    given = environment.url("DATABASE_OWNER_URL", schemes=DATABASE_SCHEMES)
    if given is None and environment.text("DATABASE_URL") is None:
        kept = home.database_owner_url_file
        given = _kept("DATABASE_OWNER_URL", kept, schemes=DATABASE_SCHEMES)
    if given is None:
        sentence = "must be set: the tables' owner migrates, and the service's role cannot."
        raise WrongSettingError("DATABASE_OWNER_URL", sentence)
    return database_from_url("DATABASE_OWNER_URL", given)


def database_from_url(name: str, parts: SplitResult) -> dict[str, Any]:
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or parts.hostname or ""
    unknown = sorted(query.keys() - DATABASE_OPTIONS)
    if unknown:
        raise WrongSettingError(name, f"has options that are not known: {', '.join(unknown)}.")
    database_name = unquote(parts.path.lstrip("/"))
    if not database_name or not parts.username:
        raise WrongSettingError(name, "must name a user and a database.")
    return {
        "ENGINE": "governance.project.database",
        "HOST": host,
        "PORT": str(parts.port or ""),
        "NAME": database_name,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "CONN_MAX_AGE": DATABASE_CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **query},
    }


def redis_url(environment: Environment, home: DataFolder) -> str:
    """An address that redis-py understands."""
    given = environment.text("REDIS_URL")
    if given is not None:
        parsed_url("REDIS_URL", given, schemes=REDIS_SCHEMES)
        return given
    if home.redis_url_file.exists():
        return home.redis_url_file.read_text(encoding="utf-8").strip()
    return f"unix://{home.servers / 'run' / 'valkey.sock'}"


def broker_url(redis_address: str) -> str:
    """The same address in Celery's spelling."""
    if redis_address.startswith("unix://"):
        return f"redis+socket://{redis_address.removeprefix('unix://')}"
    return redis_address


def public_url(environment: Environment, *, bind: str, port: int) -> str:
    """The origin people see, without a path or a slash at its end."""
    given = environment.text("PUBLIC_URL")
    if given is None:
        host = "localhost" if bind in ("127.0.0.1", "0.0.0.0", "::", "::1") else bind  # noqa: S104
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    parts = parsed_url("PUBLIC_URL", given, schemes=HTTP_SCHEMES)
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        sentence = "must be an origin such as https://lake.customer.example, without a path."
        raise WrongSettingError("PUBLIC_URL", sentence)
    return f"{parts.scheme}://{parts.netloc}"


def own_hosts(public: str, *, bind: str) -> list[str]:
    hosts = {urlsplit(public).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"}
    return sorted(hosts | ({bind} if bind not in ("0.0.0.0", "::") else set()))  # noqa: S104


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where email goes, in the words of Django's settings."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    start_tls: bool = False
    tls: bool = False


def email_url(environment: Environment) -> MailServer:
    """By default emails are files in `DATA_DIR/mail`, to be read by the person who tries us."""
    parts = environment.url("EMAIL_URL", schemes=EMAIL_SCHEMES)
    if parts is None or parts.scheme == "file":
        return MailServer("django.core.mail.backends.filebased.EmailBackend")
    if parts.scheme == "console":
        return MailServer("django.core.mail.backends.console.EmailBackend")
    if not parts.hostname:
        raise WrongSettingError("EMAIL_URL", "must name the mail server's host.")
    usual = {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme]
    return MailServer(
        backend="django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname,
        port=parts.port or usual,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        start_tls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtps",
    )


def _kept(name: str, file: Path, *, schemes: frozenset[str]) -> SplitResult | None:
    """An address that `make run` left beside its servers."""
    if not file.exists():
        return None
    return parsed_url(name, file.read_text(encoding="utf-8").strip(), schemes=schemes)


def hive_servers(words: list[str]) -> list[str]:
    """`HIVE_SERVERS`, each looked through once at the start."""
    try:
        HiveServers.parse(words)
    except ValueError as error:
        raise WrongSettingError("HIVE_SERVERS", str(error)) from error
    return words
