"""How the datasets of a report were described: what was approved is carried out as it was read.

Whoever may change the data map could else, after the approval, have other people's records cut: by
another path under an identifier's name, another prefix, another folder. The report holds a digest
of each of its datasets. It is compared when the report is approved, when the work begins, and when
it is tried again; while the work goes on, those datasets and their layers stay as they are.
"""

import hmac
from collections.abc import Collection, Iterable
from uuid import UUID

from governance.kernel.refusals import Conflict
from governance.secrets import sealing
from purge.domain.erasure import State
from purge.domain.reports import digest
from purge.models import Dataset, ErasureReport, ErasureStep, StorageLayer
from purge.ports import LayerKind
from purge.services import keyrings

AT_WORK = (State.PURGING.value, State.VERIFYING.value)


class DatasetBeingErased(Conflict):
    code = "dataset_being_erased"
    sentence = (
        "An approved erasure is being carried out in this dataset. Change it once that has ended, "
        "or stop the erasure first."
    )


def of_datasets(dataset_ids: Iterable[UUID | str]) -> dict[str, str]:
    """A digest by dataset, of everything that decides which records are found in it."""
    rows = Dataset.objects.select_related("storage_layer").filter(pk__in=set(dataset_ids))
    return {str(row.pk): _digest(row) for row in rows.order_by("pk")}


def match(report: ErasureReport) -> bool:
    """Whether each dataset of the report is still described as it was."""
    before = report.document.get("data_map", {})
    return bool(of_datasets(before) == before)


def lock_and_match(report: ErasureReport) -> bool:
    """Whether `match` holds, and nobody changes one of them until the transaction ends."""
    _lock(report.document.get("data_map", {}))
    return match(report)


def check_free(dataset_ids: Collection[UUID]) -> None:
    """Raises DatasetBeingErased. No erasure begins in them until the transaction ends."""
    _lock(dataset_ids)
    steps = ErasureStep.objects.filter(
        lake_object__dataset__in=dataset_ids, erasure_request__state__in=AT_WORK
    )
    if steps.exists():
        raise DatasetBeingErased


def _lock(dataset_ids: Iterable[UUID | str]) -> None:
    rows = Dataset.objects.filter(pk__in=set(dataset_ids)).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _digest(dataset: Dataset) -> str:
    layer = dataset.storage_layer
    return digest(
        {
            "layer": str(layer.pk),
            "kind": layer.kind,
            "options": layer.options,
            "address": _address(layer),
            "prefix": dataset.prefix,
            "format": dataset.format,
            "locator": dataset.locator,
            "identifiers": dataset.identifiers,
        }
    )


def _address(layer: StorageLayer) -> str:
    """A fingerprint of which server it is, where that stands with the password."""
    sealed = sealing.get(layer, "credentials") if layer.kind == LayerKind.POSTGRESQL else None
    if sealed is None:
        return ""
    return hmac.digest(keyrings.fingerprint_key(), sealed.reveal().encode(), "sha256").hex()
