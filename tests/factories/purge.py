"""Builders of lakes, datasets and erasures. Each works in the scope that is open."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from purge import wiring
from purge.models import Dataset, StorageLayer
from purge.ports import Format, Lake, LayerKind
from purge.services import indexing

IDENTIFIERS = [
    {"name": "customer_id", "path": "customer.id", "type": "integer"},
    {"name": "email", "path": "email", "type": "string"},
]
BY_NUMBER, BY_EMAIL = IDENTIFIERS[:1], IDENTIFIERS[1:]
# A table has columns and no paths into them.
BY_COLUMN = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]


class DirectWork:
    """Work as a job has it, without a job."""

    def __init__(self, namespace_id: UUID) -> None:
        self._namespace_id = namespace_id
        self.told: list[tuple[int, int | None]] = []

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(self._namespace_id):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        self.told.append((done, total))


def a_lake() -> Lake:
    return wiring.lake()


def a_folder(namespace: Namespace, name: str = "sales") -> Path:
    """A folder in the namespace's part of the lake."""
    folder = Path(settings.LAKE_ROOTS[0]) / namespace.name / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def a_dataset(
    *,
    path: str = "sales",
    prefix: str = "",
    identifiers: Sequence[Mapping[str, object]] = IDENTIFIERS,
) -> Dataset:
    layer = StorageLayer.objects.create(name=path, kind="filesystem", options={"path": path})
    return Dataset.objects.create(storage_layer=layer, prefix=prefix, identifiers=list(identifiers))


def a_delta_layer(path: str = "tables") -> StorageLayer:
    return StorageLayer.objects.create(
        name=f"delta {path}", kind=LayerKind.TABLE, options={"engine": "delta", "path": path}
    )


def a_table_dataset(
    layer: StorageLayer,
    *,
    identifiers: Sequence[Mapping[str, object]] = BY_COLUMN,
    prefix: str = "",
) -> Dataset:
    return Dataset.objects.create(
        storage_layer=layer, prefix=prefix, format=Format.TABLE, identifiers=list(identifiers)
    )


def records(*customers: int) -> bytes:
    """A purchase for each customer number, one a line."""
    return b"".join(
        json.dumps(
            {"customer": {"id": customer}, "email": f"c{customer}@customer.example", "n": position}
        ).encode()
        + b"\n"
        for position, customer in enumerate(customers)
    )


def indexed(dataset: Dataset) -> indexing.Refreshed:
    return indexing.refresh(
        dataset_id=dataset.pk,
        work=DirectWork(dataset.namespace_id),
        lake=a_lake(),
        clock=timezone.now,
    )
