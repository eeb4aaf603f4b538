"""The Celery application. The broker is a doorbell: truth and attempts are rows of the outbox."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.conf import settings
from django.db import connection

from governance.isolation.guard import IsolationBroken, require_isolation
from governance.outbox.domain.lanes import Lane
from governance.project import schedules
from governance.project.addresses import broker_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")

SOCKET_SECONDS = 3

app = Celery("lakewarden")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    result_backend=None,
    task_ignore_result=True,
    accept_content=["json"],
    task_serializer="json",
    task_default_queue=Lane.SHORT.value,
    event_serializer="json",
    timezone="UTC",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "global_keyprefix": "lakewarden:",
        # A message of a killed worker rings again after seconds, not after an hour.
        "visibility_timeout": 60,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        # A stopped broker costs the sender seconds; the sweeper rings later.
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
    },
    broker_connection_timeout=SOCKET_SECONDS,
    task_publish_retry=False,
    task_acks_late=True,
    # The outbox counts attempts before the work; a redelivered bell would run without a count.
    task_reject_on_worker_lost=False,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)
app.conf.beat_schedule = schedules.beat_schedule()
# Slots live in the database; beat itself remembers nothing, so several may run.
app.conf.beat_scheduler = "celery.beat:Scheduler"
app.conf.beat_max_loop_interval = 1
app.autodiscover_tasks()


@worker_init.connect  # type: ignore[untyped-decorator]
def refuse_a_weak_database(**_options: object) -> None:
    """A worker serves only where row-level security binds its database role."""
    try:
        require_isolation()
    except IsolationBroken as refusal:
        raise SystemExit(str(refusal)) from refusal
    connection.close()


@setup_logging.connect  # type: ignore[untyped-decorator]
def keep_our_logging(**_options: object) -> None:
    """Settings have configured logging; a receiver keeps Celery from doing it again."""
