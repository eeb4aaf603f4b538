"""Keeping a step of an erasure: what is about to be done is saved before, what was done after.

`staged` says what a worker had in hand when it was killed:

- `attempt`: the name under which the layer may hold an unfinished next version;
- `version`: what will be in force once that is published, with all that is then to be recorded;
- `removes`: a version that is to be taken away, or was a moment ago; `cut`: the places in it of the
  records that nothing else has any more;
- `deletes`: how many rows of a table were about to be deleted, in the `attempt` by which the engine
  tells whether they are, and how many `old` ones lay in earlier versions then;
- `reclaims`: they are deleted, and the engine is to let go of their bytes;
- `counted`: how many rows in earlier versions of a table are counted, ours that went among them;
- `unsure`: the engine could not tell, and the count may be of rows that others deleted.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from purge.domain.plans import Plan
from purge.domain.reports import Unreachable
from purge.domain.spans import Cuts, Span
from purge.models import ErasureStep, LakeObject, StepState
from purge.ports import Deletion, Lake, Staged, TableFinding, Work
from purge.services.findings import Finding
from purge.services.indexing import Clock

GONE = "object_gone"
Row = TypeVar("Row", ErasureStep, LakeObject)
ANNOUNCED = ("state", "plan", "lake_object", "unclear", "staged", "updated_at")
PUBLISHED = (
    *("staged", "records", "bytes", "before_version", "after_version"),
    *("state", "problem", "locked_until", "finished_at", "updated_at"),
)
UNSURE = (
    "A worker was stopped while it deleted, and the engine cannot tell what became of that: the "
    "count is of what it was about to delete and is no longer there."
)


def begun(attempts: Mapping[UUID, str]) -> None:
    """They have a name, or are about to: what they leave can be discarded. Needs the scope."""
    steps = _locked_all(attempts)
    for step in steps:
        step.staged = {"attempt": attempts[step.pk]}
    _save_all(steps, fields=("staged", "updated_at"))


def staged(next_versions: Mapping[UUID, tuple[Finding, Staged]]) -> None:
    """Of these steps they are complete, and about to be published. Needs the scope."""
    _announce(
        {
            step_id: (
                finding,
                {
                    "attempt": ready.attempt,
                    "replaces": ready.replaces,
                    "version": ready.version,
                    "size": ready.size,
                    "cuts": [[span.offset, span.length] for span in finding.indexed],
                    "present": [[span.offset, span.length] for span in finding.present],
                },
            )
            for step_id, (finding, ready) in next_versions.items()
        }
    )


def removing(step_id: UUID, finding: Finding) -> None:
    """A version is about to be taken away whole. Needs the scope."""
    _announce({step_id: (finding, {"removes": finding.row.version, "drops": True})})


def _announce(hands: Mapping[UUID, tuple[Finding, dict[str, object]]]) -> None:
    steps = _locked_all(hands)
    for step in steps:
        finding, hand = hands[step.pk]
        step.state, step.plan = StepState.STAGED, finding.plan
        step.lake_object_id, step.unclear = finding.row.pk, len(finding.unclear)
        step.staged = {**hand, "records": len(finding.present), "bytes": finding.bytes}
    _save_all(steps, fields=ANNOUNCED)


def published(stays_behind: Mapping[UUID, bool], *, work: Work, lake: Lake, clock: Clock) -> None:
    """Of these steps the new versions are in force: bring the index up to them.

    What one replaced is still to be removed; where nothing stays behind, the step is done.
    """
    if not stays_behind:
        return
    with work.scope():
        steps = [step for step in _locked_all(stays_behind) if "version" in step.staged]
        _follow(steps, lake=lake)
        for step in steps:
            hand = step.staged
            _count(step)
            step.before_version = step.before_version or hand["replaces"]
            step.after_version = hand["version"]
            step.staged = {"removes": hand["replaces"], "cut": hand.get("present")}
            if not stays_behind[step.pk]:
                step.staged = {}
                _close(step, StepState.DONE, problem="", now=clock())
        _save_all(steps, fields=PUBLISHED)


def recognised(step_id: UUID, row: LakeObject, *, work: Work) -> bool:
    """Whether what is in force, without the records, is what a killed worker was about to publish.

    Some stores name versions as nobody can foretell (an ETag under a key of KMS is no sum): then
    its length tells.
    """
    with work.scope():
        step = _locked(step_id)
        hand = step.staged
        if hand.get("size") != row.size or hand.get("replaces") == row.version:
            return False
        step.staged = {**hand, "version": row.version}
        step.save(update_fields=["staged", "updated_at"])
        return True


def _follow(steps: Sequence[ErasureStep], *, lake: Lake) -> None:
    """The index knows the new versions, and what is no longer in them."""
    hands = {step.object_number: step.staged for step in steps}
    rows = [
        row
        for row in LakeObject.objects.select_for_update()
        .filter(number__in=hands)
        .order_by("number")
        if row.version != hands[row.number]["version"]  # Else somebody indexed it already.
    ]
    gone: dict[int, list[int]] = {}
    for row in rows:
        hand = hands[row.number]
        spans = [Span(*span) for span in hand["cuts"]]
        gone[row.number] = [span.offset for span in spans]
        cuts = Cuts(Span(*span) for span in row.cuts).with_more(spans)
        row.cuts = [[span.offset, span.length] for span in cuts.spans]
        row.version, row.size = hand["version"], hand["size"]
    lake.index.forget(offsets=gone)
    _save_all(rows, fields=("cuts", "version", "size", "updated_at"))


def _save_all(rows: Sequence[Row], *, fields: Collection[str]) -> None:
    """Rows that are locked, in one statement.

    They are there, so each is a conflict. Django takes ten times as long to write a bulk_update.
    """
    if rows:
        type(rows[0]).objects.bulk_create(
            rows, update_conflicts=True, unique_fields=("id",), update_fields=fields
        )


def removed(step_id: UUID, *, work: Work, lake: Lake, clock: Clock) -> None:
    """The version is gone for good, and the step is done."""
    with work.scope():
        step = _locked(step_id)
        hand = step.staged
        if hand.get("drops"):
            _count(step)
            step.before_version = step.before_version or hand["removes"]
            row = LakeObject.objects.filter(number=step.object_number).first()
            if row is not None:
                lake.index.remove(object_number=row.number)
                row.delete()
            step.lake_object = None
        step.staged = {}
        _end(step, StepState.DONE, problem="", clock=clock)


def done(
    step_id: UUID, *, problem: str = "", unclear: int | None = None, work: Work, clock: Clock
) -> None:
    """Nothing is, or is any more, to be cut here."""
    with work.scope():
        step = ErasureStep.objects.get(pk=step_id)
        if unclear is not None:
            step.unclear = unclear
        step.staged = {}
        _end(step, StepState.DONE, problem=problem, clock=clock)


def failed(step_id: UUID, refused: Unreachable, *, work: Work, clock: Clock) -> None:
    """It could not be done now. What was in hand stays there, for the next try to go on from."""
    with work.scope():
        step = ErasureStep.objects.get(pk=step_id)
        step.locked_until = refused.until
        _end(step, StepState.FAILED, problem=refused.reason, clock=clock)


def deleting(step_id: UUID, finding: TableFinding, deletion: Deletion, *, work: Work) -> None:
    """Rows of a table are about to be deleted: a worker killed after that finds none to count."""
    with work.scope():
        step = _locked(step_id)
        step.state, step.plan, step.unclear = StepState.STAGED, Plan.DELETE_ROWS, finding.unclear
        step.before_version = step.before_version or finding.version
        hand = {"attempt": deletion.attempt, "deletes": deletion.rows, "old": finding.old}
        step.staged = {**_kept(step), **hand}
        step.save()


def not_deleted(step_id: UUID, *, work: Work) -> None:
    """What was about to be deleted was not."""
    with work.scope():
        step = _locked(step_id)
        step.staged = _kept(step)
        step.save()


def perhaps_deleted(step_id: UUID, left: int, *, work: Work) -> None:
    """Nobody can tell what became of a deletion: what is no longer there counts, and it is said."""
    with work.scope():
        step = _locked(step_id)
        gone = max(step.staged["deletes"] - left, 0)
        step.records += gone
        counted = step.staged.get("counted", 0) + gone
        step.staged = {"counted": counted, "unsure": True}
        step.save()


def deleted(step_id: UUID, *, old: int, work: Work) -> None:
    """The rows are gone for readers of the table, and lie in earlier versions with the `old`."""
    with work.scope():
        step = _locked(step_id)
        kept, rows = _kept(step), step.staged.get("deletes", 0)
        old = step.staged.get("old", old)
        step.records += rows + max(old - kept.get("counted", 0), 0)
        step.staged = {**kept, "counted": rows + old, "reclaims": True}
        step.save()


def reclaimed(step_id: UUID, *, statement: str, work: Work, clock: Clock) -> None:
    """The engine let go of the bytes, and the step is done."""
    with work.scope():
        step = _locked(step_id)
        step.reclaim = f"{statement} {UNSURE}" if "unsure" in step.staged else statement
        step.staged = {}
        _end(step, StepState.DONE, problem="", clock=clock)


def _locked_all(step_ids: Collection[UUID]) -> Sequence[ErasureStep]:
    found = ErasureStep.objects.select_for_update(of=("self",)).filter(pk__in=step_ids)
    return list(found.order_by("object_number"))


def _locked(step_id: UUID) -> ErasureStep:
    return ErasureStep.objects.select_for_update(of=("self",)).get(pk=step_id)


def _kept(step: ErasureStep) -> dict[str, Any]:
    """What is still to be known of a table when its deletion is over or begun anew."""
    return {name: value for name, value in step.staged.items() if name in {"counted", "unsure"}}


def _count(step: ErasureStep) -> None:
    step.records += step.staged["records"]
    step.bytes += step.staged["bytes"]


def _end(step: ErasureStep, state: StepState, *, problem: str, clock: Clock) -> None:
    _close(step, state, problem=problem, now=clock())
    step.save()


def _close(step: ErasureStep, state: StepState, *, problem: str, now: datetime) -> None:
    step.state = state
    step.problem = problem
    step.finished_at = now
    if state == StepState.DONE:
        step.locked_until = ""


def start_over(step: ErasureStep) -> None:
    """A new report says what is there now: what waited for a lock waits by a step of its own.

    An old version that could not be removed is an object of the new report, and a table whose
    bytes are not yet reclaimed is reclaimed again. Neither is to keep new records waiting. Needs
    the scope.
    """
    if step.staged.keys() & {"removes", "reclaims"}:
        step.staged = _kept(step)
        step.save(update_fields=["staged", "updated_at"])


def reopen_failed(request_id: UUID) -> None:
    """Try again what failed, from where it got to. Needs the scope."""
    steps = ErasureStep.objects.filter(erasure_request_id=request_id, state=StepState.FAILED)
    for step in steps:
        step.state = StepState.STAGED if step.staged else StepState.PENDING
        step.problem = ""
        step.save()
