"""Looking again: touched objects read whole without the index, then the index asked once more."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from purge.domain import masks
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.reports import FoundObject
from purge.models import Dataset, ErasureRequest, ErasureStep, LakeObject, StepState
from purge.ports import Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import findings, indexing, locating, subjects
from purge.services.indexing import Clock, OpenDataset


@dataclass(slots=True, kw_only=True)
class Verification:
    """What looking again showed. Empty `problems`: nothing of the person is left.

    `came_back`: a touched object holds the person again, so its step is open once more.
    """

    scanned: int = 0
    came_back: bool = False
    needs_new_report: bool = False
    problems: list[dict[str, object]] = field(default_factory=list)

    def problem(self, *, name: str, reason: str, count: int = 1) -> None:
        self.problems.append({"name": name, "reason": reason, "count": count})


def look_again(*, request_id: UUID, work: Work, lake: Lake, clock: Clock) -> Verification:
    """Read what was touched, refresh the index of the rest, and compare with the steps."""
    result = Verification()
    with work.scope():
        request = ErasureRequest.objects.get(pk=request_id)
        people = subjects.of(request)
        steps = list(
            ErasureStep.objects.filter(erasure_request=request).select_related("lake_object")
        )
        datasets = [
            dataset.pk
            for dataset in Dataset.objects.order_by("pk")
            if wanted_in(people, identifiers=identifiers_of(dataset.identifiers))
        ]
    for step in steps:
        _scan(step, people, result, work=work, lake=lake)
    if not result.came_back:
        touched = {step.object_number for step in steps}
        values = subjects.values_in(people)
        for dataset_id in datasets:
            for name, reason in _elsewhere(
                dataset_id, people, touched, work=work, lake=lake, clock=clock
            ):
                result.needs_new_report = True
                result.problem(name=masks.without(name, values=values), reason=reason)
    return result


def _scan(
    step: ErasureStep,
    people: subjects.Subjects,
    result: Verification,
    *,
    work: Work,
    lake: Lake,
) -> None:
    if step.state != StepState.DONE:
        result.problem(name=step.object_name, reason=step.problem or "not_done")
        return
    if step.lake_object is None:
        return
    try:
        dataset = _dataset_of(step.lake_object, work=work, lake=lake)
        wanted = wanted_in(people, identifiers=dataset.identifiers)
        left = findings.still_there(dataset=dataset, key=step.lake_object.key, wanted=wanted)
    except ObjectChanged:
        left = (1, 0)  # Somebody is writing to it: find again in the next round.
    except (ObjectUnreachable, LayerInvalid) as refusal:
        result.problem(name=step.object_name, reason=refusal.code)
        return
    if left is None:
        return
    result.scanned += 1
    theirs, unclear = left
    if theirs:
        result.came_back = True
        result.problem(name=step.object_name, reason="written_again", count=theirs)
        with work.scope():
            ErasureStep.objects.filter(pk=step.pk).update(state=StepState.PENDING)
    if unclear:
        result.problem(name=step.object_name, reason="unclear_records", count=unclear)


def _dataset_of(row: LakeObject, *, work: Work, lake: Lake) -> OpenDataset:
    with work.scope():
        source = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
        return indexing.opened(source, lake=lake)


def _elsewhere(
    dataset_id: UUID,
    people: subjects.Subjects,
    touched: set[int],
    *,
    work: Work,
    lake: Lake,
    clock: Clock,
) -> Iterator[tuple[str, str]]:
    """Objects that the approved report did not name and that hold, or may hold, the person now.

    They are not cut: nobody has decided on them. They need a new report.
    """
    with work.scope():
        source = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        wanted = wanted_in(people, identifiers=identifiers_of(source.identifiers))
    for one in locating.in_dataset(dataset_id, wanted, work=work, lake=lake, clock=clock):
        if isinstance(one, FoundObject):
            if one.number not in touched:
                yield one.name, "found_since"
        else:
            yield one.name, one.reason
