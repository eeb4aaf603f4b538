"""Cutting one object, so that a worker killed at any point leaves nothing half done.

A step says what it is about to do before it does it. `staged` holds the version that will be in
force once the new one is published: one look at the object then tells whether that happened.

    pending ──stage──▶ staged ──publish, index──▶ done
       ▲                  │
       └──────────────────┘  the object changed meanwhile: find again, stage again
"""

from dataclasses import dataclass
from uuid import UUID

from purge.domain.identifiers import Wanted, wanted_in
from purge.domain.spans import Cuts, Span
from purge.models import Dataset, ErasureStep, LakeObject, StepState
from purge.ports import Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Staged, Work
from purge.services import findings, indexing, subjects
from purge.services.findings import Finding
from purge.services.indexing import Clock, OpenDataset

GONE = "object_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A step with all it needs, read in one transaction."""

    id: UUID
    dataset: OpenDataset
    row: LakeObject
    wanted: frozenset[Wanted]

    @property
    def token(self) -> str:
        return self.id.hex


def lake_object(number: int) -> LakeObject | None:
    return LakeObject.objects.filter(number=number).first()


def cut(*, step_id: UUID, work: Work, lake: Lake, clock: Clock) -> None:
    """Take the person's records out of the step's object. What cannot be done is its `problem`."""
    try:
        opened = _opened(step_id, work=work, lake=lake, clock=clock)
    except LayerInvalid as refusal:
        _end(step_id, StepState.FAILED, problem=refusal.code, work=work, clock=clock)
        return
    if opened is None:
        return
    try:
        if _was_published(opened, work=work, lake=lake, clock=clock):
            return
        for _ in range(indexing.TRIES):
            if _try(opened, work=work, lake=lake, clock=clock):
                return
        _end(step_id, StepState.FAILED, problem="keeps_changing", work=work, clock=clock)
    except ObjectUnreachable as refusal:
        problem = str(refusal.values["reason"])
        _end(step_id, StepState.FAILED, problem=problem, work=work, clock=clock)


def _opened(step_id: UUID, *, work: Work, lake: Lake, clock: Clock) -> OpenStep | None:
    with work.scope():
        step = ErasureStep.objects.select_related("erasure_request", "lake_object").get(pk=step_id)
        row = step.lake_object
        if row is None:
            _save_end(step, StepState.DONE, problem=GONE, clock=clock)
            return None
        source = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
        dataset = indexing.opened(source, lake=lake)
        people = subjects.of(step.erasure_request)
        wanted = wanted_in(people, identifiers=dataset.identifiers)
        return OpenStep(id=step.pk, dataset=dataset, row=row, wanted=wanted)


def _was_published(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Pick up what a killed worker left: finish a publication, or clear it away."""
    with work.scope():
        step = ErasureStep.objects.get(pk=opened.id)
    key = opened.row.key
    published = (
        step.state == StepState.STAGED
        and opened.dataset.layer.version(key=key) == step.staged["version"]
    )
    opened.dataset.layer.discard(key=key, token=opened.token)
    if published:
        _record(opened.id, work=work, lake=lake, clock=clock)
    return published


def _try(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """One attempt at the present version. False: the object changed meanwhile, nothing was done."""
    with work.scope():
        row = LakeObject.objects.filter(pk=opened.row.pk).first() or opened.row
    dataset, layer = opened.dataset, opened.dataset.layer
    finding = findings.find(
        dataset=dataset, row=row, wanted=opened.wanted, work=work, lake=lake, clock=clock
    )
    if finding is None:
        _end(opened.id, StepState.DONE, problem=GONE, work=work, clock=clock)
        return True
    if not finding.present:
        _end(opened.id, StepState.DONE, unclear=len(finding.unclear), work=work, clock=clock)
        return True
    try:
        with layer.open(key=row.key, version=finding.row.version) as source:
            segments = list(dataset.format.segments(source=source, cuts=finding.present))
        staged = layer.stage(
            key=row.key, version=finding.row.version, segments=segments, token=opened.token
        )
        _announce(opened.id, finding, staged, work=work)
        layer.publish(staged=staged)
    except ObjectChanged:
        return False
    _record(opened.id, work=work, lake=lake, clock=clock)
    return True


def _announce(step_id: UUID, finding: Finding, staged: Staged, *, work: Work) -> None:
    """Say what is about to be replaced by what, in a transaction of its own."""
    with work.scope():
        ErasureStep.objects.filter(pk=step_id).update(
            state=StepState.STAGED,
            lake_object=finding.row.pk,
            unclear=len(finding.unclear),
            staged={
                "replaces": staged.replaces,
                "version": staged.version,
                "size": staged.size,
                "records": len(finding.present),
                "bytes": finding.bytes,
                "cuts": [[span.offset, span.length] for span in finding.indexed],
            },
        )


def _record(step_id: UUID, *, work: Work, lake: Lake, clock: Clock) -> None:
    """The new version is in force: bring the index and the step up to it, at once."""
    with work.scope():
        step = ErasureStep.objects.select_for_update(of=("self",)).get(pk=step_id)
        if step.state != StepState.STAGED:
            return
        staged = step.staged
        row = LakeObject.objects.select_for_update().get(number=step.object_number)
        spans = [Span(*span) for span in staged["cuts"]]
        lake.index.forget(object_number=row.number, offsets=[span.offset for span in spans])
        cuts = Cuts(Span(*span) for span in row.cuts).with_more(spans)
        row.cuts = [[span.offset, span.length] for span in cuts.spans]
        row.version, row.size = staged["version"], staged["size"]
        row.save()
        step.records += staged["records"]
        step.bytes += staged["bytes"]
        step.before_version = step.before_version or staged["replaces"]
        step.after_version = staged["version"]
        step.staged = {}
        _save_end(step, StepState.DONE, problem="", clock=clock)


def _end(
    step_id: UUID,
    state: StepState,
    *,
    problem: str = "",
    unclear: int | None = None,
    work: Work,
    clock: Clock,
) -> None:
    with work.scope():
        step = ErasureStep.objects.get(pk=step_id)
        if unclear is not None:
            step.unclear = unclear
        step.staged = {}
        _save_end(step, state, problem=problem, clock=clock)


def _save_end(step: ErasureStep, state: StepState, *, problem: str, clock: Clock) -> None:
    step.state = state
    step.problem = problem
    step.finished_at = clock()
    step.save()
