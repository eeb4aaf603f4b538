"""One worker at a time on one erasure, however many jobs name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from governance.kernel.refusals import Unavailable

BIGINT_MASK = (1 << 63) - 1


class ErasureBusy(Unavailable):
    code = "erasure_busy"
    sentence = "Another worker is at this erasure."


@contextmanager
def exclusively(request_id: UUID) -> Iterator[None]:
    """Hold the erasure for as long as the block runs, or raise ErasureBusy (the job comes back).

    A lock of the database session: a worker that is killed loses it with its connection.
    """
    number = request_id.int & BIGINT_MASK
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise ErasureBusy
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
