"""Celery's entrance to erasure, through the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.utils import timezone

from governance.kernel.refusals import Refusal, Unavailable
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import MAX_ATTEMPTS
from governance.outbox.registry import JobRun, LeaseLostError, job
from purge import emails, job_names, wiring
from purge.services import erasures, exclusion, indexing, locating, setbacks


@job(job_names.INDEX, lane=Lane.LONG)
def index(run: JobRun, *, dataset_id: str) -> None:
    """Bring a dataset's index up to date. Twice is safe: what was indexed is skipped."""
    indexing.refresh(dataset_id=UUID(dataset_id), work=run, lake=wiring.lake(), clock=timezone.now)


@job(job_names.LOCATE, lane=Lane.LONG)
def locate(run: JobRun, *, erasure_request_id: str) -> None:
    """Make the report. Twice is safe: only the last step is kept, and a second run sees it."""
    request_id = UUID(erasure_request_id)
    with exclusion.exclusively(request_id), _given_up_at_last(run, request_id):
        locating.locate(request_id=request_id, work=run, lake=wiring.lake(), clock=timezone.now)


@job(job_names.ERASE, lane=Lane.LONG)
def erase(run: JobRun, *, erasure_request_id: str) -> None:
    """Carry out what was approved. Twice is safe: each object's step says how far it is."""
    request_id = UUID(erasure_request_id)
    with exclusion.exclusively(request_id), _given_up_at_last(run, request_id):
        erasures.erase(request_id=request_id, work=run, lake=wiring.lake(), clock=timezone.now)


@job(job_names.ASK_OFFICERS)
def ask_officers(run: JobRun, *, erasure_request_id: str) -> None:
    """One email for each officer and report. Twice is safe: the outbox keeps one of a key."""
    with run.scope():
        emails.awaiting_approval(request_id=UUID(erasure_request_id))


@job(job_names.TELL_OUTCOME)
def tell_outcome(run: JobRun, *, erasure_request_id: str) -> None:
    """Say how it ended. Twice is safe: the outbox keeps one email of a key."""
    with run.scope():
        emails.outcome(request_id=UUID(erasure_request_id))


@contextmanager
def _given_up_at_last(run: JobRun, request_id: UUID) -> Iterator[None]:
    """What no attempt will follow leaves the erasure failed, so that people see it and retry."""
    try:
        yield
    except LeaseLostError:
        raise
    except Exception as error:
        is_final = isinstance(error, Refusal) and not isinstance(error, Unavailable)
        if is_final or run.attempt >= MAX_ATTEMPTS:
            with run.scope():
                setbacks.give_up(request_id=request_id, now=timezone.now())
        raise
