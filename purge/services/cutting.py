"""Cutting one object, so that a worker killed at any point leaves nothing half done.

A step says what it is about to do before it does it (`steps.py`). One look at the object then
tells whether that happened.

    pending ──stage──▶ staged ──publish, index──▶ staged ──remove the replaced version──▶ done
       ▲                  │
       └──────────────────┘  the object changed meanwhile: find again, stage again

A version that nothing can be cut from, or that is theirs whole, is removed instead.
"""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from purge.domain.plans import Plan
from purge.domain.reports import Unreachable
from purge.domain.spans import Span
from purge.ports import (
    Lake,
    LayerInvalid,
    ObjectChanged,
    ObjectUnreachable,
    Staged,
    Work,
)
from purge.services import (
    findings,
    holds,
    indexing,
    locks,
    open_steps,
    steps,
    tables,
)
from purge.services.findings import Finding, Search
from purge.services.hold_coverage import Held
from purge.services.indexing import Clock
from purge.services.open_steps import Datasets, OpenStep
from purge.services.tables import TableStep


def cut(*, step_id: UUID, datasets: Datasets, work: Work, lake: Lake, clock: Clock) -> bool:
    """Take the people's records out of the step's object. What cannot be done is its `problem`.

    False: somebody cancelled the erasure, and nothing was begun.
    """
    try:
        return _cut(step_id, datasets, work=work, lake=lake, clock=clock)
    except LayerInvalid as refusal:
        problem = Unreachable(name="", reason=refusal.code)
    except ObjectUnreachable as refusal:
        problem = indexing.unreachable("", refusal)
    except ObjectChanged as refusal:
        # An old version that came into force again: what is to be removed is found anew.
        problem = Unreachable(name="", reason=refusal.code)
    steps.failed(step_id, problem, work=work, clock=clock)
    return True


def _cut(step_id: UUID, datasets: Datasets, *, work: Work, lake: Lake, clock: Clock) -> bool:
    match open_steps.opened(step_id, datasets, work=work, lake=lake):
        case OpenStep() as opened:
            _cut_object(opened, work=work, lake=lake, clock=clock)
        case TableStep() as opened:
            tables.erase(opened, work=work, clock=clock)
        case {"removes": _}:
            steps.removed(step_id, work=work, lake=lake, clock=clock)
        case None:
            return False
        case _:
            steps.done(step_id, problem=steps.GONE, work=work, clock=clock)
    return True


def _cut_object(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    if _was_under_way(opened, work=work, lake=lake, clock=clock):
        return
    for _ in range(indexing.TRIES):
        if _try(opened, work=work, lake=lake, clock=clock):
            return
        opened = open_steps.again(opened, work=work, lake=lake)
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
        steps.published({opened.id: True}, work=work, lake=lake, clock=clock)
        removal = replace(opened, hand={"removes": hand["replaces"], "cut": hand.get("present")})
        _finish_removal(removal, work=work, lake=lake, clock=clock)
    return was_published


def _finish_removal(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    with locks.no_hold_arrives(opened.dataset.namespace_id):
        _check_removal(opened, work=work, lake=lake, clock=clock)
        _take_away(opened, opened.hand["removes"], work=work, lake=lake, clock=clock)


def _check_removal(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    """What was to be removed may be on hold since. Raises ObjectUnreachable."""
    with work.scope():
        held = open_steps.held_now(opened, lake=lake)
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


def _try(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """One attempt at the present version. False: the object changed meanwhile, nothing was done."""
    finding = _found(opened, work=work, lake=lake, clock=clock)
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


def _found(opened: OpenStep, *, work: Work, lake: Lake, clock: Clock) -> Finding | None:
    search = Search(opened.dataset, opened.wanted)
    try:
        finding = findings.confirmed(search=search, row=opened.row, there=opened.there)
    except ObjectChanged:
        return findings.find(search=search, row=opened.row, work=work, lake=lake, clock=clock)
    findings.note(finding, work=work, clock=clock)
    return finding


def _remove(opened: OpenStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    # A hold may have come while the object was read: that may take long.
    with locks.no_hold_arrives(opened.dataset.namespace_id):
        with work.scope():
            if open_steps.held_now(opened, lake=lake) != opened.dataset.held:
                return False
            steps.removing(opened.id, finding)
        _take_away(opened, finding.row.version, work=work, lake=lake, clock=clock)
    return True


def _splice(opened: OpenStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    layer, key = opened.dataset.layer, opened.row.key
    attempt = _begun(opened, finding, work=work)
    try:
        ready = staged(opened, finding, attempt)
        with locks.no_hold_arrives(opened.dataset.namespace_id):
            with work.scope():
                is_as_found = open_steps.held_now(opened, lake=lake) == opened.dataset.held
                if is_as_found:
                    steps.staged({opened.id: (finding, ready)})
            if not is_as_found:
                layer.discard(key=key, attempt=attempt)
                return False
            layer.publish(staged=ready)
    except ObjectChanged:
        layer.discard(key=key, attempt=attempt)
        return False
    except ObjectUnreachable:
        with suppress(ObjectUnreachable):
            layer.discard(key=key, attempt=attempt)
        raise
    steps.published({opened.id: ready.stays_behind}, work=work, lake=lake, clock=clock)
    if ready.stays_behind:
        _take_replaced(opened, finding, ready, work=work, lake=lake, clock=clock)
    return True


def _begun(opened: OpenStep, finding: Finding, *, work: Work) -> str:
    """The name of an attempt, written down where it may leave something behind."""
    layer, key, version = opened.dataset.layer, finding.row.key, finding.row.version
    if announced := layer.announce(key=key, version=version):
        with work.scope():
            steps.begun(opened.id, attempt=announced)
    attempt = layer.begin(key=key, version=version)
    if not layer.is_traceless(attempt=attempt):
        with work.scope():
            steps.begun(opened.id, attempt=attempt)
    return attempt


def staged(opened: OpenStep, finding: Finding, attempt: str) -> Staged:
    """The object's next version, complete beside it. Raises ObjectChanged, ObjectUnreachable."""
    dataset, key, version = opened.dataset, finding.row.key, finding.row.version
    with dataset.layer.open(key=key, version=version) as source:
        segments = dataset.format.segments(source=source, cuts=finding.present)
        return dataset.layer.stage(key=key, version=version, segments=segments, attempt=attempt)


def _take_replaced(
    opened: OpenStep, finding: Finding, ready: Staged, *, work: Work, lake: Lake, clock: Clock
) -> None:
    """A hold may have come since it was published. What it replaced still has the record."""
    with locks.no_hold_arrives(opened.dataset.namespace_id):
        with work.scope():
            held = open_steps.held_now(opened, lake=lake)
        if held != opened.dataset.held:
            cut = [[span.offset, span.length] for span in finding.present]
            removal = replace(opened, hand={"removes": ready.replaces, "cut": cut})
            _check_removal(removal, work=work, lake=lake, clock=clock)
        _take_away(opened, ready.replaces, work=work, lake=lake, clock=clock)


def _take_away(opened: OpenStep, version: str, *, work: Work, lake: Lake, clock: Clock) -> None:
    """A layer may keep what was replaced: erased means gone from there too."""
    opened.dataset.layer.remove(key=opened.row.key, version=version)
    steps.removed(opened.id, work=work, lake=lake, clock=clock)
