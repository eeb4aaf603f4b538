"""What the data map may not be changed into while something is on legal hold.

A hold on a dataset goes where the dataset goes. A hold on a person is respected where some dataset
finds the person: take that dataset away, and the next erasure of somebody else takes the record.
"""

from governance.isolation.scopes import current_namespace_id
from governance.kernel.refusals import Conflict
from purge.domain.identifiers import Identifier, identifiers_of
from purge.models import Dataset, StorageLayer
from purge.ports import Lake
from purge.services import holds, layers, locks

PLACE_FIELDS = ("storage_layer_id", "prefix", "format")
Finder = tuple[Identifier, str]
"""An identifier and the locator. By another type the same record may name nobody any more."""


class DatasetHeld(Conflict):
    code = "dataset_on_legal_hold"
    sentence = (
        "This dataset is on legal hold. Lift the hold before you remove the dataset or change "
        "where it lies or its format."
    )


class IdentifierHeld(Conflict):
    code = "identifier_on_legal_hold"
    sentence = (
        "People are on legal hold by {names}. Until those holds end, the dataset finds them as it "
        "does now."
    )


class OnlyDatasetFindsHeld(Conflict):
    code = "dataset_finds_people_on_legal_hold"
    sentence = (
        "People are on legal hold by {names}, and where this dataset lies no other one finds them "
        "as it does. Lift those holds before you remove it, or first make a dataset with the same "
        "identifiers and locator that begins at the same place or above it."
    )


class IdentifierHeldOtherwise(Conflict):
    code = "identifier_of_legal_hold_is_otherwise"
    sentence = (
        "People are on legal hold by {names}, which other datasets make of other columns: this one "
        "would not find them. Give it the same columns in the same order, or another name."
    )


class LayerHeld(Conflict):
    code = "storage_layer_on_legal_hold"
    sentence = (
        "A dataset in this storage layer is on legal hold, or finds people who are. Lift those "
        "holds before you have the layer lead elsewhere."
    )


def _check_not_held(dataset: Dataset) -> None:
    """A hold goes with its dataset: what is on hold is not taken away from under it."""
    if holds.until_of(dataset.pk):
        raise DatasetHeld


def check_change(before: Dataset, after: Dataset) -> None:
    """What is on hold stays so: neither moves it, nor is it looked for elsewhere than it lies."""
    locks.no_hold_until_commit(current_namespace_id())
    moves = any(getattr(before, name) != getattr(after, name) for name in PLACE_FIELDS)
    if moves:
        _check_not_held(before)
    lost = _finds_held(before) - (frozenset() if moves else _finds_held(after))
    if lost:
        raise IdentifierHeld(names=_named(lost))


def check_removal(dataset: Dataset, *, lake: Lake) -> None:
    """Records of people on hold may lie in the objects of other datasets, which know them not."""
    locks.no_hold_until_commit(current_namespace_id())
    _check_not_held(dataset)
    lost = _finds_held(dataset)
    begins = layers.place(dataset.storage_layer, lake=lake)
    if begins is None:
        return  # Nothing can be deleted where it lies.
    others = Dataset.objects.select_related("storage_layer").exclude(pk=dataset.pk)
    for one in others if lost else ():
        above = layers.place(one.storage_layer, lake=lake)
        if above is not None and f"{begins}{dataset.prefix}".startswith(f"{above}{one.prefix}"):
            lost -= _finds_held(one)
    if lost:
        raise OnlyDatasetFindsHeld(names=_named(lost))


def check_arrival(dataset: Dataset) -> None:
    """A dataset that finds people on hold, where none did maybe, comes between no look and deed.

    Others wait for the end of this transaction. Raises DatasetMustWait, IdentifierHeldOtherwise.
    """
    namespace_id = current_namespace_id()
    if not _finds_held(dataset):
        # From here on no hold arrives; one may have just before.
        locks.no_hold_until_commit(namespace_id)
        if _finds_held(dataset):
            raise locks.DatasetMustWait
        return
    locks.let_deletions_end(namespace_id, refusal=locks.DatasetMustWait)
    _check_columns(dataset)


def _check_columns(dataset: Dataset) -> None:
    """Who is held by a number and a town is found by no number alone."""
    held, known = holds.names_of_people(), dict[str, set[tuple[str, ...]]]()
    for one in Dataset.objects.exclude(pk=dataset.pk):
        for identifier in identifiers_of(one.identifiers):
            known.setdefault(identifier.name, set()).add(_columns(identifier))
    other = {
        one.name
        for one in identifiers_of(dataset.identifiers)
        if one.name in held & known.keys() and _columns(one) not in known[one.name]
    }
    if other:
        raise IdentifierHeldOtherwise(names=", ".join(sorted(other)))


def _columns(identifier: Identifier) -> tuple[str, ...]:
    return tuple(part.name for part in identifier.parts)


def _finds_held(dataset: Dataset) -> frozenset[Finder]:
    """How the dataset finds whom people on hold are known by."""
    names = holds.names_of_people()
    return frozenset(
        (one, dataset.locator) for one in identifiers_of(dataset.identifiers) if one.name in names
    )


def _named(finders: frozenset[Finder]) -> str:
    return ", ".join(sorted({one.name for one, _ in finders}))


def check_stays(layer: StorageLayer) -> None:
    before = StorageLayer.objects.get(pk=layer.pk)
    if (before.kind, before.options) != (layer.kind, layer.options) and any(
        holds.until_of(dataset.pk) for dataset in before.datasets.all()
    ):
        raise LayerHeld


def check_may_move(layer: StorageLayer) -> None:
    """Credentials too may say where a layer leads."""
    locks.no_hold_until_commit(current_namespace_id())
    if any(holds.until_of(one.pk) or _finds_held(one) for one in layer.datasets.all()):
        raise LayerHeld
