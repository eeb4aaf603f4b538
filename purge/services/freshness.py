"""Whether the lake is still as a report says: one look at the version of each object in it."""

from uuid import UUID

from purge.models import Dataset, ErasureReport, ErasureRequest, LakeObject
from purge.ports import Format, Lake, LayerInvalid, ObjectUnreachable
from purge.services import indexing


def is_current(*, request_id: UUID, lake: Lake) -> bool:
    """False where an object of the report changed, went away or cannot be looked at."""
    request = ErasureRequest.objects.get(pk=request_id)
    report = ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()
    if report is None:
        return False
    versions = {one["number"]: one["version"] for one in report.document["objects"]}
    rows = LakeObject.objects.filter(number__in=versions).select_related("dataset")
    if rows.count() != len(versions):
        return False
    try:
        return all(_is_at(row, versions[row.number], lake=lake) for row in rows)
    except (ObjectUnreachable, LayerInvalid):
        return False


def _is_at(row: LakeObject, version: str, *, lake: Lake) -> bool:
    if row.version != version:
        return False
    dataset = Dataset.objects.select_related("storage_layer").get(pk=row.dataset_id)
    if dataset.format == Format.TABLE:
        # Only the rows that match are deleted, whatever else was written to the table since.
        return True
    if not row.current:
        return True
    layer = indexing.opened(dataset, lake=lake).layer
    return version == layer.version(key=row.key)
