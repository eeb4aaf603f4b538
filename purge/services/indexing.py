"""Keeping the index true to the lake: list the objects, read those that changed, drop what is gone.

Each object is one short transaction after one read outside any transaction, so that this can be
killed anywhere and started again: what was indexed is found up to date and skipped.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from purge import selectors
from purge.domain.identifiers import (
    Identifier,
    identifiers_of,
)
from purge.domain.locators import WHOLE_OBJECT, Locator, is_metadata, object_of
from purge.domain.reports import Unreachable
from purge.domain.spans import WHOLE
from purge.models import Dataset, LakeObject
from purge.ports import (
    Format,
    IndexBatch,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    ReadableObject,
    RecordFormat,
    ScannedRecord,
    StorageLayer,
    StoredObject,
    Work,
)
from purge.services import holds, keyrings, ledger, whole_objects
from purge.services.holds import Held
from purge.services.index_entries import Entries
from purge.services.ledger import Met

log = structlog.get_logger(__name__)

TRIES = 5
SKIPPED_AT_ONCE = 200
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDataset:
    """A dataset with everything at hand to read it outside a transaction."""

    id: UUID
    name: str
    prefix: str
    locator: Locator
    identifiers: tuple[Identifier, ...]
    layer: StorageLayer
    format: RecordFormat
    key: bytes
    held: Held
    erased: frozenset[int]


class Known(NamedTuple):
    number: int
    version: str


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
        name=dataset.storage_layer.name,
        prefix=dataset.prefix,
        locator=Locator(dataset.locator),
        identifiers=identifiers_of(dataset.identifiers),
        layer=lake.layer(selectors.description(dataset.storage_layer)),
        format=lake.record_format(Format(dataset.format)),
        key=keyrings.fingerprint_key(),
        held=holds.held(),
        erased=ledger.fingerprints(),
    )


def refresh(*, dataset_id: UUID, work: Work, lake: Lake, clock: Clock) -> Refreshed:
    """Bring the index of a dataset up to date with its objects."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        dataset = opened(row, lake=lake)
        known = {
            (key, "" if current else version): Known(number, version)
            for key, number, version, current in LakeObject.objects.filter(dataset=row).values_list(
                "key", "number", "version", "current"
            )
        }
    result = Refreshed()
    try:
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
                _refresh_one(dataset, listed, work, lake, clock, result)
            elif result.objects % SKIPPED_AT_ONCE:
                continue
            work.progress(done=result.objects, total=len(known) + result.objects)
    except ObjectUnreachable as refusal:
        # A layer that cannot be listed says nothing of its objects: the index keeps them.
        name = f"{dataset.name}/{dataset.prefix}"
        result.unreachable.append(unreachable(name, refusal))
        return result
    _drop(known, result, work=work, lake=lake)
    with work.scope():
        Dataset.objects.filter(pk=dataset_id).update(indexed_at=clock())
    return result


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
        name = f"{dataset.name}/{listed.key}"
        result.unreachable.append(unreachable(name, refusal))


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
        with closing(lake.index.batch()) as batch:
            try:
                read = extract(dataset, key=listed.key, version=version, batch=batch)
            except ObjectChanged:
                if listed.current:
                    continue
                return None
            with work.scope():
                rows = LakeObject.objects.filter(dataset_id=dataset.id, current=listed.current)
                if not listed.current:
                    rows = rows.filter(version=version)
                row = rows.filter(key=listed.key).first() or LakeObject(
                    dataset_id=dataset.id, key=listed.key, current=listed.current
                )
                row.version, row.size = version, read.size
                row.entries, row.unreadable, row.cuts = batch.count, read.unreadable, []
                row.indexed_at = clock()
                row.save()
                batch.store(object_number=row.number)
                ledger.note(met=read.met, dataset_id=dataset.id, now=clock())
                return row
    raise ObjectUnreachable(reason="keeps_changing")


class Extracted(NamedTuple):
    size: int
    unreadable: int
    met: Mapping[int, Met]


def extract(dataset: OpenDataset, *, key: str, version: str, batch: IndexBatch) -> Extracted:
    """Every entry of one version into the batch, with no transaction open.

    What is found by scanning keeps no entries: it is read when somebody asks.
    """
    if dataset.locator is Locator.SCAN:
        with dataset.layer.open(key=key, version=version) as source:
            return Extracted(source.size, 0, {})
    with dataset.layer.open(key=key, version=version) as source:
        records = _records(dataset, key, version, source)
        entries = Entries(records, key=dataset.key, erased=dataset.erased)
        batch.add(entries)
        return Extracted(source.size, entries.unreadable, entries.met)


def _records(
    dataset: OpenDataset, key: str, version: str, source: ReadableObject
) -> Iterable[ScannedRecord]:
    """The records that may be somebody's; an object that is theirs as a whole counts as one."""
    if dataset.locator not in WHOLE_OBJECT:
        return dataset.format.scan(source=source, identifiers=dataset.identifiers)
    told = whole_objects.told(
        layer=dataset.layer,
        locator=dataset.locator,
        identifiers=dataset.identifiers,
        key=key,
        version=version,
    )
    if told.candidates is None:
        return [ScannedRecord(WHOLE, None)]
    found = [(one.type, one.name, one.value) for one in told.candidates]
    return [ScannedRecord(WHOLE, found)] if found else []


def _drop(gone: dict[Place, Known], result: Refreshed, *, work: Work, lake: Lake) -> None:
    for before in gone.values():
        with work.scope():
            lake.index.remove(object_number=before.number)
            LakeObject.objects.filter(number=before.number).delete()
        result.removed += 1
