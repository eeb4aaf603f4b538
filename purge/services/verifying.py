"""Looking again: touched objects read whole without the index, then the index asked once more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from purge.domain import masks
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.reports import FoundObject, Unreachable
from purge.models import Dataset, ErasureRequest, ErasureStep, LakeObject, StepState
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import findings, holds, indexing, locating, subjects, tables
from purge.services.findings import Left
from purge.services.indexing import Clock, OpenDataset
from purge.services.tables import OpenTables


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
        covered = _covered(steps)
        values = subjects.values_in(people)
        for dataset_id in datasets:
            for one in _elsewhere(dataset_id, people, covered, work=work, lake=lake, clock=clock):
                result.needs_new_report = True
                name = masks.without(one.name, values=values)
                result.problem(name=name, reason=one.reason, until=one.until)
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
        reason = step.problem or "not_done"
        result.problem(name=step.object_name, reason=reason, until=step.locked_until)
        return
    if step.lake_object is None:
        return
    try:
        left = _left(step.lake_object, people, work=work, lake=lake)
    except ObjectChanged:
        left = Left(theirs=1, unclear=0)  # Somebody is writing to it: find again in the next round.
    except (ObjectUnreachable, LayerInvalid) as refusal:
        result.problem(name=step.object_name, reason=refusal.code)
        return
    if left is None:
        return
    result.scanned += 1
    _compare(step, left, result, work=work)


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


def _covered(steps: Sequence[ErasureStep]) -> _Covered:
    replaced = {
        (step.lake_object.key, step.staged["removes"])
        for step in steps
        if step.lake_object is not None and "removes" in step.staged
    }
    return _Covered(frozenset(step.object_number for step in steps), frozenset(replaced))


def _is_covered(found: FoundObject, covered: _Covered, *, work: Work) -> bool:
    if found.number in covered.objects:
        return True
    with work.scope():
        row = LakeObject.objects.get(number=found.number)
    return (row.key, row.version) in covered.replaced


def _left(row: LakeObject, people: subjects.Subjects, *, work: Work, lake: Lake) -> Left | None:
    """What the object or table still holds of the people. None: it is gone."""
    with work.scope():
        source = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
        wanted = wanted_in(people, identifiers=identifiers_of(source.identifiers))
        opened = (
            tables.opened(source, lake=lake)
            if source.format == Format.TABLE
            else indexing.opened(source, lake=lake)
        )
    match opened:
        case OpenTables():
            return tables.still_there(opened, table=row.key, wanted=wanted)
        case OpenDataset():
            return findings.still_there(dataset=opened, row=row, wanted=wanted)


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
