"""The broker as a doorbell: a ring says that something is due, and may get lost harmlessly."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from governance.outbox.domain.lanes import Lane
from governance.outbox.job_names import DELIVER

log = structlog.get_logger(__name__)


def ring(*lanes: Lane) -> None:
    """Wake a worker of these lanes (of each, if none is named).

    A broker that is away is logged: the sweeper rings again in seconds.
    """
    try:
        for lane in lanes or Lane:
            current_app.send_task(
                DELIVER, kwargs={"lane": lane.value}, queue=lane.value, retry=False
            )
    except (OperationalError, OSError) as error:
        log.warning("doorbell_unheard", error=str(error))
