"""A vacuum of a dataset, offline: the index brought up to date and re-based, leftovers cleared."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import F, IntegerField
from django.db.models.expressions import Func

from purge.domain.erasure import State, is_final
from purge.domain.reports import Unreachable
from purge.models import Dataset, ErasureStep, LakeObject, ObjectNews
from purge.ports import Format, Lake, ObjectUnreachable, Work
from purge.services import indexing
from purge.services.indexing import Clock, OpenDataset

MANY_CUTS = 100
NEWS_STAYS = timedelta(days=7)
FINAL = [state.value for state in State if is_final(state)]


class ArrayLength(Func):
    """How many elements a JSON array has."""

    function = "jsonb_array_length"
    output_field = IntegerField()


@dataclass(slots=True)
class Vacuumed:
    """What a vacuum did. `unreachable` holds everybody's unfinished uploads too."""

    gone: int = 0
    read: int = 0
    rebased: int = 0
    discarded: int = 0
    aborted: int = 0
    unreachable: list[Unreachable] = field(default_factory=list)


def run(
    *, dataset_id: UUID, abort_older_than: timedelta | None, work: Work, lake: Lake, clock: Clock
) -> Vacuumed:
    """May be stopped anywhere and run again. Raises LayerInvalid."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        ObjectNews.objects.filter(
            storage_layer=row.storage_layer, is_pending=False, updated_at__lt=clock() - NEWS_STAYS
        ).delete()
        if row.format == Format.TABLE:
            return Vacuumed()
        dataset = indexing.opened(row, lake=lake)
    done = Vacuumed()
    done.discarded = _discard_attempts(dataset, work=work)
    if abort_older_than is not None:
        done.aborted = dataset.layer.abort_unfinished(
            prefix=dataset.prefix, older_than=abort_older_than
        )
    refreshed = indexing.refresh(dataset_id=dataset_id, work=work, lake=lake, clock=clock)
    done.gone, done.read, done.unreachable = (
        refreshed.removed,
        refreshed.read,
        refreshed.unreachable,
    )
    done.rebased = _rebase(dataset, work=work, lake=lake, clock=clock)
    done.read += done.rebased
    return done


def _discard_attempts(dataset: OpenDataset, *, work: Work) -> int:
    """What an erasure that has ended left beside objects."""
    with work.scope():
        left = list(
            ErasureStep.objects.filter(
                erasure_request__state__in=FINAL,
                lake_object__dataset_id=dataset.id,
                staged__has_key="attempt",
            ).select_related("lake_object")
        )
    for step in left:
        if step.lake_object is not None:
            dataset.layer.discard(key=step.lake_object.key, attempt=step.staged["attempt"])
        with work.scope():
            ErasureStep.objects.filter(pk=step.pk).update(staged={})
    return len(left)


def _rebase(dataset: OpenDataset, *, work: Work, lake: Lake, clock: Clock) -> int:
    """Read objects again that were cut often: their index starts over with no cuts."""
    with work.scope():
        rows = list(
            LakeObject.objects.filter(dataset_id=dataset.id, current=True)
            .annotate(cut_often=ArrayLength(F("cuts")))
            .filter(cut_often__gte=MANY_CUTS)
        )
    rebased = 0
    for row in rows:
        try:
            if indexing.read_object(dataset=dataset, listed=row, work=work, lake=lake, clock=clock):
                rebased += 1
        except ObjectUnreachable:
            continue  # Its old index holds: positions are computed through the cuts.
        work.progress(done=rebased, total=len(rows))
    return rebased
