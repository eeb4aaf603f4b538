"""Is it alive, is it ready, and the figures: what a load balancer and Prometheus ask."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max, Min, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, generate_latest

from governance.isolation.scopes import system_scope
from governance.outbox.models import MessageState, OutboxMessage, PeriodicSlot
from usage_limits.services.limit_metrics import LimitCollector

log = structlog.get_logger(__name__)
REGISTRY.register(LimitCollector())

# A message that is due for longer than this has no worker.
OUTBOX_PATIENCE = timedelta(seconds=60)
GAUGES = {
    "lakewarden_outbox_oldest_seconds": "How long the longest-waiting message has been due.",
    "lakewarden_last_period_seconds": "How long ago a period of a periodic job was last begun.",
}
LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORWARDING_HEADERS = frozenset({"X-Forwarded-For", "Forwarded", "X-Real-Ip"})


class NotReadyError(RuntimeError):
    """A dependency answers, but not as it must. The message says what is wrong."""


def alive(_request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a database that is away is no cause to restart."""
    return JsonResponse({"status": "alive"})


def ready(_request: HttpRequest) -> HttpResponse:
    """Each dependency by name; 503 when one of them fails."""
    answers = {name: _answer(name, check) for name, check in CHECKS.items()}
    failed = any(answer != "ok" for answer in answers.values())
    body = {"status": "failed" if failed else "ready", "checks": answers}
    return JsonResponse(body, status=503 if failed else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for the machine itself or for who knows the token. Others find nothing."""
    if not _may_read_metrics(request):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    response.write(_gauges(now=timezone.now()))
    return response


def _gauges(*, now: datetime) -> bytes:
    """What stands in the database and in no process's counters: how long things have waited."""
    with system_scope("metrics"):
        moments = {
            "lakewarden_outbox_oldest_seconds": oldest_due_at(now=now),
            "lakewarden_last_period_seconds": last_period_at(),
        }
    registry = CollectorRegistry()
    for name, moment in moments.items():
        age = 0.0 if moment is None else max(0.0, (now - moment).total_seconds())
        Gauge(name, GAUGES[name], registry=registry).set(age)
    return generate_latest(registry)


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_broker() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
    ) as client:
        client.ping()


def check_outbox() -> None:
    with system_scope("readiness"):
        oldest = oldest_due_at(now=timezone.now())
    if oldest is not None and timezone.now() - oldest > OUTBOX_PATIENCE:
        message = "messages wait for a worker"
        raise NotReadyError(message)


def oldest_due_at(*, now: datetime) -> datetime | None:
    """Since when the longest-waiting message is due. Needs a system scope."""
    waiting = Q(state=MessageState.PENDING, due_at__lte=now)
    abandoned = Q(state=MessageState.LEASED, leased_until__lt=now)
    found: datetime | None = OutboxMessage.objects.filter(waiting | abandoned).aggregate(
        oldest=Min("due_at")
    )["oldest"]
    return found


def last_period_at() -> datetime | None:
    """When any beat last began a period. Needs a system scope."""
    found: datetime | None = PeriodicSlot.objects.aggregate(last=Max("rung_at"))["last"]
    return found


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "outbox": check_outbox,
}


def _answer(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except NotReadyError as error:
        return str(error)
    except (DatabaseError, redis.RedisError, OSError) as error:
        # Addresses and accounts stand in such messages: they are for the log alone.
        log.warning("not_ready", check=name, error=str(error))
        return "unreachable"
    return "ok"


def _may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    is_forwarded = any(header in request.headers for header in FORWARDING_HEADERS)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_forwarded
