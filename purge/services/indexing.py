"""Keeping the index true to the lake: list the objects, read those that changed, drop what is gone.

Each object is one short transaction after one read outside any transaction, so that this can be
killed anywhere and started again: what was indexed is found up to date and skipped.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from purge import selectors
from purge.domain.identifiers import identifiers_of
from purge.domain.locators import Locator, is_metadata, object_of
from purge.domain.reports import Unreachable
from purge.models import Dataset, LakeObject
from purge.ports import (
    Format,
    IndexBatch,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    StoredObject,
    Work,
)
from purge.ports.extraction import Extracted, ObjectRead, Piece, Readers
from purge.services import extraction, hold_coverage, keyrings, ledger, sightings
from purge.services.extraction import Source
from purge.services.hold_coverage import Held
from purge.services.thread_readers import ThreadReaders

log = structlog.get_logger(__name__)

TRIES = 5
SKIPPED_AT_ONCE = 200
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


class Known(NamedTuple):
    number: int
    version: str


class Entered(NamedTuple):
    """An object that was read, what was learnt of it, and its entries."""

    at: StoredObject
    read: Extracted
    batch: IndexBatch


Place = tuple[str, str]
"""Key, and the version where it is not the one in force."""


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
        known = {
            (key, "" if current else version): Known(number, version)
            for key, number, version, current in LakeObject.objects.filter(dataset=row).values_list(
                "key", "number", "version", "current"
            )
        }
    result = Refreshed()
    changed = _changed(dataset, known, result, work)
    try:
        # A metadata file speaks for another object, and is small.
        if dataset.locator is Locator.METADATA_FILE:
            for listed in changed:
                _refresh_one(dataset, listed, work, lake, clock, result)
        else:
            by = readers or ThreadReaders(dataset)
            with closing(by.read(reading=reading, objects=changed)) as found:
                for one in found:
                    _store_one(dataset, one, work, lake, clock, result)
    except ObjectUnreachable as refusal:
        # A layer that cannot be listed says nothing of its objects: the index keeps them.
        result.unreachable.append(unreachable(f"{dataset.name}/{dataset.prefix}", refusal))
        return result
    _drop(known, result, work=work, lake=lake)
    with work.scope():
        Dataset.objects.filter(pk=dataset_id).update(indexed_at=clock())
        lake.index.clear(begun_before=clock() - READ_BY_THEN)
    return result


def _changed(
    dataset: OpenDataset, known: dict[Place, Known], result: Refreshed, work: Work
) -> Iterator[StoredObject]:
    """Those that the index does not have as they are. Leaves in `known` what is gone."""
    for listed in dataset.layer.objects(prefix=dataset.prefix):
        if not isinstance(listed, StoredObject):
            result.unreachable.append(
                Unreachable(name=f"{dataset.name}/{listed.key}", reason=listed.reason)
            )
            continue
        result.objects += 1
        before = known.pop((listed.key, "" if listed.current else listed.version), None)
        if (
            before is None
            or before.version != listed.version
            or dataset.locator is Locator.TAG  # A tag can change, and the version does not.
        ):
            yield listed
        elif result.objects % SKIPPED_AT_ONCE:
            continue
        work.progress(done=result.objects, total=len(known) + result.objects)


def _store_one(
    dataset: OpenDataset,
    one: ObjectRead,
    work: Work,
    lake: Lake,
    clock: Clock,
    result: Refreshed,
) -> None:
    """Keep what was read elsewhere, or read here what could not be: it changed, or says why."""
    if one.pieces is None:
        _refresh_one(dataset, one.listed, work, lake, clock, result)
        return
    with closing(lake.index.batch(namespace_id=dataset.namespace_id)) as batch:
        extracted = _gathered(one.pieces, batch)
        _store(dataset, Entered(one.listed, extracted, batch), work, lake, clock)
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
        with closing(lake.index.batch(namespace_id=dataset.namespace_id)) as batch:
            try:
                pieces = extraction.extract(dataset, key=listed.key, version=version)
                read = _gathered(pieces, batch)
            except ObjectChanged:
                if listed.current:
                    continue
                return None
            at = StoredObject(listed.key, version, read.size, listed.current)
            return _store(dataset, Entered(at, read, batch), work, lake, clock)
    raise ObjectUnreachable(reason="keeps_changing")


def _gathered(pieces: Iterable[Piece], batch: IndexBatch) -> Extracted:
    """The entries into the batch; what was learnt comes last."""
    learnt = Extracted(0, 0, {})
    for piece in pieces:
        if isinstance(piece, Extracted):
            learnt = piece
        else:
            batch.add(piece)
    return learnt


def _store(
    dataset: OpenDataset, entered: Entered, work: Work, lake: Lake, clock: Clock
) -> LakeObject:
    at, read, batch = entered
    with work.scope():
        # Locked: of two that read it at once, the second is to see what the first stored.
        rows = LakeObject.objects.select_for_update().filter(
            dataset_id=dataset.id, current=at.current
        )
        if not at.current:
            rows = rows.filter(version=at.version)
        row = rows.filter(key=at.key).first() or LakeObject(
            dataset_id=dataset.id, key=at.key, current=at.current
        )
        is_known = row.entries > 0
        row.version, row.size = at.version, read.size
        row.entries, row.unreadable, row.cuts = batch.count, read.unreadable, []
        row.indexed_at = clock()
        row.save()
        batch.store(object_number=row.number, is_known=is_known)
        count = sightings.counted(lake.index, object_number=row.number)
        sightings.note(met=read.met, row=row, count=count, now=clock())
        return row


def _drop(gone: dict[Place, Known], result: Refreshed, *, work: Work, lake: Lake) -> None:
    for before in gone.values():
        with work.scope():
            lake.index.remove(object_number=before.number)
            LakeObject.objects.filter(number=before.number).delete()
        result.removed += 1
