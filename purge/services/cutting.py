"""Cutting one object, so that a worker killed at any point leaves nothing half done.

A step says what it is about to do before it does it (`steps.py`). One look at the object then
tells whether that happened.

    pending ──stage──▶ staged ──publish, index──▶ staged ──remove the replaced version──▶ done
       ▲                  │
       └──────────────────┘  the object changed meanwhile: find again, stage again

A version that nothing can be cut from, or that is theirs whole, is removed instead.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from purge.domain.identifiers import Wanted, identifiers_of, wanted_in
from purge.domain.plans import Plan
from purge.domain.reports import Unreachable
from purge.models import Dataset, ErasureStep, LakeObject
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import findings, holds, indexing, steps, subjects, tables
from purge.services.findings import Finding
from purge.services.indexing import Clock, OpenDataset
from purge.services.tables import TableStep


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A step with all it needs, read in one transaction."""

    id: UUID
    dataset: OpenDataset
    row: LakeObject
    wanted: frozenset[Wanted]
    hand: dict[str, Any]


def lake_object(number: int) -> LakeObject | None:
    return LakeObject.objects.filter(number=number).first()


def cut(*, step_id: UUID, work: Work, lake: Lake, clock: Clock) -> None:
    """Take the people's records out of the step's object. What cannot be done is its `problem`."""
    try:
        _cut(step_id, work=work, lake=lake, clock=clock)
    except LayerInvalid as refusal:
        problem = Unreachable(name="", reason=refusal.code)
        steps.failed(step_id, problem, work=work, clock=clock)
    except ObjectUnreachable as refusal:
        problem = indexing.unreachable("", refusal)
        steps.failed(step_id, problem, work=work, clock=clock)
    except ObjectChanged as refusal:
        # An old version that came into force again: what is to be removed is found anew.
        problem = Unreachable(name="", reason=refusal.code)
        steps.failed(step_id, problem, work=work, clock=clock)


def _cut(step_id: UUID, *, work: Work, lake: Lake, clock: Clock) -> None:
    match _opened(step_id, work=work, lake=lake):
        case OpenStep() as opened:
            _cut_object(opened, work=work, lake=lake, clock=clock)
        case TableStep() as opened:
            tables.erase(opened, work=work, clock=clock)
        case {"removes": _}:
            steps.removed(step_id, work=work, lake=lake, clock=clock)
        case _:
            steps.done(step_id, problem=steps.GONE, work=work, clock=clock)


def _opened(step_id: UUID, *, work: Work, lake: Lake) -> OpenStep | TableStep | dict[str, Any]:
    """What to work on; where the object is gone from the index, what a worker had in hand."""
    with work.scope():
        step = ErasureStep.objects.select_related("erasure_request", "lake_object").get(pk=step_id)
        row, hand = step.lake_object, step.staged
        if row is None:
            return dict(hand)
        source = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
        holds.check_dataset(source.pk)
        people = subjects.of(step.erasure_request)
        wanted = wanted_in(people, identifiers=identifiers_of(source.identifiers))
        if source.format == Format.TABLE:
            return TableStep(
                id=step_id,
                tables=tables.opened(source, lake=lake),
                table=row.key,
                wanted=wanted,
                hand=hand,
            )
        return OpenStep(
            id=step_id,
            dataset=indexing.opened(source, lake=lake),
            row=row,
            wanted=wanted,
            hand=hand,
        )


def _cut_object(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    if _was_under_way(opened, work=work, lake=lake, clock=clock):
        return
    for _ in range(indexing.TRIES):
        if _try(opened, work=work, lake=lake, clock=clock):
            return
    raise ObjectUnreachable(reason="keeps_changing")


def _was_under_way(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Pick up what a killed worker left: finish what had taken effect, or clear it away."""
    layer, key, hand = opened.dataset.layer, opened.row.key, opened.hand
    if "removes" in hand:
        _check_removal(opened, work=work, lake=lake, clock=clock)
        _take_away(opened, hand["removes"], work=work, lake=lake, clock=clock)
        return True
    if "attempt" not in hand:
        return False
    was_published = "version" in hand and layer.version(key=key) == hand["version"]
    layer.discard(key=key, attempt=hand["attempt"])
    if was_published:
        _after_publishing(opened, hand["replaces"], work=work, lake=lake, clock=clock)
    return was_published


def _check_removal(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    """What was to be removed may be on hold since. Raises ObjectUnreachable."""
    held = opened.dataset.held
    held.check_place(opened.row.key)
    prints = findings.fingerprints(opened.wanted, key=opened.dataset.key)
    if not held.fingerprints.isdisjoint(prints):
        raise ObjectUnreachable(reason=holds.REASON, until=held.until)
    if held and "drops" in opened.hand:
        # Raises where a record of somebody else is on hold: the version goes whole or not at all.
        findings.find(
            dataset=opened.dataset,
            row=opened.row,
            wanted=opened.wanted,
            work=work,
            lake=lake,
            clock=clock,
        )


def _is_held_as_before(opened: OpenStep, *, work: Work) -> bool:
    """Whether no hold came or went while the object was read: that may take long."""
    with work.scope():
        holds.check_dataset(opened.dataset.id)
        layer_id = Dataset.objects.get(pk=opened.dataset.id).storage_layer_id
        return holds.held(layer_id) == opened.dataset.held


def _try(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """One attempt at the present version. False: the object changed meanwhile, nothing was done."""
    with work.scope():
        row = LakeObject.objects.filter(pk=opened.row.pk).first() or opened.row
        source = Dataset.objects.get(pk=opened.dataset.id)
        held = holds.held(source.storage_layer_id)
    opened = replace(opened, dataset=replace(opened.dataset, held=held))
    finding = findings.find(
        dataset=opened.dataset, row=row, wanted=opened.wanted, work=work, lake=lake, clock=clock
    )
    if finding is None:
        steps.done(opened.id, problem=steps.GONE, work=work, clock=clock)
        return True
    if not finding.present:
        steps.done(opened.id, unclear=len(finding.unclear), work=work, clock=clock)
        return True
    match finding.plan:
        case Plan.SPLICE:
            return _splice(opened, finding, work=work, lake=lake, clock=clock)
        case Plan.REMOVE_VERSION | Plan.REMOVE_OBJECT | Plan.DELETE_ROWS:
            return _remove(opened, finding, work=work, lake=lake, clock=clock)


def _remove(opened: OpenStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    if not _is_held_as_before(opened, work=work):
        return False
    steps.removing(opened.id, finding, work=work)
    _take_away(opened, finding.row.version, work=work, lake=lake, clock=clock)
    return True


def _splice(opened: OpenStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    dataset, layer = opened.dataset, opened.dataset.layer
    key, version = finding.row.key, finding.row.version
    attempt = layer.begin(key=key, version=version)
    steps.begun(opened.id, attempt=attempt, work=work)
    try:
        with layer.open(key=key, version=version) as source:
            ready = layer.stage(
                key=key,
                version=version,
                segments=dataset.format.segments(source=source, cuts=finding.present),
                attempt=attempt,
            )
        if not _is_held_as_before(opened, work=work):
            layer.discard(key=key, attempt=attempt)
            return False
        steps.staged(opened.id, finding, ready, work=work)
        layer.publish(staged=ready)
    except ObjectChanged:
        layer.discard(key=key, attempt=attempt)
        return False
    except ObjectUnreachable:
        with suppress(ObjectUnreachable):
            layer.discard(key=key, attempt=attempt)
        raise
    _after_publishing(opened, ready.replaces, work=work, lake=lake, clock=clock)
    return True


def _after_publishing(
    opened: OpenStep, replaced: str, *, work: Work, lake: Lake, clock: Clock
) -> None:
    steps.published(opened.id, work=work, lake=lake)
    _take_away(opened, replaced, work=work, lake=lake, clock=clock)


def _take_away(opened: OpenStep, version: str, *, work: Work, lake: Lake, clock: Clock) -> None:
    """A layer may keep what was replaced: erased means gone from there too."""
    opened.dataset.layer.remove(key=opened.row.key, version=version)
    steps.removed(opened.id, work=work, lake=lake, clock=clock)
