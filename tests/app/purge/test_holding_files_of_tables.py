"""An Iceberg table lies where its catalog says, not where its name does: holds find it there."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone
from pyiceberg.catalog.sql import SqlCatalog

from purge.models import Dataset, ErasureRequest, LegalHold, StorageLayer
from purge.services import holds
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.factories.purge import BY_EMAIL

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = pa.table({"customer_id": [5, 7, 7], "email": ["a@x.example", "uma@x.example", None]})


@pytest.fixture
def catalog(company: Company) -> SqlCatalog:
    """With one table, in a folder of another name."""
    company.dataset.delete()
    home = purge.a_folder(company.namespace, "warehouse")
    catalog = SqlCatalog("default", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}")
    catalog.create_namespace("sales")
    table = catalog.create_table("sales.orders", schema=ROWS.schema, location=f"file://{home}/heap")
    table.append(ROWS)
    return catalog


@pytest.fixture
def table(catalog: SqlCatalog) -> Dataset:
    layer = StorageLayer.objects.create(
        name="iceberg", kind="table", options={"engine": "iceberg", "path": "warehouse"}
    )
    return purge.a_table_dataset(layer, prefix="sales.orders")


@pytest.fixture
def files(company: Company) -> Dataset:
    layer = StorageLayer.objects.create(
        name="files", kind="filesystem", options={"path": "warehouse"}
    )
    return Dataset.objects.create(
        storage_layer=layer, prefix="heap/data/", format="parquet", identifiers=BY_EMAIL
    )


def held(company: Company, *, dataset: Dataset | None = None) -> LegalHold:
    return holds.place(
        subject={"email": "uma@x.example"} if dataset is None else None,
        dataset=dataset,
        reason="A court asked for it.",
        until=timezone.now() + timedelta(days=1),
        actor=tenancy.an_actor(company.olga),
        now=timezone.now(),
    )


def reasons(request: ErasureRequest) -> set[str]:
    return {one["reason"] for one in request.problems}


def numbers(catalog: SqlCatalog) -> list[int]:
    found: list[int] = (
        catalog.load_table("sales.orders").scan().to_arrow()["customer_id"].to_pylist()
    )
    return found


def test_somebody_whom_only_the_dataset_of_its_files_knows_stays_in_the_table(
    company: Company, catalog: SqlCatalog, table: Dataset, files: Dataset
) -> None:
    held(company)

    request = company.erase(company.approved())

    assert numbers(catalog) == [5, 7]
    assert reasons(request) == {"legal_hold"}


def test_a_table_stays_while_its_files_are_on_hold(
    company: Company, catalog: SqlCatalog, table: Dataset, files: Dataset
) -> None:
    held(company, dataset=files)

    request = company.erase(company.approved())

    assert numbers(catalog) == [5, 7, 7]
    assert reasons(request) == {"legal_hold"}


def test_files_stay_while_the_table_is_on_hold(
    company: Company, catalog: SqlCatalog, table: Dataset, files: Dataset
) -> None:
    held(company, dataset=table)

    request = company.erase(company.approved(people=[{"email": "uma@x.example"}]))

    [file] = _data(catalog)
    assert "uma@x.example" in pq.read_table(file)["email"].to_pylist()
    assert reasons(request) == {"legal_hold"}


def test_all_of_a_layer_stays_while_the_catalog_of_what_is_on_hold_cannot_be_read(
    company: Company, catalog: SqlCatalog, table: Dataset, files: Dataset
) -> None:
    [file] = _data(catalog)
    held(company, dataset=table)
    company_home = file.parents[2]
    (company_home / "catalog.db").rename(company_home / "elsewhere.db")

    request = company.erase(company.approved(people=[{"email": "uma@x.example"}]))

    assert "uma@x.example" in pq.read_table(file)["email"].to_pylist()
    assert reasons(request) == {"legal_hold"}


def _data(catalog: SqlCatalog) -> list[Path]:
    location = catalog.load_table("sales.orders").location().removeprefix("file://")
    return sorted(Path(location).rglob("*.parquet"))
