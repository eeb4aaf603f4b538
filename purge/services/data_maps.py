"""The data map: storage layers and datasets, made, changed, tried and indexed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from governance.audit import trail
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.outbox.models import OutboxMessage
from governance.outbox.services import messages
from governance.secrets import sealing
from purge import job_names
from purge.domain import locators
from purge.domain.identifiers import identifiers_of
from purge.domain.locators import Locator
from purge.models import Dataset, LakeObject, StorageLayer
from purge.ports import Format, Lake, LayerKind, ProbeStep
from purge.services import data_map_digests, hold_checks, layers

LAYER_FIELDS = ("name", "kind", "options")
DATASET_FIELDS = ("storage_layer", "prefix", "format", "compression", "locator", "identifiers")
NAME_LENGTH = 64


class DataMapInvalid(Invalid):
    code = "data_map_invalid"
    sentence = "This cannot be kept so: {why}."


class DataMapTaken(Conflict):
    code = "data_map_taken"
    sentence = "There is {what} like this already."


class LayerInUse(Conflict):
    code = "storage_layer_in_use"
    sentence = "{count} datasets lie in this storage layer. Remove them first."


@transaction.atomic
def save_layer(
    *,
    layer: StorageLayer,
    values: Mapping[str, object],
    lake: Lake,
    actor: Actor,
    now: datetime,
) -> StorageLayer:
    """Make or change a layer. `credentials` None keeps them. Raises LayerInvalid."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    for name in LAYER_FIELDS:
        if name in values:
            setattr(layer, name, values[name])
    _check_layer(layer)
    created = layer._state.adding  # noqa: SLF001 - Django's name
    place = None if created else layers.place(StorageLayer.objects.get(pk=layer.pk), lake=lake)
    if created:
        layer.save()
    else:
        hold_checks.check_stays(layer)
    secret = values.get("credentials")
    if isinstance(secret, str):
        sealing.put(layer, "credentials", secret)
    if layers.opened(layer, lake=lake).place() != place and not created:
        hold_checks.check_may_move(layer)
    if not created and _is_elsewhere(layer):
        data_map_digests.check_free(layer.datasets.values_list("pk", flat=True))
    layer.save()
    _record(layer, "created" if created else "changed", values, actor=actor, now=now)
    return layer


def _is_elsewhere(layer: StorageLayer) -> bool:
    before = StorageLayer.objects.get(pk=layer.pk)
    # Of PostgreSQL, the credentials say which server it is.
    is_another = layer.kind == LayerKind.POSTGRESQL and before.credentials != layer.credentials
    return is_another or (before.kind, before.options) != (layer.kind, layer.options)


def remove_layer(*, layer: StorageLayer, actor: Actor, now: datetime) -> None:
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    count = layer.datasets.count()
    if count:
        raise LayerInUse(count=count)
    _record(layer, "removed", {}, actor=actor, now=now)
    layer.delete()


def probe(
    *, layer_id: UUID, prefix: str = "", lake: Lake, actor: Actor, now: datetime
) -> Sequence[ProbeStep]:
    """Try the layer step by step: the button and the API share this."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    layer = StorageLayer.objects.get(pk=layer_id)
    steps = layers.opened(layer, lake=lake).probe(prefix=prefix)
    trail.record(
        actor=actor,
        action="storagelayer.tested",
        target=layer,
        detail={"ok": all(step.ok for step in steps)},
        now=now,
    )
    return steps


def save_dataset(
    *, dataset: Dataset, values: Mapping[str, object], actor: Actor, now: datetime
) -> Dataset:
    """Make or change a dataset. What changes how it is read makes its index worthless."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    before = None if dataset._state.adding else Dataset.objects.get(pk=dataset.pk)  # noqa: SLF001 - Django's name
    for name in DATASET_FIELDS:
        if name in values:
            setattr(dataset, name, values[name])
    _check_dataset(dataset)
    is_changed = before is not None and any(
        getattr(before, name) != getattr(dataset, name) for name in DATASET_FIELDS
    )
    if before is None or is_changed:
        hold_checks.check_arrival(dataset)
    if before is not None:
        hold_checks.check_change(before, dataset)
    if is_changed:
        data_map_digests.check_free([dataset.pk])
        rows = LakeObject.objects.filter(dataset=dataset)
        rows.filter(current=True).update(version="")
        # Each old version keeps a name of its own, which no layer has: the next look drops it.
        rows.filter(current=False).update(version=Cast("number", CharField()))
        dataset.indexed_at = None
    dataset.save()
    _record(dataset, "created" if before is None else "changed", values, actor=actor, now=now)
    return dataset


def remove_dataset(*, dataset: Dataset, lake: Lake, actor: Actor, now: datetime) -> None:
    """Its index goes with it. Records in the lake stay where they are, and are found no more."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    hold_checks.check_removal(dataset, lake=lake)
    data_map_digests.check_free([dataset.pk])
    for number in LakeObject.objects.filter(dataset=dataset).values_list("number", flat=True):
        lake.index.remove(object_number=number)
    _record(dataset, "removed", {}, actor=actor, now=now)
    dataset.delete()


def start_indexing(*, dataset_id: UUID, actor: Actor, now: datetime) -> OutboxMessage:
    """A job that brings the index up to date; its progress is at `jobs/`."""
    require(actor=actor, action=Action.MANAGE_DATA_MAP)
    dataset = Dataset.objects.get(pk=dataset_id)
    trail.record(actor=actor, action="dataset.indexing_started", target=dataset, now=now)
    return messages.enqueue_job(name=job_names.INDEX, dataset_id=dataset.pk)


def _check_layer(layer: StorageLayer) -> None:
    if not layer.name or len(layer.name) > NAME_LENGTH:
        raise _wrong("/name", "give it a name of at most 64 characters")
    if layer.kind not in set(LayerKind):
        raise _wrong("/kind", "choose one of the kinds")
    if not isinstance(layer.options, dict):
        raise _wrong("/options", "give an object")
    if StorageLayer.objects.filter(name=layer.name).exclude(pk=layer.pk).exists():
        raise DataMapTaken(what="a storage layer")


def _check_dataset(dataset: Dataset) -> None:
    identifiers = identifiers_of(dataset.identifiers)
    if len({one.name for one in identifiers}) < len(identifiers):
        raise _wrong("/identifiers", "each identifier has a name of its own")
    if dataset.format not in set(Format):
        raise _wrong("/format", "choose one of the formats")
    if dataset.locator not in set(Locator):
        raise _wrong("/locator", "choose one of the locators")
    of_tables = dataset.storage_layer.kind in {LayerKind.POSTGRESQL, LayerKind.TABLE}
    if of_tables != (dataset.format == Format.TABLE):
        raise _wrong("/format", "table for a layer of tables, another format for one of objects")
    problem = locators.problem(Locator(dataset.locator), identifiers=identifiers)
    if problem:
        raise _wrong("/locator", problem)
    if dataset.prefix.startswith("/") or ".." in dataset.prefix.split("/"):
        raise _wrong("/prefix", "a prefix is the beginning of names inside the layer")
    same = Dataset.objects.filter(storage_layer=dataset.storage_layer).exclude(pk=dataset.pk)
    if same.filter(prefix=dataset.prefix).exists():
        raise DataMapTaken(what="a dataset")


def _wrong(pointer: str, why: str) -> DataMapInvalid:
    return DataMapInvalid(why=why, errors=[FieldError(pointer, "invalid", why)])


def _record(
    row: StorageLayer | Dataset,
    verb: str,
    values: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    kind = type(row).__name__.lower()
    detail = {"fields": sorted(values)}
    trail.record(actor=actor, action=f"{kind}.{verb}", target=row, detail=detail, now=now)
