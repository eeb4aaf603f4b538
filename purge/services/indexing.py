"""Keeping the index true to the lake: list the objects, read those that changed, drop what is gone.

Each object is one short transaction after one read outside any transaction, so that this can be
killed anywhere and started again: what was indexed is found up to date and skipped.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from purge import selectors
from purge.domain.identifiers import (
    UNREADABLE,
    Identifier,
    IdentifierType,
    fingerprint,
    identifiers_of,
)
from purge.domain.reports import Unreachable
from purge.models import Dataset, LakeObject
from purge.ports import (
    Format,
    IndexEntry,
    Lake,
    ObjectChanged,
    ObjectUnreachable,
    RecordFormat,
    ScannedRecord,
    StorageLayer,
    StoredObject,
    Work,
)
from purge.services import keyrings

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
    identifiers: tuple[Identifier, ...]
    layer: StorageLayer
    format: RecordFormat
    key: bytes


class Known(NamedTuple):
    number: int
    version: str


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
        identifiers=identifiers_of(dataset.identifiers),
        layer=lake.layer(selectors.description(dataset.storage_layer)),
        format=lake.record_format(Format(dataset.format)),
        key=keyrings.fingerprint_key(),
    )


def refresh(*, dataset_id: UUID, work: Work, lake: Lake, clock: Clock) -> Refreshed:
    """Bring the index of a dataset up to date with its objects."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        dataset = opened(row, lake=lake)
        known = {
            key: Known(number, version)
            for key, number, version in LakeObject.objects.filter(dataset=row).values_list(
                "key", "number", "version"
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
            before = known.pop(listed.key, None)
            if before is None or before.version != listed.version:
                _refresh_one(dataset, listed, work, lake, clock, result)
            elif result.objects % SKIPPED_AT_ONCE:
                continue
            work.progress(done=result.objects, total=len(known) + result.objects)
    except ObjectUnreachable as refusal:
        # A layer that cannot be listed says nothing of its objects: the index keeps them.
        name = f"{dataset.name}/{dataset.prefix}"
        result.unreachable.append(Unreachable(name=name, reason=_reason(refusal)))
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
        if read_object(dataset=dataset, key=listed.key, work=work, lake=lake, clock=clock):
            result.read += 1
            result.bytes_read += listed.size
    except ObjectUnreachable as refusal:
        name = f"{dataset.name}/{listed.key}"
        result.unreachable.append(Unreachable(name=name, reason=_reason(refusal)))


def read_object(
    *, dataset: OpenDataset, key: str, work: Work, lake: Lake, clock: Clock
) -> LakeObject | None:
    """Index the object's present version. None: it is gone. Raises ObjectUnreachable."""
    for _ in range(TRIES):
        version = dataset.layer.version(key=key)
        if version is None:
            return None
        with closing(lake.index.batch()) as batch:
            try:
                with dataset.layer.open(key=key, version=version) as source:
                    unreadable, size = 0, source.size
                    for record in dataset.format.scan(
                        source=source, identifiers=dataset.identifiers
                    ):
                        unreadable += record.candidates is None
                        batch.add(_entries(record, dataset.key))
            except ObjectChanged:
                continue
            with work.scope():
                row, _ = LakeObject.objects.update_or_create(
                    dataset_id=dataset.id,
                    key=key,
                    defaults={
                        "version": version,
                        "size": size,
                        "entries": batch.count,
                        "unreadable": unreadable,
                        "cuts": [],
                        "indexed_at": clock(),
                    },
                )
                batch.store(object_number=row.number)
                return row
    raise ObjectUnreachable(reason="keeps_changing")


def _entries(record: ScannedRecord, key: bytes) -> Iterator[IndexEntry]:
    if record.candidates is None:
        yield IndexEntry(UNREADABLE, record.span)
        return
    prints = {
        fingerprint(key=key, name=name, kind=IdentifierType(kind), value=value)
        for kind, name, value in record.candidates
    }
    for one in prints:
        yield IndexEntry(one, record.span)


def _drop(gone: dict[str, Known], result: Refreshed, *, work: Work, lake: Lake) -> None:
    for before in gone.values():
        with work.scope():
            lake.index.remove(object_number=before.number)
            LakeObject.objects.filter(number=before.number).delete()
        result.removed += 1


def _reason(refusal: ObjectUnreachable) -> str:
    return str(refusal.values["reason"])
