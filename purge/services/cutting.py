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
from purge.domain.spans import Span
from purge.models import Dataset, ErasureStep, LakeObject
from purge.ports import Format, Lake, LayerInvalid, ObjectChanged, ObjectUnreachable, Work
from purge.services import (
    exclusion,
    findings,
    hold_coverage,
    holds,
    indexing,
    steps,
    subjects,
    tables,
)
from purge.services.findings import Finding, Search
from purge.services.hold_coverage import Held
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
        _finish_removal(opened, work=work, lake=lake, clock=clock)
        return True
    if "attempt" not in hand:
        return False
    was_published = "version" in hand and layer.version(key=key) == hand["version"]
    layer.discard(key=key, attempt=hand["attempt"])
    if was_published:
        steps.published(opened.id, work=work, lake=lake)
        removal = replace(opened, hand={"removes": hand["replaces"], "cut": hand.get("present")})
        _finish_removal(removal, work=work, lake=lake, clock=clock)
    return was_published


def _finish_removal(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    with exclusion.no_hold_arrives(opened.dataset.namespace_id):
        _check_removal(opened, work=work, lake=lake, clock=clock)
        _take_away(opened, opened.hand["removes"], work=work, lake=lake, clock=clock)


def _check_removal(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    """What was to be removed may be on hold since. Raises ObjectUnreachable."""
    held = _held_now(opened, work=work, lake=lake)
    held.check_place(opened.row.key)
    if held and _is_kept(opened, held, work=work, lake=lake, clock=clock):
        raise ObjectUnreachable(reason=holds.REASON, until=held.until)


def _is_kept(opened: OpenStep, held: Held, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Whether what is to be removed is the last place of a record that is on hold."""
    dataset = replace(opened.dataset, held=held)
    key, version, cut = opened.row.key, opened.hand["removes"], opened.hand.get("cut")
    if "drops" in opened.hand:
        # Raises where a record of somebody else is on hold: the version goes whole or not at all.
        search = Search(dataset, opened.wanted)
        found = findings.find(search=search, row=opened.row, work=work, lake=lake, clock=clock)
        return found is not None and bool(found.held)
    try:
        if cut is None:
            return held.keeps_anything(dataset.layer, key=key, version=version)
        with dataset.layer.open(key=key, version=version) as source:
            records = dataset.format.records(source=source, spans=[Span(*span) for span in cut])
            return any(held.keeps_record(record, key=key) for record in records)
    except ObjectChanged:
        return False  # It is gone.


def _held_now(opened: OpenStep, *, work: Work, lake: Lake) -> Held:
    """Whoever and whatever is on hold by now. Raises ObjectUnreachable if the dataset is."""
    with work.scope():
        holds.check_dataset(opened.dataset.id)
        source = Dataset.objects.select_related("storage_layer").get(pk=opened.dataset.id)
        return hold_coverage.of(source, lake=lake)


def _try(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """One attempt at the present version. False: the object changed meanwhile, nothing was done."""
    with work.scope():
        row = LakeObject.objects.filter(pk=opened.row.pk).first() or opened.row
    held = _held_now(opened, work=work, lake=lake)
    opened = replace(opened, dataset=replace(opened.dataset, held=held))
    search = Search(opened.dataset, opened.wanted)
    finding = findings.find(search=search, row=row, work=work, lake=lake, clock=clock)
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
    # A hold may have come while the object was read: that may take long.
    with exclusion.no_hold_arrives(opened.dataset.namespace_id):
        if _held_now(opened, work=work, lake=lake) != opened.dataset.held:
            return False
        steps.removing(opened.id, finding, work=work)
        _take_away(opened, finding.row.version, work=work, lake=lake, clock=clock)
    return True


def _splice(opened: OpenStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    dataset, layer = opened.dataset, opened.dataset.layer
    key, version = finding.row.key, finding.row.version
    if announced := layer.announce(key=key, version=version):
        steps.begun(opened.id, attempt=announced, work=work)
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
        with exclusion.no_hold_arrives(dataset.namespace_id):
            if _held_now(opened, work=work, lake=lake) != dataset.held:
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
    steps.published(opened.id, work=work, lake=lake)
    # A hold may have come since it was published. What it replaced still has the record.
    with exclusion.no_hold_arrives(dataset.namespace_id):
        if _held_now(opened, work=work, lake=lake) != dataset.held:
            cut = [[span.offset, span.length] for span in finding.present]
            removal = replace(opened, hand={"removes": ready.replaces, "cut": cut})
            _check_removal(removal, work=work, lake=lake, clock=clock)
        _take_away(opened, ready.replaces, work=work, lake=lake, clock=clock)
    return True


def _take_away(opened: OpenStep, version: str, *, work: Work, lake: Lake, clock: Clock) -> None:
    """A layer may keep what was replaced: erased means gone from there too."""
    opened.dataset.layer.remove(key=opened.row.key, version=version)
    steps.removed(opened.id, work=work, lake=lake, clock=clock)
