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
    loaded_steps,
    locks,
    steps,
    tables,
)
from purge.services.findings import Finding, Search
from purge.services.hold_coverage import Held
from purge.services.indexing import Clock
from purge.services.loaded_steps import DatasetCache, LoadedStep
from purge.services.tables import TableStep


def cut(*, step_id: UUID, datasets: DatasetCache, work: Work, lake: Lake, clock: Clock) -> bool:
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


def _cut(step_id: UUID, datasets: DatasetCache, *, work: Work, lake: Lake, clock: Clock) -> bool:
    match loaded_steps.load(step_id, datasets, work=work, lake=lake):
        case LoadedStep() as loaded:
            _cut_object(loaded, work=work, lake=lake, clock=clock)
        case TableStep() as loaded:
            tables.erase(loaded, work=work, clock=clock)
        case {"removes": _}:
            steps.removed(step_id, work=work, lake=lake, clock=clock)
        case None:
            return False
        case _:
            steps.done(step_id, problem=steps.GONE, work=work, clock=clock)
    return True


def _cut_object(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    if _was_under_way(loaded, work=work, lake=lake, clock=clock):
        return
    for _ in range(indexing.TRIES):
        if _try(loaded, work=work, lake=lake, clock=clock):
            return
        loaded = loaded_steps.reload(loaded, work=work, lake=lake)
    raise ObjectUnreachable(reason="keeps_changing")


def _was_under_way(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Pick up what a killed worker left: finish what had taken effect, or clear it away."""
    layer, key, hand = loaded.dataset.layer, loaded.row.key, loaded.hand
    if "removes" in hand:
        _finish_removal(loaded, work=work, lake=lake, clock=clock)
        return True
    if "attempt" not in hand:
        return False
    was_published = "version" in hand and layer.version(key=key) == hand["version"]
    layer.discard(key=key, attempt=hand["attempt"])
    if was_published:
        _finish_publication(loaded, work=work, lake=lake, clock=clock)
    return was_published


def _finish_publication(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    hand = loaded.hand
    steps.published({loaded.id: True}, work=work, lake=lake, clock=clock)
    removal = replace(loaded, hand={"removes": hand["replaces"], "cut": hand.get("present")})
    _finish_removal(removal, work=work, lake=lake, clock=clock)


def _finish_removal(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    with locks.no_hold_arrives(loaded.dataset.namespace_id):
        _check_removal(loaded, work=work, lake=lake, clock=clock)
        _take_away(loaded, loaded.hand["removes"], work=work, lake=lake, clock=clock)


def _check_removal(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> None:
    """What was to be removed may be on hold since. Raises ObjectUnreachable."""
    with work.scope():
        held = loaded_steps.held_now(loaded, lake=lake)
    held.check_place(loaded.row.key)
    if held and _is_kept(loaded, held, work=work, lake=lake, clock=clock):
        raise ObjectUnreachable(reason=holds.REASON, until=held.until)


def _is_kept(loaded: LoadedStep, held: Held, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """Whether what is to be removed is the last place of a record that is on hold."""
    dataset = replace(loaded.dataset, held=held)
    key, version, cut = loaded.row.key, loaded.hand["removes"], loaded.hand.get("cut")
    if "drops" in loaded.hand:
        # Raises where a record of somebody else is on hold: the version goes whole or not at all.
        search = Search(dataset, loaded.wanted)
        found = findings.find(search=search, row=loaded.row, work=work, lake=lake, clock=clock)
        return found is not None and bool(found.held)
    try:
        if cut is None:
            return held.keeps_anything(dataset.layer, key=key, version=version)
        with dataset.layer.open(key=key, version=version) as source:
            records = dataset.format.records(source=source, spans=[Span(*span) for span in cut])
            return any(held.keeps_record(record, key=key) for record in records)
    except ObjectChanged:
        return False  # It is gone.


def _try(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> bool:
    """One attempt at the present version. False: the object changed meanwhile, nothing was done."""
    finding = _found(loaded, work=work, lake=lake, clock=clock)
    if finding is None:
        steps.done(loaded.id, problem=steps.GONE, work=work, clock=clock)
        return True
    if not finding.present:
        if "version" in loaded.hand and steps.recognised(loaded.id, finding.row, work=work):
            _finish_publication(loaded, work=work, lake=lake, clock=clock)
        else:
            steps.done(loaded.id, unclear=len(finding.unclear), work=work, clock=clock)
        return True
    match finding.plan:
        case Plan.SPLICE:
            return _splice(loaded, finding, work=work, lake=lake, clock=clock)
        case Plan.REMOVE_VERSION | Plan.REMOVE_OBJECT | Plan.DELETE_ROWS:
            return _remove(loaded, finding, work=work, lake=lake, clock=clock)


def _found(loaded: LoadedStep, *, work: Work, lake: Lake, clock: Clock) -> Finding | None:
    search = Search(loaded.dataset, loaded.wanted)
    try:
        finding = findings.confirmed(search=search, row=loaded.row, there=loaded.there)
    except ObjectChanged:
        return findings.find(search=search, row=loaded.row, work=work, lake=lake, clock=clock)
    findings.note(finding, work=work, clock=clock)
    return finding


def _remove(loaded: LoadedStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    # A hold may have come while the object was read: that may take long.
    with locks.no_hold_arrives(loaded.dataset.namespace_id):
        with work.scope():
            if loaded_steps.held_now(loaded, lake=lake) != loaded.dataset.held:
                return False
            steps.removing(loaded.id, finding)
        _take_away(loaded, finding.row.version, work=work, lake=lake, clock=clock)
    return True


def _splice(loaded: LoadedStep, finding: Finding, *, work: Work, lake: Lake, clock: Clock) -> bool:
    layer, key = loaded.dataset.layer, loaded.row.key
    attempt = _begun(loaded, finding, work=work)
    try:
        ready = staged(loaded, finding, attempt)
        with locks.no_hold_arrives(loaded.dataset.namespace_id):
            with work.scope():
                is_as_found = loaded_steps.held_now(loaded, lake=lake) == loaded.dataset.held
                if is_as_found:
                    steps.staged({loaded.id: (finding, ready)})
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
    steps.published({loaded.id: ready.stays_behind}, work=work, lake=lake, clock=clock)
    if ready.stays_behind:
        _take_replaced(loaded, finding, ready, work=work, lake=lake, clock=clock)
    return True


def _begun(loaded: LoadedStep, finding: Finding, *, work: Work) -> str:
    """The name of an attempt, written down where it may leave something behind."""
    layer, key, version = loaded.dataset.layer, finding.row.key, finding.row.version
    if announced := layer.announce(key=key, version=version):
        with work.scope():
            steps.begun({loaded.id: announced})
    attempt = layer.begin(key=key, version=version)
    if not layer.is_traceless(attempt=attempt):
        with work.scope():
            steps.begun({loaded.id: attempt})
    return attempt


def staged(loaded: LoadedStep, finding: Finding, attempt: str) -> Staged:
    """The object's next version, complete beside it. Raises ObjectChanged, ObjectUnreachable."""
    dataset, key, version = loaded.dataset, finding.row.key, finding.row.version
    with dataset.layer.open(key=key, version=version) as source:
        segments = dataset.format.segments(source=source, cuts=finding.present)
        return dataset.layer.stage(key=key, version=version, segments=segments, attempt=attempt)


def _take_replaced(
    loaded: LoadedStep, finding: Finding, ready: Staged, *, work: Work, lake: Lake, clock: Clock
) -> None:
    """A hold may have come since it was published. What it replaced still has the record."""
    with locks.no_hold_arrives(loaded.dataset.namespace_id):
        with work.scope():
            held = loaded_steps.held_now(loaded, lake=lake)
        if held != loaded.dataset.held:
            cut = [[span.offset, span.length] for span in finding.present]
            removal = replace(loaded, hand={"removes": ready.replaces, "cut": cut})
            _check_removal(removal, work=work, lake=lake, clock=clock)
        _take_away(loaded, ready.replaces, work=work, lake=lake, clock=clock)


def _take_away(loaded: LoadedStep, version: str, *, work: Work, lake: Lake, clock: Clock) -> None:
    """A layer may keep what was replaced: erased means gone from there too."""
    loaded.dataset.layer.remove(key=loaded.row.key, version=version)
    steps.removed(loaded.id, work=work, lake=lake, clock=clock)
