"""The examinations of `manage.py doctor`: each answers with a finding, or fails with a why."""

import os
import platform
import shutil
import smtplib
import socket
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from governance.isolation.guard import require_isolation
from governance.isolation.scopes import system_scope
from governance.kernel.refusals import Refusal
from governance.project import health, schedules
from governance.project.celery import app as celery_app
from governance.secrets import sealing

LEAST_FREE_BYTES = 1_000_000_000
ANSWER_SECONDS = 3


class UnhealthyError(RuntimeError):
    """An examination found something wrong. The message says what."""


EXPECTED = (
    UnhealthyError,
    health.NotReadyError,
    Refusal,
    DatabaseError,
    redis.RedisError,
    BrokerError,
    OSError,
    HTTPException,
    smtplib.SMTPException,
)


def examine(name: str) -> tuple[bool, str]:
    """Whether the named part is well, and what was found."""
    try:
        return True, EXAMINATIONS[name]()
    except EXPECTED as error:
        return False, str(error).strip().replace("\n", " ") or type(error).__name__


def python() -> str:
    return platform.python_version()


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_user")
        version, role = cursor.fetchone()
    return f"PostgreSQL {version} as {role}"


def isolation() -> str:
    require_isolation()
    return "row-level security binds our role"


def migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        message = f"{len(missing)} migrations are not applied: run `manage.py migrate`"
        raise UnhealthyError(message)
    return "all applied"


def broker() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=ANSWER_SECONDS) as client:
        server = client.info("server")
        persistence = client.info("persistence")
    version = server.get("valkey_version") or server.get("redis_version")
    kept = "append-only file on" if persistence.get("aof_enabled") else "append-only file off"
    return f"{version}, {kept}"


def worker() -> str:
    answers = celery_app.control.ping(timeout=ANSWER_SECONDS)
    if not answers:
        message = "no Celery worker answers"
        raise UnhealthyError(message)
    return f"{len(answers)} answering"


def beat() -> str:
    """Without a beat no period begins. A new installation has its first within a minute."""
    with system_scope("doctor"):
        last = health.last_period_at()
    if last is None:
        return "no period yet"
    shortest = min(periodic.seconds for periodic in schedules.PERIODIC)
    if _age(last) > 2 * shortest:
        message = f"the last period began {_age(last)} s ago: is a beat running?"
        raise UnhealthyError(message)
    return f"the last period began {_age(last)} s ago"


def outbox() -> str:
    health.check_outbox()
    with system_scope("doctor"):
        oldest = health.oldest_due_at(now=timezone.now())
    return "nothing waits" if oldest is None else f"the oldest waits {_age(oldest)} s"


def keys() -> str:
    ring = sealing.key_ring()
    return f"field key {ring.current[0]} seals, {len(ring.keys)} open"


def web() -> str:
    """As people reach it: by PUBLIC_URL, or where we listen if that is the same machine."""
    parts = urlsplit(settings.PUBLIC_URL)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    client = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        client.request("GET", "/healthz")
        status = client.getresponse().status
    except OSError as error:
        message = _nobody(settings.PUBLIC_URL, setting="PORT", error=error)
        raise UnhealthyError(message) from error
    finally:
        client.close()
    if status != 200:  # noqa: PLR2004 - HTTP's word for well
        message = f"{settings.PUBLIC_URL}/healthz answers {status}"
        raise UnhealthyError(message)
    return settings.PUBLIC_URL


def hive_gateway() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.BIND, settings.BIND)  # noqa: S104
    where = f"{host}:{settings.HIVE_PORT}"
    try:
        with socket.create_connection((host, settings.HIVE_PORT), timeout=ANSWER_SECONDS):
            return where
    except OSError as error:
        message = _nobody(where, setting="HIVE_PORT", error=error)
        raise UnhealthyError(message) from error


def _nobody(where: str, *, setting: str, error: OSError) -> str:
    why = error.strerror or type(error).__name__
    return f"nobody answers at {where} ({why}); if it runs with another {setting}, give it here too"


def mail() -> str:
    if not settings.EMAIL_HOST or not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return f"written to {settings.EMAIL_FILE_PATH}"
    with get_connection():
        return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} accepts us"


def lake() -> str:
    for root in settings.LAKE_ROOTS:
        if not Path(root).is_dir():
            message = f"{root} is no folder (LAKE_ROOTS)"
            raise UnhealthyError(message)
        if not os.access(root, os.R_OK | os.W_OK):
            message = f"{root} cannot be written (LAKE_ROOTS)"
            raise UnhealthyError(message)
    return ", ".join(map(str, settings.LAKE_ROOTS))


def disk() -> str:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < LEAST_FREE_BYTES:
        message = f"only {free // 1_000_000} MB are free in {settings.DATA_DIR}"
        raise UnhealthyError(message)
    return f"{free // 1_000_000_000} GB free in {settings.DATA_DIR}"


def _age(moment: datetime) -> int:
    return int((timezone.now() - moment).total_seconds())


EXAMINATIONS: dict[str, Callable[[], str]] = {
    "python": python,
    "database": database,
    "isolation": isolation,
    "migrations": migrations,
    "broker": broker,
    "worker": worker,
    "beat": beat,
    "outbox": outbox,
    "keys": keys,
    "web": web,
    "hive gateway": hive_gateway,
    "mail": mail,
    "lake": lake,
    "disk": disk,
}
