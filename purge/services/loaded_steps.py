"""Steps of an erasure, loaded: all that cutting one object needs, read in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.domain.plans import Plan
from purge.models import Dataset, ErasureRequest, ErasureStep, LakeObject
from purge.ports import Format, Lake, Work
from purge.services import hold_coverage, holds, indexing, places, subjects, tables
from purge.services.hold_coverage import Held, People
from purge.services.indexing import Clock, OpenDataset
from purge.services.places import Place
from purge.services.tables import TableStep

REMEMBERED = timedelta(seconds=10)
NOBODY = Held(people=People(frozenset()))
"""One question tells that nothing is on hold at all, as for nearly every object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedStep:
    """A step with all it needs, read in one transaction."""

    id: UUID
    dataset: OpenDataset
    row: LakeObject
    wanted: frozenset[Wanted]
    there: Sequence[Place]
    hand: dict[str, Any]


class DatasetCache:
    """What was opened a moment ago, for whichever step comes next. Who is on hold is asked anew."""

    def __init__(self, *, lake: Lake, clock: Clock) -> None:
        self._lake = lake
        self._clock = clock
        self._opened: dict[UUID, tuple[object, datetime, OpenDataset]] = {}

    def opened(self, row: Dataset) -> OpenDataset:
        """Needs the scope. Raises LayerInvalid, and ObjectUnreachable if it is on hold."""
        now, stamp = self._clock(), (row.updated_at, row.storage_layer.updated_at)
        known, opened_at, dataset = self._opened.get(row.pk, (None, now, None))
        if dataset is None or known != stamp or not timedelta() <= now - opened_at < REMEMBERED:
            dataset = indexing.opened(row, lake=self._lake)
            self._opened[row.pk] = stamp, now, dataset
        is_any = holds.in_force().exists()
        return replace(dataset, held=_held(row, lake=self._lake) if is_any else NOBODY)


def load(
    step_id: UUID, datasets: DatasetCache, *, work: Work, lake: Lake
) -> LoadedStep | TableStep | dict[str, Any] | None:
    """What to work on; where the object is gone from the index, what a worker had in hand.

    None: nothing, for it is to stop.
    """
    with work.scope():
        step = ErasureStep.objects.select_related(
            "erasure_request", "lake_object__dataset__storage_layer"
        ).get(pk=step_id)
        row, hand = step.lake_object, step.staged
        if step.erasure_request.stop_wanted:
            return None
        if row is None:
            return dict(hand)
        people = subjects.of(step.erasure_request)
        wanted = wanted_in(people, identifiers=identifiers_of(row.dataset.identifiers))
        if row.dataset.format == Format.TABLE:
            holds.check_dataset(row.dataset_id)
            return TableStep(
                id=step_id,
                tables=tables.opened(row.dataset, lake=lake),
                table=row.key,
                wanted=wanted,
                hand=hand,
            )
        dataset = datasets.opened(row.dataset)
        return LoadedStep(
            id=step_id,
            dataset=dataset,
            row=row,
            wanted=wanted,
            there=places.of_rows([row], dataset=dataset, wanted=wanted, lake=lake)[row.number],
            hand=hand,
        )


def load_together(
    step_ids: Collection[UUID], datasets: DatasetCache, *, work: Work, lake: Lake
) -> Sequence[LoadedStep]:
    """Those of an erasure that nobody began yet, to cut records out of objects that are there.

    None of them if it is to stop. Raises LayerInvalid, and ObjectUnreachable where a dataset is on
    hold.
    """
    with work.scope():
        steps = list(
            ErasureStep.objects.select_related("lake_object")
            .filter(pk__in=step_ids, plan=Plan.SPLICE, staged={}, lake_object__isnull=False)
            .filter(erasure_request__stop_wanted=False)
            .order_by("lake_object__dataset", "object_number")
        )
        if not steps:
            return []
        people = subjects.of(ErasureRequest.objects.get(pk=steps[0].erasure_request_id))
        rows = {one.pk: one.lake_object for one in steps if one.lake_object is not None}
        of_ids = {row.dataset_id for row in rows.values()}
        found = Dataset.objects.select_related("storage_layer").in_bulk(of_ids)
        loaded: list[LoadedStep] = []
        for pk, of_dataset in groupby(rows.items(), key=lambda one: one[1].dataset_id):
            wanted = wanted_in(people, identifiers=identifiers_of(found[pk].identifiers))
            dataset, some = datasets.opened(found[pk]), dict(of_dataset)
            there = places.of_rows(list(some.values()), dataset=dataset, wanted=wanted, lake=lake)
            loaded += [
                LoadedStep(
                    id=step_id,
                    dataset=dataset,
                    row=row,
                    wanted=wanted,
                    there=there[row.number],
                    hand={},
                )
                for step_id, row in some.items()
            ]
        return loaded


def reload(step: LoadedStep, *, work: Work, lake: Lake) -> LoadedStep:
    """As the object is by now, and whoever is on hold by now."""
    with work.scope():
        row = LakeObject.objects.filter(pk=step.row.pk).first() or step.row
        dataset = replace(step.dataset, held=held_now(step, lake=lake))
        there = places.of_rows([row], dataset=dataset, wanted=step.wanted, lake=lake)
    return replace(step, row=row, dataset=dataset, there=there[row.number])


def held_now(step: LoadedStep, *, lake: Lake) -> Held:
    """Whoever and whatever is on hold by now. Needs the scope.

    Raises ObjectUnreachable if the dataset is.
    """
    if not holds.in_force().exists():
        return NOBODY
    return _held(Dataset.objects.select_related("storage_layer").get(pk=step.dataset.id), lake=lake)


def _held(row: Dataset, *, lake: Lake) -> Held:
    holds.check_dataset(row.pk)
    return hold_coverage.of(row, lake=lake)
