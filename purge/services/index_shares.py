"""Indexing shared among workers: one lists what changed, each takes a batch of it.

What is to be read is marked in the index itself (an empty version), so that a batch that is done
twice reads nothing twice, and one that is lost is read by whoever locates next.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from governance.isolation.scopes import system_scope
from governance.outbox.models import MessageState, OutboxMessage
from governance.outbox.services import messages
from purge import job_names
from purge.models import Dataset, LakeObject, PurgeKeys
from purge.ports import Format, Lake, LayerKind, ObjectUnreachable, StoredObject, Work
from purge.services import indexing
from purge.services.indexing import Clock

A_BATCH = 64
UNDER_WAY = (MessageState.PENDING, MessageState.LEASED)


def share_out(*, dataset_id: UUID, work: Work, lake: Lake, clock: Clock) -> int:
    """Bring a dataset's index up to date: at once, or in batches where much changed. How many."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        dataset = indexing.opened(row, lake=lake)
        known = dict(
            LakeObject.objects.filter(dataset=row, current=True).values_list("key", "version")
        )
    changed = (
        one
        for one in dataset.layer.objects(prefix=dataset.prefix)
        if isinstance(one, StoredObject) and one.current and known.get(one.key) != one.version
    )
    first = list(islice(changed, A_BATCH + 1))
    if len(first) <= A_BATCH:
        indexing.refresh(dataset_id=dataset_id, work=work, lake=lake, clock=clock)
        return 0
    batches = 0
    for batch in _batches(first, changed):
        batches += 1
        with work.scope():
            numbers = [_marked(dataset_id, one, clock=clock) for one in batch]
            messages.enqueue_job(
                name=job_names.INDEX_PART,
                dataset_id=dataset_id,
                numbers=",".join(str(number) for number in numbers),
            )
        work.progress(done=batches * A_BATCH)
    return batches


def _batches(
    first: Sequence[StoredObject], rest: Iterator[StoredObject]
) -> Iterator[Sequence[StoredObject]]:
    batch = list(first)
    while batch:
        yield batch[:A_BATCH]
        batch = [*batch[A_BATCH:], *islice(rest, A_BATCH)]


def _marked(dataset_id: UUID, listed: StoredObject, *, clock: Clock) -> int:
    row, _ = LakeObject.objects.update_or_create(
        dataset_id=dataset_id,
        key=listed.key,
        current=True,
        defaults={"version": "", "size": listed.size, "indexed_at": clock()},
    )
    number: int = LakeObject.objects.values_list("number", flat=True).get(pk=row.pk)
    return number


def read_part(
    *, dataset_id: UUID, numbers: Sequence[int], work: Work, lake: Lake, clock: Clock
) -> None:
    """Read those of the batch that nobody has read yet."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").filter(pk=dataset_id).first()
        if row is None:
            return
        dataset = indexing.opened(row, lake=lake)
        keys = list(
            LakeObject.objects.filter(dataset=row, number__in=numbers, version="").values_list(
                "key", flat=True
            )
        )
    for position, key in enumerate(keys, 1):
        listed = StoredObject(key, "", 0)
        try:
            found = indexing.refresh_object(
                dataset=dataset, listed=listed, work=work, lake=lake, clock=clock
            )
        except ObjectUnreachable:
            # Still marked: whoever locates reads it again, and reports it.
            continue
        if found is None:
            with work.scope():
                _drop(LakeObject.objects.filter(dataset=row, key=key, version=""), lake=lake)
        work.progress(done=position, total=len(keys))
    with work.scope():
        if not LakeObject.objects.filter(dataset=row, version="").exists():
            Dataset.objects.filter(pk=dataset_id).update(indexed_at=clock())


def _drop(gone: QuerySet[LakeObject], *, lake: Lake) -> None:
    """What was known of it before it was marked goes with it."""
    for one in gone.select_for_update():
        lake.index.remove(object_number=one.number)
        one.delete()


def namespaces_to_watch() -> list[UUID]:
    """Those that ever had an index. Opens a system scope."""
    with system_scope("folders to watch"):
        return list(PurgeKeys.objects.values_list("namespace_id", flat=True))


def watched() -> list[UUID]:
    """Local folders that were indexed once and that nobody is indexing now. Needs the scope."""
    datasets = (
        Dataset.objects.filter(storage_layer__kind=LayerKind.FILESYSTEM, indexed_at__isnull=False)
        .exclude(format=Format.TABLE)
        .values_list("pk", flat=True)
    )
    busy = set(
        OutboxMessage.objects.filter(
            name__in=[job_names.INDEX, job_names.INDEX_PART], state__in=UNDER_WAY
        ).values_list("payload__dataset_id", flat=True)
    )
    return [one for one in datasets if str(one) not in busy]


def is_watching() -> bool:
    """Whether an earlier look at this namespace's folders has not ended. Needs the scope."""
    return OutboxMessage.objects.filter(
        name=job_names.WATCH_NAMESPACE, state__in=UNDER_WAY
    ).exists()
