"""Following a store's events: hear, remember what is to be looked at, look, and index it anew.

An event is only a hint: the object is then indexed as the store has it. So events may come twice
or in any order and change nothing; comparing sequencers only saves looking again.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from uuid import UUID

from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.outbox.services import messages
from purge import job_names, selectors
from purge.domain import object_events
from purge.domain.locators import Locator
from purge.domain.object_events import Entry, ObjectEvent
from purge.models import Dataset, LakeObject, ObjectNews, StorageLayer
from purge.ports import (
    Format,
    Lake,
    LayerInvalid,
    LayerKind,
    ObjectUnreachable,
    StoredObject,
    Work,
)
from purge.ports.extraction import Reading
from purge.services import extraction, indexing, keyrings, threads
from purge.services.indexing import Clock, OpenDataset, Refreshed
from purge.services.thread_readers import ThreadReaders

AT_ONCE = 500
CHANGES = ("key", "is_pending", "sequencer", "retags", "updated_at")
NOWHERE = "no dataset here has objects of that bucket and name"
INDEXED = "that version is indexed already"
OLDER = "a newer event of it came before"


@dataclass(slots=True)
class Heard:
    """What became of each record of a notification, by its position."""

    applied: list[int] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Told:
    """An event, and a layer with datasets that its object lies in, by its name there."""

    position: int
    event: ObjectEvent
    layer: StorageLayer
    key: str
    datasets: Sequence[Dataset]
    fingerprint: str
    why: str = ""
    """Why it is no news."""


def hear(*, document: object, actor: Actor) -> Heard:
    """Remember what is to be looked at, and have a job look. Needs the scope."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    of_kinds = StorageLayer.objects.filter(kind__in=[LayerKind.S3, LayerKind.FILESYSTEM])
    layers = list(of_kinds.prefetch_related("datasets"))
    secret = keyrings.fingerprint_key()
    heard = Heard()
    told: dict[int, list[_Told]] = {}
    for entry in object_events.entries(document):
        if entry.event is None:
            _turned_away(entry, heard)
        else:
            told[entry.position] = list(_told(entry.position, entry.event, layers, secret))
    every = [one for some in told.values() for one in some]
    _tell_indexed(every)
    _remember([one for one in every if not one.why])
    for position, some in told.items():
        if any(not one.why for one in some):
            heard.applied.append(position)
        else:
            heard.ignored.append((position, some[-1].why if some else NOWHERE))
    heard.ignored.sort()
    for layer_id in sorted({one.layer.pk for one in every if not one.why}):
        messages.enqueue_job(name=job_names.FOLLOW, storage_layer_id=layer_id)
    return heard


def _turned_away(entry: Entry, heard: Heard) -> None:
    if entry.refused:
        heard.refused.append((entry.position, entry.refused))
    else:
        heard.ignored.append((entry.position, entry.ignored))


def _told(
    position: int, event: ObjectEvent, layers: Sequence[StorageLayer], secret: bytes
) -> Iterator[_Told]:
    for layer, key in _within(event, layers):
        datasets = [one for one in layer.datasets.all() if key.startswith(one.prefix)]
        if datasets:
            named = f"{layer.pk}\0{key}".encode("utf-8", "surrogatepass")
            yield _Told(
                position=position,
                event=event,
                layer=layer,
                key=key,
                datasets=datasets,
                fingerprint=hmac.digest(secret, named, "sha256").hex(),
            )


def _within(
    event: ObjectEvent, layers: Sequence[StorageLayer]
) -> Iterator[tuple[StorageLayer, str]]:
    """The layers that the object lies in, and its name there. A folder's bucket is its name."""
    for layer in layers:
        if layer.kind == LayerKind.S3:
            bucket, path = layer.options.get("bucket"), str(layer.options.get("path") or "")
            start = f"{path.strip('/')}/" if path.strip("/") else ""
        else:
            bucket, start = layer.name, ""
        if bucket == event.bucket and event.key.startswith(start):
            yield layer, event.key.removeprefix(start)


def _tell_indexed(told: Sequence[_Told]) -> None:
    """What an erasure published is indexed by the erasure: its own event is no news."""
    told = [one for one in told if one.event.etag and not one.event.retags]
    known = LakeObject.objects.filter(
        dataset__in={dataset.pk for one in told for dataset in one.datasets},
        key__in={one.key for one in told},
        current=True,
    )
    versions = {
        (dataset_id, key): version
        for dataset_id, key, version in known.values_list("dataset_id", "key", "version")
    }
    for one in told:
        its = {one.event.etag, f"{one.event.etag}@{one.event.version_id}"}
        if all(versions.get((dataset.pk, one.key)) in its for dataset in one.datasets):
            one.why = INDEXED


def _remember(told: Sequence[_Told]) -> None:
    """In the order in which they are told; always locked in one order."""
    first: dict[str, _Told] = {}
    for one in told:
        first.setdefault(one.fingerprint, one)
    fresh = {print_: _news(first[print_]) for print_ in sorted(first)}
    ObjectNews.objects.bulk_create(fresh.values(), ignore_conflicts=True)
    found = ObjectNews.objects.select_for_update().filter(key_fingerprint__in=fresh)
    rows = {row.key_fingerprint: row for row in found.order_by("key_fingerprint")}
    changed: dict[str, ObjectNews] = {}
    for one in told:
        row, event = rows[one.fingerprint], one.event
        if row.pk == fresh[one.fingerprint].pk and one is first[one.fingerprint]:
            continue
        if event.sequencer and not object_events.is_newer(event.sequencer, than=row.sequencer):
            one.why = OLDER
            continue
        row.key, row.is_pending = one.key, True
        row.sequencer = event.sequencer or row.sequencer
        row.retags = row.retags or event.retags
        changed[one.fingerprint] = row
    ObjectNews.objects.bulk_create(
        changed.values(), update_conflicts=True, unique_fields=["id"], update_fields=CHANGES
    )


def _news(told: _Told) -> ObjectNews:
    return ObjectNews(
        namespace_id=told.layer.namespace_id,
        storage_layer=told.layer,
        key_fingerprint=told.fingerprint,
        key=told.key,
        sequencer=told.event.sequencer,
        retags=told.event.retags,
    )


def follow(*, layer_id: UUID, work: Work, lake: Lake, clock: Clock) -> int:
    """Look at every object that there is news of. How many.

    What cannot be reached now stays for the next time, and for whoever locates.
    """
    with work.scope():
        layer = StorageLayer.objects.filter(pk=layer_id).first()
        if layer is None:
            return 0
        datasets = list(layer.datasets.select_related("storage_layer"))
        pending = list(
            ObjectNews.objects.filter(storage_layer=layer, is_pending=True).order_by("pk")[:AT_ONCE]
        )
        opened = list(_opened(datasets, lake=lake))
    for dataset, reading in opened:
        again = {one.key: one.retags for one in pending if one.key.startswith(dataset.prefix)}
        _look(dataset, reading, again, work=work, lake=lake, clock=clock)
        work.progress(done=len(pending), total=len(pending))
    with work.scope():
        _settle(pending)
        if len(pending) == AT_ONCE:
            messages.enqueue_job(name=job_names.FOLLOW, storage_layer_id=layer_id)
    return len(pending)


def _opened(datasets: Iterable[Dataset], *, lake: Lake) -> Iterator[tuple[OpenDataset, Reading]]:
    for one in datasets:
        with suppress(LayerInvalid):
            dataset = indexing.opened(one, lake=lake)
            layer = selectors.description(one.storage_layer)
            yield dataset, extraction.reading(dataset, layer=layer, as_format=Format(one.format))


def _look(
    dataset: OpenDataset,
    reading: Reading,
    again: Mapping[str, bool],
    *,
    work: Work,
    lake: Lake,
    clock: Clock,
) -> None:
    """Index the objects of these keys as they are now, unless that is what is indexed.

    What cannot be reached is reported by whoever locates; news of it will come when it can be.
    """
    with work.scope():
        rows = LakeObject.objects.filter(dataset_id=dataset.id, current=True, key__in=again)
        known = {
            key: (number, of) for key, number, of in rows.values_list("key", "number", "version")
        }
    is_far = reading.layer.kind == LayerKind.S3
    versions = dict(_versions(dataset, again, is_far=is_far))
    with work.scope():
        for key in (key for key, now in versions.items() if now is None and key in known):
            lake.index.remove(object_number=known[key][0])
            LakeObject.objects.filter(number=known[key][0]).delete()
    changed = [
        StoredObject(key, version, 0)
        for key, version in versions.items()
        if version is not None
        and (again[key] or dataset.locator is Locator.TAG or known.get(key, ("", ""))[1] != version)
    ]
    if dataset.locator is Locator.METADATA_FILE:
        for listed in changed:
            with suppress(ObjectUnreachable):
                indexing.refresh_object(
                    dataset=dataset, listed=listed, work=work, lake=lake, clock=clock
                )
        return
    with closing(ThreadReaders(dataset).read(reading=reading, objects=changed)) as found:
        indexing.take_in(dataset, found, work, lake, clock, Refreshed())


def _versions(
    dataset: OpenDataset, keys: Iterable[str], *, is_far: bool
) -> Iterator[tuple[str, str | None]]:
    """The version in force of each that can be reached, None where it is gone."""

    def look(key: str) -> tuple[str, str | None] | None:
        try:
            return key, dataset.layer.version(key=key)
        except ObjectUnreachable:
            return None

    with closing(threads.in_order(keys, act=look, is_threaded=lambda _: is_far)) as looked:
        yield from filter(None, looked)


def _settle(looked_at: Sequence[ObjectNews]) -> None:
    """Newer news that came meanwhile stays pending."""
    before = {one.pk: (one.sequencer, one.updated_at) for one in looked_at}
    rows = ObjectNews.objects.select_for_update().filter(pk__in=before).order_by("key_fingerprint")
    same = [row.pk for row in rows if (row.sequencer, row.updated_at) == before[row.pk]]
    ObjectNews.objects.filter(pk__in=same).update(is_pending=False, retags=False, key="")
