"""The broker as a doorbell: a ring says that something is due, and may get lost harmlessly."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from governance.outbox.job_names import DELIVER

log = structlog.get_logger(__name__)


def ring() -> None:
    """Wake a worker. A broker that is away is logged: the sweeper rings again in seconds."""
    try:
        current_app.send_task(DELIVER, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("doorbell_unheard", error=str(error))
