"""Trying a dataset before it is indexed: its first objects are read as it says, and counted."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from purge.domain import reasons
from purge.domain.locators import WHOLE_OBJECT
from purge.models import Dataset
from purge.ports import (
    Format,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    ProbeStep,
    StoredObject,
    UnreachableObject,
)
from purge.services import indexing, layers, whole_objects
from purge.services.extraction import Source

OBJECTS = 3


def probe(*, dataset_id: UUID, lake: Lake, actor: Actor, now: datetime) -> Sequence[ProbeStep]:
    """One step for the listing and one for each object read. Nothing is kept of them."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    dataset = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
    if dataset.format == Format.TABLE:
        layer = layers.opened(dataset.storage_layer, lake=lake)
        steps = list(layer.probe(prefix=dataset.prefix))
    else:
        steps = _of_objects(indexing.opened(dataset, lake=lake), prefix=dataset.prefix)
    trail.record(
        actor=actor,
        action="dataset.tested",
        target=dataset,
        detail={"ok": all(step.ok for step in steps)},
        now=now,
    )
    return steps


def _of_objects(source: Source, *, prefix: str) -> list[ProbeStep]:
    try:
        found = list(islice(source.layer.objects(prefix=prefix), OBJECTS))
    except ObjectUnreachable as refusal:
        return [_failed("list objects", _reason(refusal))]
    if not found:
        return [_failed("list objects", "no object's name begins with the prefix")]
    listed = ProbeStep("list objects", ok=True, detail=f"the first {len(found)} are read below")
    return [listed, *(_of_object(source, number, one) for number, one in enumerate(found, 1))]


def _of_object(source: Source, number: int, found: StoredObject | UnreachableObject) -> ProbeStep:
    # A name may be somebody's, where it is the name that says whose the object is.
    name = f"object {number}" if source.locator in WHOLE_OBJECT else f"read {found.key}"
    if isinstance(found, UnreachableObject):
        return _failed(name, reasons.sentence(found.reason))
    read = _told if source.locator in WHOLE_OBJECT else _counted
    try:
        return read(source, name, found)
    except ObjectUnreachable as refusal:
        return _failed(name, _reason(refusal))
    except ObjectChanged:
        return _failed(name, "it changed while it was read: try again")


def _told(source: Source, name: str, found: StoredObject) -> ProbeStep:
    told = whole_objects.told(
        layer=source.layer,
        locator=source.locator,
        identifiers=source.identifiers,
        key=found.key,
        version=found.version,
    )
    names = sorted({one.name for one in told.candidates or ()})
    detail = ", ".join(names) or "nothing says whose it is"
    return ProbeStep(name, ok=bool(names), detail=detail)


def _counted(source: Source, name: str, found: StoredObject) -> ProbeStep:
    """The records of the first batch, which is as much as the format reads at a time."""
    with source.layer.open(key=found.key, version=found.version) as readable:
        scanned = source.format.scan(source=readable, identifiers=source.identifiers)
        batch = next(iter(scanned), None)
    if batch is None:
        return ProbeStep(name, ok=True, detail="it holds no record")
    met = dict.fromkeys((one.name for one in source.identifiers), 0)
    for column in batch.columns:
        met[column.name] = met.get(column.name, 0) + sum(one is not None for one in column.values)
    counts = ", ".join(f"{one} in {count}" for one, count in met.items())
    unread = f"; {len(batch.unreadable)} cannot be read" if batch.unreadable else ""
    detail = f"of its first {len(batch.offsets)} records: {counts}{unread}"
    return ProbeStep(name, ok=all(met.values()) and not batch.unreadable, detail=detail)


def _failed(name: str, why: str) -> ProbeStep:
    return ProbeStep(name, ok=False, detail=why)


def _reason(refusal: ObjectUnreachable) -> str:
    return reasons.sentence(str(refusal.values.get("reason", "")))
