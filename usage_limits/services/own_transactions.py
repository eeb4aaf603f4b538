"""Writing what must survive a refusal: on a connection of its own, before the refusal is raised.

A refused query's transaction is rolled back by whoever asked, and with it would go the log row
and the alert that say so. What is written here takes no lock that the rolled-back transaction
holds (no gate), so the two never wait for each other.
"""

import threading
from collections.abc import Callable
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, connection, connections

from governance.isolation.scopes import namespace_scope

log = structlog.get_logger(__name__)


def commit(work: Callable[[], object], *, namespace_id: UUID) -> None:
    """Do `work` in a namespace's scope and commit it, whatever becomes of the caller's own.

    Where the database refuses, that is logged and nothing is raised: the refusal that this is
    about must reach the person all the same.
    """

    def run() -> None:
        try:
            with namespace_scope(namespace_id):
                with connection.cursor() as cursor:
                    # Whoever called waits for us: never wait long for anybody else.
                    cursor.execute("SET LOCAL lock_timeout = '2s'")
                work()
        except IntegrityError:
            log.info("refusal_recorded_by_another", namespace_id=str(namespace_id))
        except DatabaseError:
            log.exception("refusal_not_recorded", namespace_id=str(namespace_id))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name="usage-refusal")
    thread.start()
    thread.join()
