"""Looking again: touched objects read whole without the index, then the index asked once more."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from uuid import UUID

from purge.domain import masks
from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, ErasureRequest, ErasureStep, LakeObject, StepState
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import findings, holds, indexing, locating, subjects, tables, threads
from purge.services.findings import Left
from purge.services.indexing import Clock, OpenDataset
from purge.services.tables import OpenTables

A_SHARE = 64
"""Objects whose datasets are opened once."""


@dataclass(slots=True, kw_only=True)
class Verification:
    """What looking again showed. Empty `problems`: nothing of the person is left.

    `came_back`: a touched object holds the person again, so its step is open once more.
    """

    scanned: int = 0
    came_back: bool = False
    needs_new_report: bool = False
    problems: list[dict[str, object]] = field(default_factory=list)

    def problem(self, *, name: str, reason: str, count: int = 1, until: str = "") -> None:
        described = {"name": name, "reason": reason, "count": count}
        self.problems.append(described | ({"until": until} if until else {}))


def look_again(*, request_id: UUID, work: Work, lake: Lake, clock: Clock) -> Verification:
    """Read what was touched, refresh the index of the rest, and compare with the steps."""
    result = Verification()
    with work.scope():
        request = ErasureRequest.objects.get(pk=request_id)
        people = subjects.of(request)
        total = ErasureStep.objects.filter(erasure_request=request).count()
        datasets = [
            dataset.pk
            for dataset in Dataset.objects.order_by("pk")
            if wanted_in(people, identifiers=identifiers_of(dataset.identifiers))
        ]
    telling = threads.Telling(work=work, clock=clock, total=total)
    tasks = _tasks(request_id, people, work=work, lake=lake)
    with closing(threads.in_order(tasks, act=_looked, is_threaded=_is_threaded)) as looked:
        for (step, _), seen in looked:
            _settle(step, seen, result, work=work)
            telling.one_more()
    if not result.came_back:
        covered = _covered(request_id, work=work)
        values = subjects.values_in(people)
        for dataset_id in datasets:
            for one in _elsewhere(dataset_id, people, covered, work=work, lake=lake, clock=clock):
                result.needs_new_report = True
                name = masks.without(one.name, values=values)
                result.problem(name=name, reason=one.reason, until=one.until)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A step whose object is there to be read, and all that reading it needs."""

    row: LakeObject
    kind: str
    within: OpenDataset | OpenTables | LayerInvalid
    wanted: frozenset[Wanted]

    def is_threaded(self) -> bool:
        return threads.suits(kind=self.kind, size=self.row.size)


_Task = tuple[ErasureStep, _Look | None]
_Seen = Left | ObjectUnreachable | LayerInvalid | None


def _is_threaded(task: _Task) -> bool:
    _, look = task
    return look is not None and look.is_threaded()


def _tasks(
    request_id: UUID, people: subjects.Subjects, *, work: Work, lake: Lake
) -> Iterator[_Task]:
    """Each dataset is opened once for many steps, and anew for the next: holds come and go."""
    for some in _shares(request_id, work=work):
        ids = {row.dataset_id for step in some if (row := _object_of(step)) is not None}
        with work.scope():
            rows = Dataset.objects.select_related("storage_layer").in_bulk(ids)
            opened = {pk: _opened(row, lake=lake) for pk, row in rows.items()}
        wanted = {
            pk: wanted_in(people, identifiers=identifiers_of(row.identifiers))
            for pk, row in rows.items()
        }
        for step in some:
            row = _object_of(step)
            yield (
                step,
                None
                if row is None
                else _Look(
                    row=row,
                    kind=rows[row.dataset_id].storage_layer.kind,
                    within=opened[row.dataset_id],
                    wanted=wanted[row.dataset_id],
                ),
            )


def _shares(request_id: UUID, *, work: Work) -> Iterator[Sequence[ErasureStep]]:
    """Of an erasure of very many objects only some are held at a time."""
    last = -1
    while True:
        with work.scope():
            steps = ErasureStep.objects.filter(erasure_request_id=request_id)
            after = steps.filter(object_number__gt=last).select_related("lake_object")
            some = list(after.order_by("object_number")[:A_SHARE])
        if not some:
            return
        yield some
        last = some[-1].object_number


def _object_of(step: ErasureStep) -> LakeObject | None:
    return step.lake_object if step.state == StepState.DONE else None


def _opened(dataset: Dataset, *, lake: Lake) -> OpenDataset | OpenTables | LayerInvalid:
    try:
        if dataset.format == Format.TABLE:
            return tables.opened(dataset, lake=lake)
        return indexing.opened(dataset, lake=lake)
    except LayerInvalid as refusal:
        return refusal


def _looked(task: _Task) -> tuple[_Task, _Seen]:
    """What the object or table still holds of the people. Asks no table of ours."""
    _, look = task
    try:
        return task, None if look is None else _left(look)
    except ObjectChanged:
        return task, Left(theirs=1, unclear=0)  # Somebody is writing to it: find again.
    except (ObjectUnreachable, LayerInvalid) as refusal:
        return task, refusal


def _left(look: _Look) -> Left | None:
    match look.within:
        case OpenTables() as opened:
            return tables.still_there(opened, table=look.row.key, wanted=look.wanted)
        case OpenDataset() as dataset:
            return findings.still_there(dataset=dataset, row=look.row, wanted=look.wanted)
        case LayerInvalid() as refusal:
            raise refusal


def _settle(step: ErasureStep, seen: _Seen, result: Verification, *, work: Work) -> None:
    if step.state != StepState.DONE:
        reason = step.problem or "not_done"
        result.problem(name=step.object_name, reason=reason, until=step.locked_until)
        return
    match seen:
        case None:
            return
        case Left():
            result.scanned += 1
            _compare(step, seen, result, work=work)
        case ObjectUnreachable() | LayerInvalid():
            result.problem(name=step.object_name, reason=seen.code)


def _compare(step: ErasureStep, left: Left, result: Verification, *, work: Work) -> None:
    if left.theirs:
        result.came_back = True
        result.problem(name=step.object_name, reason="written_again", count=left.theirs)
        with work.scope():
            ErasureStep.objects.filter(pk=step.pk).update(state=StepState.PENDING)
    if left.held:
        # Whoever approved knew of them as kept: to cut them later is another decision.
        result.needs_new_report = True
        result.problem(
            name=step.object_name, reason=holds.REASON, count=left.held, until=left.held_until
        )
    if left.unclear:
        result.problem(name=step.object_name, reason="unclear_records", count=left.unclear)


@dataclass(frozen=True, slots=True)
class _Covered:
    """What the steps answer for, by number; and by key and version what they could not remove."""

    objects: frozenset[int]
    replaced: frozenset[tuple[str, str]]


def _covered(request_id: UUID, *, work: Work) -> _Covered:
    with work.scope():
        steps = ErasureStep.objects.filter(erasure_request_id=request_id)
        numbers = frozenset(steps.values_list("object_number", flat=True).iterator())
        left = steps.filter(staged__has_key="removes", lake_object__isnull=False)
        replaced = frozenset(left.values_list("lake_object__key", "staged__removes"))
    return _Covered(numbers, replaced)


def _is_covered(found: FoundObject, covered: _Covered, *, work: Work) -> bool:
    if found.number in covered.objects:
        return True
    with work.scope():
        row = LakeObject.objects.get(number=found.number)
    return (row.key, row.version) in covered.replaced


def _elsewhere(
    dataset_id: UUID,
    people: subjects.Subjects,
    covered: _Covered,
    *,
    work: Work,
    lake: Lake,
    clock: Clock,
) -> Iterator[Unreachable]:
    """Objects that the approved report did not name and that hold, or may hold, the person now.

    They are not cut: nobody has decided on them. They need a new report.
    """
    with work.scope():
        source = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        wanted = wanted_in(people, identifiers=identifiers_of(source.identifiers))
    for one in locating.in_dataset(dataset_id, wanted, work=work, lake=lake, clock=clock):
        if isinstance(one, Unreachable):
            yield one
        elif not _is_covered(one, covered, work=work):
            if one.held and not one.records:
                yield Unreachable(name=one.name, reason=holds.REASON, until=one.held_until)
            else:
                yield Unreachable(name=one.name, reason="found_since")
