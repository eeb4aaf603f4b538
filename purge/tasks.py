"""Celery's entrance to erasure, through the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal, Unavailable
from governance.outbox import wiring as outbox_wiring
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import MAX_ATTEMPTS
from governance.outbox.registry import JobRun, LeaseLostError, job
from governance.outbox.services import messages
from purge import emails, job_names, wiring
from purge.models import ErasureRequest
from purge.ports import LayerInvalid
from purge.services import (
    certificate_copies,
    contacts,
    erasures,
    housekeeping,
    index_shares,
    indexing,
    locating,
    locks,
    object_events,
    suppression,
    transitions,
)


@job(job_names.INDEX, lane=Lane.LONG)
def index(run: JobRun, *, dataset_id: str) -> None:
    """Bring a dataset's index up to date. Twice is safe: what was indexed is skipped."""
    index_shares.share_out(
        dataset_id=UUID(dataset_id), work=run, lake=wiring.lake(), clock=timezone.now
    )


@job(job_names.INDEX_PART, lane=Lane.LONG)
def index_part(run: JobRun, *, dataset_id: str, numbers: str) -> None:
    """Index a batch of objects. Twice is safe: what was read is marked no more."""
    index_shares.read_part(
        dataset_id=UUID(dataset_id),
        numbers=[int(number) for number in str(numbers).split(",")],
        work=run,
        lake=wiring.lake(),
        clock=timezone.now,
    )


@job(job_names.FOLLOW, lane=Lane.LONG)
def follow(run: JobRun, *, storage_layer_id: str) -> None:
    """Look at the objects that there is news of. Twice is safe: the second finds none."""
    object_events.follow(
        layer_id=UUID(storage_layer_id), work=run, lake=wiring.lake(), clock=timezone.now
    )


@job(job_names.WATCH)
def watch(run: JobRun) -> None:
    """Write one job a namespace with folders. Twice is safe: each job has its key."""
    for namespace_id in index_shares.namespaces_to_watch():
        with namespace_scope(namespace_id):
            if index_shares.watched() and not index_shares.is_watching():
                messages.enqueue_job(name=job_names.WATCH_NAMESPACE, key=f"watch:{run.message_id}")


@job(job_names.WATCH_NAMESPACE, lane=Lane.LONG)
def watch_namespace(run: JobRun) -> None:
    """Index what changed in local folders. Twice is safe: what was indexed is skipped."""
    with run.scope():
        datasets = index_shares.watched()
    for dataset_id in datasets:
        with suppress(LayerInvalid):  # Whoever locates there is told.
            indexing.refresh(
                dataset_id=dataset_id, work=run, lake=wiring.lake(), clock=timezone.now
            )


@job(job_names.LOCATE, lane=Lane.LONG)
def locate(run: JobRun, *, erasure_request_id: str) -> None:
    """Make the report. Twice is safe: only the last step is kept, and a second run sees it."""
    request_id = UUID(erasure_request_id)
    with locks.exclusively(request_id), _given_up_at_last(run, request_id):
        locating.locate(request_id=request_id, work=run, lake=wiring.lake(), clock=timezone.now)


@job(job_names.ERASE, lane=Lane.LONG)
def erase(run: JobRun, *, erasure_request_id: str) -> None:
    """Carry out what was approved. Twice is safe: each object's step says how far it is."""
    request_id = UUID(erasure_request_id)
    with locks.exclusively(request_id), _given_up_at_last(run, request_id):
        erasures.erase(request_id=request_id, work=run, lake=wiring.lake(), clock=timezone.now)


@job(job_names.ASK_OFFICERS)
def ask_officers(run: JobRun, *, erasure_request_id: str) -> None:
    """One email for each officer and report. Twice is safe: the outbox keeps one of a key."""
    with run.scope():
        emails.awaiting_approval(request_id=UUID(erasure_request_id))


@job(job_names.TELL_OUTCOME)
def tell_outcome(run: JobRun, *, erasure_request_id: str) -> None:
    """Say how it ended, and keep its certificates. Twice is safe: one email of a key is kept."""
    with run.scope():
        emails.outcome(request_id=UUID(erasure_request_id))
        certificate_copies.keep(request_id=UUID(erasure_request_id))
        request = ErasureRequest.objects.get(pk=UUID(erasure_request_id))
        if contacts.has_news(request):
            messages.enqueue_job(
                name=job_names.TELL_CONTACT,
                key=f"{request.pk}:{request.state}",
                erasure_request_id=request.pk,
            )


@job(job_names.TELL_CONTACT)
def tell_contact(run: JobRun, *, erasure_request_id: str) -> None:
    """Tell the person it was about, then forget their address.

    Twice is nearly safe: killed between sending and forgetting, the person is told once more.
    """
    with run.scope():
        request = ErasureRequest.objects.get(pk=UUID(erasure_request_id))
        address = contacts.of(request) if contacts.has_news(request) else None
        email = None if address is None else emails.to_contact(request, address=address)
    if email is not None:
        outbox_wiring.mailer().send(email)
        with run.scope():
            contacts.forget(ErasureRequest.objects.select_for_update().get(pk=request.pk))


@job(job_names.CAME_BACK)
def came_back(run: JobRun, *, return_id: str) -> None:
    """Tell the officers, or ask for another erasure. Twice is safe: what was asked is decided."""
    with run.scope():
        if suppression.act_on(return_id=UUID(return_id), now=timezone.now()):
            emails.came_back(return_id=UUID(return_id))


@job(job_names.REMIND)
def remind(run: JobRun, *, erasure_request_id: str, days: int) -> None:
    """Remind of what is due. Twice is safe: the outbox keeps one email of a key."""
    with run.scope():
        emails.reminder(request_id=UUID(erasure_request_id), days=days)


@job(job_names.KEEP_HOUSE)
def keep_house(run: JobRun) -> None:
    """Write one job a namespace. Twice is safe: each job has its key."""
    for namespace_id in housekeeping.namespaces_with_work():
        with namespace_scope(namespace_id):
            messages.enqueue_job(
                name=job_names.KEEP_HOUSE_OF_NAMESPACE, key=f"keep_house:{run.message_id}"
            )


@job(job_names.KEEP_HOUSE_OF_NAMESPACE)
def keep_house_of_namespace(run: JobRun) -> None:
    """Remind and expire. Twice is safe: a reminder is noted on the row, an expiry is a state."""
    with run.scope():
        housekeeping.keep_house(now=timezone.now())


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
                transitions.give_up(request_id=request_id, now=timezone.now())
        raise
