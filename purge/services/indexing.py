"""Keeping the index true to the lake: list the objects, read those that changed, drop what is gone.

Each object is one short transaction after one read outside any transaction, so that this can be
killed anywhere and started again: what was indexed is found up to date and skipped.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from purge import selectors
from purge.domain.identifiers import identifiers_of
from purge.domain.locators import Locator, is_metadata, object_of
from purge.domain.reports import Unreachable
from purge.models import Dataset, LakeObject
from purge.ports import (
    Format,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    StoredObject,
    Work,
)
from purge.ports.extraction import Extracted, ObjectRead, Piece, Readers
from purge.services import extraction, hold_coverage, keyrings, ledger
from purge.services.extraction import Source
from purge.services.hold_coverage import Held
from purge.services.index_intake import Entered, Intake
from purge.services.known_objects import KnownObjects
from purge.services.thread_readers import ThreadReaders
from purge.services.threads import Telling

log = structlog.get_logger(__name__)

TRIES = 5
READ_BY_THEN = timedelta(days=7)
"""However large an object is: what was begun before and never stored was somebody's who died."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDataset(Source):
    """A dataset with everything at hand to read it outside a transaction."""

    id: UUID
    namespace_id: UUID
    name: str
    prefix: str
    held: Held


class Versioned(Protocol):
    """What is listed, or was: a key, a version, and whether it is the one in force."""

    @property
    def key(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def current(self) -> bool: ...


@dataclass(slots=True)
class Refreshed:
    """How the lake compared with the index."""

    objects: int = 0
    read: int = 0
    bytes_read: int = 0
    removed: int = 0
    unreachable: list[Unreachable] = field(default_factory=list)


def opened(dataset: Dataset, *, lake: Lake) -> OpenDataset:
    """Needs the scope. Raises LayerInvalid where the layer's options are not usable."""
    return OpenDataset(
        id=dataset.pk,
        namespace_id=dataset.namespace_id,
        name=dataset.storage_layer.name,
        prefix=dataset.prefix,
        locator=Locator(dataset.locator),
        identifiers=identifiers_of(dataset.identifiers),
        layer=lake.layer(selectors.description(dataset.storage_layer)),
        format=lake.record_format(Format(dataset.format)),
        key=keyrings.fingerprint_key(),
        held=hold_coverage.of(dataset, lake=lake),
        erased=ledger.fingerprints(),
    )


def refresh(
    *, dataset_id: UUID, work: Work, lake: Lake, clock: Clock, readers: Readers | None = None
) -> Refreshed:
    """Bring the index of a dataset up to date with its objects, read by `readers` or here."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        dataset = opened(row, lake=lake)
        reading = extraction.reading(
            dataset, layer=selectors.description(row.storage_layer), as_format=Format(row.format)
        )
        known = KnownObjects(row)
    result = Refreshed()
    telling = Telling(work=work, clock=clock, total=len(known), is_open_ended=True)
    changed = _changed(dataset, known, result, telling)
    try:
        # A metadata file speaks for another object, and is small.
        if dataset.locator is Locator.METADATA_FILE:
            for listed in changed:
                _refresh_one(dataset, listed, work, lake, clock, result)
        else:
            by = readers or ThreadReaders(dataset)
            with closing(by.read(reading=reading, objects=changed)) as found:
                take_in(dataset, found, work, lake, clock, result)
    except ObjectUnreachable as refusal:
        # A layer that cannot be listed says nothing of its objects: the index keeps them.
        result.unreachable.append(unreachable(f"{dataset.name}/{dataset.prefix}", refusal))
        return result
    _drop(known.gone(), result, work=work, lake=lake)
    with work.scope():
        Dataset.objects.filter(pk=dataset_id).update(indexed_at=clock())
        lake.index.clear(begun_before=clock() - READ_BY_THEN)
    return result


def _changed(
    dataset: OpenDataset, known: KnownObjects, result: Refreshed, telling: Telling
) -> Iterator[StoredObject]:
    """Those that the index does not have as they are. `known` is left with what is gone."""
    for listed, version in known.compared(_reachable(dataset, result), work=telling.work):
        result.objects += 1
        # A tag can change, and the version does not.
        if version != listed.version or dataset.locator is Locator.TAG:
            yield listed
        telling.total = len(known) + result.objects
        telling.tell(result.objects)


def _reachable(dataset: OpenDataset, result: Refreshed) -> Iterator[StoredObject]:
    for listed in dataset.layer.objects(prefix=dataset.prefix):
        if isinstance(listed, StoredObject):
            yield listed
        else:
            name = f"{dataset.name}/{listed.key}"
            result.unreachable.append(Unreachable(name=name, reason=listed.reason))


def take_in(
    dataset: OpenDataset,
    found: Iterable[ObjectRead],
    work: Work,
    lake: Lake,
    clock: Clock,
    result: Refreshed,
) -> None:
    """Keep what was read elsewhere, or read here what could not be: it changed, or says why."""
    with Intake(dataset, work=work, lake=lake, clock=clock) as intake:
        for one in found:
            if one.pieces is None:
                _refresh_one(dataset, one.listed, work, lake, clock, result)
                continue
            intake.add(_gathered(one.listed, one.pieces, dataset, lake))
            result.read += 1
            result.bytes_read += one.listed.size


def _refresh_one(
    dataset: OpenDataset,
    listed: StoredObject,
    work: Work,
    lake: Lake,
    clock: Clock,
    result: Refreshed,
) -> None:
    try:
        if refresh_object(dataset=dataset, listed=listed, work=work, lake=lake, clock=clock):
            result.read += 1
            result.bytes_read += listed.size
    except ObjectUnreachable as refusal:
        result.unreachable.append(unreachable(f"{dataset.name}/{listed.key}", refusal))


def refresh_object(
    *, dataset: OpenDataset, listed: Versioned, work: Work, lake: Lake, clock: Clock
) -> LakeObject | None:
    """Index an object, and the one that it speaks for. None: it is gone."""
    row = read_object(dataset=dataset, listed=listed, work=work, lake=lake, clock=clock)
    if dataset.locator is Locator.METADATA_FILE and is_metadata(listed.key):
        spoken_for = StoredObject(object_of(listed.key), "", 0)
        read_object(dataset=dataset, listed=spoken_for, work=work, lake=lake, clock=clock)
    return row


def unreachable(name: str, refusal: ObjectUnreachable) -> Unreachable:
    values = refusal.values
    return Unreachable(
        name=name, reason=str(values["reason"]), until=str(values.get("until") or "")
    )


def read_object(
    *, dataset: OpenDataset, listed: Versioned, work: Work, lake: Lake, clock: Clock
) -> LakeObject | None:
    """Index an object: the version in force now, or that very old one.

    None: it is gone. Raises ObjectUnreachable.
    """
    for _ in range(TRIES):
        version = dataset.layer.version(key=listed.key) if listed.current else listed.version
        if version is None:
            return None
        at = StoredObject(listed.key, version, 0, listed.current)
        try:
            pieces = extraction.extract(dataset, key=listed.key, version=version)
            entered = _gathered(at, pieces, dataset, lake)
        except ObjectChanged:
            if listed.current:
                continue
            return None
        with Intake(dataset, work=work, lake=lake, clock=clock) as intake:
            return intake.take(entered)
    raise ObjectUnreachable(reason="keeps_changing")


def _gathered(
    at: StoredObject, pieces: Iterable[Piece], dataset: OpenDataset, lake: Lake
) -> Entered:
    """The entries in a batch; what was learnt comes last."""
    batch = lake.index.batch(namespace_id=dataset.namespace_id)
    learnt = Extracted(0, 0, {})
    try:
        for piece in pieces:
            if isinstance(piece, Extracted):
                learnt = piece
            else:
                batch.add(piece)
    except BaseException:
        batch.close()
        raise
    return Entered(at, learnt, batch)


def _drop(gone: Iterable[int], result: Refreshed, *, work: Work, lake: Lake) -> None:
    for number in gone:
        with work.scope():
            lake.index.remove(object_number=number)
            LakeObject.objects.filter(number=number).delete()
        result.removed += 1
