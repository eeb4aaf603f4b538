"""Whether the lake is still as a report says: one look at the version of each object in it.

Where a bucket has not many more objects than the report names, they are listed, a thousand in one
request. What a listing shows otherwise is looked at by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from governance.isolation import scopes
from purge.models import Dataset, ErasureReport, ErasureRequest, LakeObject
from purge.ports import Format, Lake, LayerInvalid, LayerKind, ObjectUnreachable, StoredObject
from purge.services import data_map_digests, indexing, threads
from purge.services.indexing import OpenDataset

LISTED_FOR_ONE = 50
"""Names that a listing brings in the time of one look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Objects of one dataset, and the versions that a report says of them, by key."""

    dataset: OpenDataset
    kind: str
    versions: Mapping[str, str]
    is_listed: bool


def is_current(*, request_id: UUID, lake: Lake) -> bool:
    """False where an object of the report changed, went away or cannot be looked at.

    No transaction is open while stores are asked, where nothing was written in it before.
    """
    request = ErasureRequest.objects.get(pk=request_id)
    report = ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()
    if report is None or not data_map_digests.match(report):
        return False
    versions = {one["number"]: one["version"] for one in report.document["objects"]}
    rows = list(LakeObject.objects.filter(number__in=versions))
    if len(rows) != len(versions) or any(row.version != versions[row.number] for row in rows):
        return False
    try:
        looks = list(_looks(rows, lake=lake))
        with scopes.resting():
            return all(map(_is_so, looks))
    except (ObjectUnreachable, LayerInvalid):
        return False


def _looks(rows: Sequence[LakeObject], *, lake: Lake) -> Iterator[Look]:
    """Of tables none: only the rows that match are deleted, whatever else was written since.

    Of versions that are not in force none either: they stay what they are.
    """
    named: dict[UUID, dict[str, str]] = {}
    for row in rows:
        if row.current:
            named.setdefault(row.dataset_id, {})[row.key] = row.version
    datasets = Dataset.objects.select_related("storage_layer").filter(pk__in=named)
    for dataset in datasets.exclude(format=Format.TABLE).order_by("pk"):
        versions, kind = named[dataset.pk], dataset.storage_layer.kind
        known = LakeObject.objects.filter(dataset=dataset)[: LISTED_FOR_ONE * len(versions) + 1]
        yield Look(
            dataset=indexing.opened(dataset, lake=lake),
            kind=kind,
            versions=versions,
            is_listed=kind == LayerKind.S3 and known.count() <= LISTED_FOR_ONE * len(versions),
        )


def _is_so(look: Look) -> bool:
    """Raises ObjectUnreachable."""
    layer, left = look.dataset.layer, dict(look.versions)
    for one in layer.objects(prefix=look.dataset.prefix) if look.is_listed else ():
        if isinstance(one, StoredObject) and one.current and left.get(one.key) == one.version:
            del left[one.key]

    def is_there(key: str) -> bool:
        return layer.version(key=key) == left[key]

    looked = threads.in_order(left, act=is_there, is_threaded=lambda _: look.kind == LayerKind.S3)
    with closing(looked):
        return all(looked)
