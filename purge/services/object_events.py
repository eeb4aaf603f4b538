"""Following a store's events: hear, remember what is to be looked at, look, and index it anew.

An event is only a hint: the object is then indexed as the store has it. So events may come twice
or in any order and change nothing; comparing sequencers only saves looking again.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.outbox.services import messages
from purge import job_names
from purge.domain import object_events
from purge.domain.locators import Locator
from purge.domain.object_events import Entry, ObjectEvent
from purge.models import Dataset, LakeObject, ObjectNews, StorageLayer
from purge.ports import Lake, LayerInvalid, LayerKind, ObjectUnreachable, StoredObject, Work
from purge.services import indexing, keyrings
from purge.services.indexing import Clock, OpenDataset

AT_ONCE = 500


@dataclass(slots=True)
class Heard:
    """What became of each record of a notification, by its position."""

    applied: list[int] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


def hear(*, document: object, actor: Actor) -> Heard:
    """Remember what is to be looked at, and have a job look. Needs the scope."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    layers = list(StorageLayer.objects.filter(kind__in=[LayerKind.S3, LayerKind.FILESYSTEM]))
    key = keyrings.fingerprint_key()
    heard = Heard()
    told: set[UUID] = set()
    for entry in object_events.entries(document):
        if entry.event is None:
            _turned_away(entry, heard)
            continue
        noted, why = _note(entry.event, layers, key)
        if noted:
            heard.applied.append(entry.position)
            told.update(noted)
        else:
            heard.ignored.append((entry.position, why))
    for layer_id in sorted(told):
        messages.enqueue_job(name=job_names.FOLLOW, storage_layer_id=layer_id)
    return heard


def _turned_away(entry: Entry, heard: Heard) -> None:
    if entry.refused:
        heard.refused.append((entry.position, entry.refused))
    else:
        heard.ignored.append((entry.position, entry.ignored))


def _note(event: ObjectEvent, layers: Sequence[StorageLayer], key: bytes) -> tuple[list[UUID], str]:
    """The layers in which it is news; else why it is none."""
    noted: list[UUID] = []
    why = "no dataset here has objects of that bucket and name"
    for layer, name in _within(event, layers):
        datasets = [one for one in layer.datasets.all() if name.startswith(one.prefix)]
        if not datasets:
            continue
        if _is_indexed(event, name, datasets):
            why = "that version is indexed already"
        elif _remember(event, layer, name, key):
            noted.append(layer.pk)
        else:
            why = "a newer event of it came before"
    return noted, why


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


def _is_indexed(event: ObjectEvent, key: str, datasets: Sequence[Dataset]) -> bool:
    """What an erasure published is indexed by the erasure: its own event is no news."""
    if event.retags or not event.etag:
        return False
    versions = {event.etag, f"{event.etag}@{event.version_id}"}
    found = LakeObject.objects.filter(dataset__in=datasets, key=key, current=True)
    return found.filter(version__in=versions).count() == len(datasets)


def _remember(event: ObjectEvent, layer: StorageLayer, key: str, secret: bytes) -> bool:
    print_ = hmac.digest(secret, f"{layer.pk}\0{key}".encode("utf-8", "surrogatepass"), "sha256")
    fresh = ObjectNews(
        namespace_id=layer.namespace_id,
        storage_layer=layer,
        key_fingerprint=print_.hex(),
        key=key,
        sequencer=event.sequencer,
        retags=event.retags,
    )
    ObjectNews.objects.bulk_create([fresh], ignore_conflicts=True)
    row = ObjectNews.objects.select_for_update().get(
        storage_layer=layer, key_fingerprint=fresh.key_fingerprint
    )
    if row.pk == fresh.pk:
        return True
    if event.sequencer and not object_events.is_newer(event.sequencer, than=row.sequencer):
        return False
    row.key, row.is_pending = key, True
    row.sequencer = event.sequencer or row.sequencer
    row.retags = row.retags or event.retags
    row.save()
    return True


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
        opened = [_opened(one, lake=lake) for one in datasets]
    ready = [one for one in opened if one is not None]
    for position, news in enumerate(pending, 1):
        _follow_one(news, ready, work=work, lake=lake, clock=clock)
        work.progress(done=position, total=len(pending))
    if len(pending) == AT_ONCE:
        with work.scope():
            messages.enqueue_job(name=job_names.FOLLOW, storage_layer_id=layer_id)
    return len(pending)


def _opened(dataset: Dataset, *, lake: Lake) -> OpenDataset | None:
    try:
        return indexing.opened(dataset, lake=lake)
    except LayerInvalid:
        return None


def _follow_one(
    news: ObjectNews, datasets: Sequence[OpenDataset], *, work: Work, lake: Lake, clock: Clock
) -> None:
    try:
        for dataset in datasets:
            if news.key.startswith(dataset.prefix):
                look_at(dataset, key=news.key, again=news.retags, work=work, lake=lake, clock=clock)
    except ObjectUnreachable:
        # It is reported by whoever locates; news of it will come when it can be reached.
        pass
    with work.scope():
        # Newer news that came meanwhile stays pending.
        ObjectNews.objects.filter(
            pk=news.pk, sequencer=news.sequencer, updated_at=news.updated_at
        ).update(is_pending=False, retags=False, key="")


def look_at(
    dataset: OpenDataset, *, key: str, again: bool, work: Work, lake: Lake, clock: Clock
) -> None:
    """Index the object as it is now, unless that is what is indexed. Raises ObjectUnreachable."""
    version = dataset.layer.version(key=key)
    with work.scope():
        row = LakeObject.objects.filter(dataset_id=dataset.id, key=key, current=True).first()
    if version is None:
        if row is not None:
            with work.scope():
                lake.index.remove(object_number=row.number)
                row.delete()
        return
    if row is None or row.version != version or again or dataset.locator is Locator.TAG:
        listed = StoredObject(key, version, 0)
        indexing.refresh_object(dataset=dataset, listed=listed, work=work, lake=lake, clock=clock)
