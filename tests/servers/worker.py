"""A worker of the outbox in a thread: delivers what is due, as Celery's would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from governance.outbox import wiring
from governance.outbox.services import deliveries
from governance.project.celery import app


@contextmanager
def running() -> Iterator[None]:
    app.loader.import_default_modules()  # each app's tasks.py registers its jobs
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                if not deliveries.deliver_next(mailer=wiring.mailer()):
                    stop.wait(0.01)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
