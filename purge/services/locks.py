"""Who waits for whom: one worker at a time on one erasure, and no hold between look and deed.

The locks are the database's: whoever is killed loses them with the connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from governance.kernel.refusals import Unavailable

BIGINT_MASK = (1 << 63) - 1
HOLDS = 0x484F4C44
"""The first of two numbers: such locks are apart from those of one number."""
LONGEST_WAIT = "30s"


class ErasureBusy(Unavailable):
    code = "erasure_busy"
    sentence = "Another worker is at this erasure."


class HoldMustWait(Unavailable):
    code = "legal_hold_must_wait"
    sentence = (
        "Records are being deleted at this moment. The hold is not placed yet: place it again."
    )


class DatasetMustWait(Unavailable):
    code = "dataset_must_wait"
    sentence = (
        "Records are being deleted at this moment, and this dataset finds people on legal hold. "
        "Nothing is saved yet: save it again."
    )


@contextmanager
def exclusively(request_id: UUID) -> Iterator[None]:
    """Hold the erasure for as long as the block runs, or raise ErasureBusy (the job comes back)."""
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


@contextmanager
def no_hold_arrives(namespace_id: UUID) -> Iterator[None]:
    """What holds say when the block begins stays so until it ends: who places one waits.

    Without a transaction, for a store may take its time. Many may do so at once.
    """
    lock: list[int | str] = [HOLDS, str(namespace_id)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, hashtext(%s))", lock)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s, hashtext(%s))", lock)


def no_hold_until_commit(namespace_id: UUID) -> None:
    """The same for as long as this transaction is open: for what holds are looked at, and saved."""
    with connection.cursor() as cursor:
        lock: list[int | str] = [HOLDS, str(namespace_id)]
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", lock)


def let_deletions_end(namespace_id: UUID, *, refusal: type[Unavailable] = HoldMustWait) -> None:
    """Wait for the blocks that are open; others wait for this transaction's end.

    Raises the refusal where one takes too long.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LONGEST_WAIT])
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [HOLDS, str(namespace_id)]
            )
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise refusal from error
        raise
