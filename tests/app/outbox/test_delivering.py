"""What was promised happens once: rows in the caller's transaction, claimed with a lease."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.refusals import Conflict, Unavailable
from governance.outbox import registry, tasks
from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import MAX_ATTEMPTS
from governance.outbox.models import MessageState, OutboxMessage, PeriodicSlot
from governance.outbox.ports import Email
from governance.outbox.registry import JobRun, LeaseLostError
from governance.outbox.services import deliveries, leases, messages
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "tests.count"


class Outtray:
    """A Mailer that keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[Email] = []

    def send(self, email: Email) -> None:
        self.sent.append(email)


@pytest.fixture
def namespace() -> Namespace:
    return tenancy.a_namespace()


@pytest.fixture
def outtray() -> Outtray:
    return Outtray()


@pytest.fixture
def runs() -> Iterator[list[tuple[UUID, str]]]:
    """A registered job that notes each run; the job's function may be swapped by a test."""
    seen: list[tuple[UUID, str]] = []

    def count(run: JobRun, *, thing: str) -> None:
        with run.scope():
            seen.append((run.message_id, thing))

    registry._jobs[NAME] = count
    yield seen
    registry._jobs.pop(NAME)


def stored(message: OutboxMessage) -> OutboxMessage:
    with system_scope("test"):
        return OutboxMessage.objects.get(pk=message.pk)


def enqueued(namespace: Namespace, *, key: str | None = None) -> OutboxMessage:
    with namespace_scope(namespace.pk):
        return messages.enqueue_job(name=NAME, key=key, thing="one")


def due_now(message: OutboxMessage) -> None:
    with system_scope("test"):
        OutboxMessage.objects.filter(pk=message.pk).update(
            due_at=timezone.now() - timedelta(seconds=1)
        )


def lease_expired(message: OutboxMessage) -> None:
    with system_scope("test"):
        OutboxMessage.objects.filter(pk=message.pk).update(
            leased_until=timezone.now() - timedelta(seconds=1)
        )


def test_a_job_runs_once_in_its_namespace(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    message = enqueued(namespace)

    assert deliveries.deliver_next(mailer=outtray)
    assert not deliveries.deliver_next(mailer=outtray)

    assert runs == [(message.pk, "one")]
    assert stored(message).state == MessageState.DONE


def test_a_job_of_a_transaction_that_was_rolled_back_never_runs(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    def fail() -> None:
        with namespace_scope(namespace.pk):
            messages.enqueue_job(name=NAME, thing="one")
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert not deliveries.deliver_next(mailer=outtray)
    assert runs == []


def test_the_same_key_is_written_once(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    first, second = enqueued(namespace, key="k"), enqueued(namespace, key="k")

    while deliveries.deliver_next(mailer=outtray):
        pass

    assert first.pk == second.pk
    assert len(runs) == 1


def test_a_message_delivered_by_many_workers_at_once_has_one_effect(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    for _ in range(5):
        enqueued(namespace)
    start = threading.Barrier(4)

    def worker() -> None:
        start.wait()
        try:
            while deliveries.deliver_next(mailer=outtray):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(runs) == len(set(runs)) == 5


def test_a_failing_job_is_tried_again_and_then_given_up(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    def fail(run: JobRun, *, thing: str) -> None:
        runs.append((run.message_id, thing))
        raise Unavailable

    registry._jobs[NAME] = fail
    message = enqueued(namespace)

    for _ in range(MAX_ATTEMPTS):
        due_now(message)
        assert deliveries.deliver_next(mailer=outtray)

    assert len(runs) == MAX_ATTEMPTS
    assert stored(message).state == MessageState.DEAD
    assert "does not answer" in stored(message).last_error


def test_a_refused_job_is_final(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    def refuse(run: JobRun, *, thing: str) -> None:
        raise Conflict

    registry._jobs[NAME] = refuse
    message = enqueued(namespace)

    deliveries.deliver_next(mailer=outtray)

    assert stored(message).state == MessageState.DEAD
    assert runs == []


def test_a_dead_message_can_be_redelivered_by_hand(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    message = enqueued(namespace)
    with system_scope("test"):
        OutboxMessage.objects.update(state=MessageState.DEAD, attempts=MAX_ATTEMPTS)
    with namespace_scope(namespace.pk):
        messages.redeliver(message_id=message.pk, actor=actors.system(), now=timezone.now())

    deliveries.deliver_next(mailer=outtray)

    assert len(runs) == 1
    with pytest.raises(messages.MessageNotDead), namespace_scope(namespace.pk):
        messages.redeliver(message_id=message.pk, actor=actors.system(), now=timezone.now())


def test_a_message_whose_worker_was_killed_is_taken_over_after_its_lease(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    message = enqueued(namespace)
    assert leases.claim() is not None
    assert not deliveries.deliver_next(mailer=outtray)

    lease_expired(message)

    assert deliveries.deliver_next(mailer=outtray)
    assert len(runs) == 1
    assert stored(message).attempts == 2


def test_a_message_that_kills_every_worker_is_given_up(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    message = enqueued(namespace)
    for _ in range(MAX_ATTEMPTS):
        assert leases.claim() is not None
        lease_expired(message)

    deliveries.deliver_next(mailer=outtray)

    assert runs == []
    assert stored(message).state == MessageState.DEAD


def test_the_holder_of_an_old_lease_can_write_nothing_more(namespace: Namespace) -> None:
    message = enqueued(namespace)
    old = leases.claim()
    assert old is not None
    lease_expired(message)
    new = leases.claim()
    assert new is not None

    with pytest.raises(LeaseLostError):
        old.progress(done=1)
    with pytest.raises(LeaseLostError):
        leases.finish(old, state=MessageState.DONE)
    assert not old.prolong()
    assert new.prolong()


def test_progress_is_seen(namespace: Namespace, outtray: Outtray) -> None:
    seen = []

    def count(run: JobRun, *, thing: str) -> None:
        run.progress(done=3, total=10)
        with run.scope():
            row = OutboxMessage.objects.get(pk=run.message_id)
            seen.append((row.progress_done, row.progress_total))

    registry._jobs[NAME] = count
    enqueued(namespace)

    deliveries.deliver_next(mailer=outtray)

    registry._jobs.pop(NAME)
    assert seen == [(3, 10)]


def test_a_periodic_slot_is_rung_once_however_many_beats_tick(namespace: Namespace) -> None:
    for _ in range(3):
        tasks.tick(name=NAME, seconds=3600 * 24 * 365)

    with system_scope("test"):
        assert OutboxMessage.objects.filter(name=NAME).count() == 1
        assert PeriodicSlot.objects.filter(name=NAME).count() == 1


def test_long_jobs_do_not_make_short_messages_wait(
    namespace: Namespace, runs: list[tuple[UUID, str]], outtray: Outtray
) -> None:
    long_job = "tests.long"

    @registry.job(long_job, lane=Lane.LONG)
    def dig(run: JobRun, *, thing: str) -> None:
        runs.append((run.message_id, "dug"))

    with namespace_scope(namespace.pk):
        messages.enqueue_job(name=long_job, thing="x")
    short = enqueued(namespace)

    assert deliveries.deliver_next(mailer=outtray, lane=Lane.SHORT)
    assert not deliveries.deliver_next(mailer=outtray, lane=Lane.SHORT)
    assert runs == [(short.pk, "one")]

    assert deliveries.deliver_next(mailer=outtray, lane=Lane.LONG)
    assert not deliveries.deliver_next(mailer=outtray, lane=Lane.LONG)
    assert runs[1:] != []
    registry._jobs.pop(long_job)
    registry._long_jobs.discard(long_job)
