"""Legal holds in tables of engines: rows of people on hold stay, and go by retry later."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, convert_to_deltalake, write_deltalake
from django.utils import timezone

from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.models import (
    Dataset,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
    LegalHold,
    StorageLayer,
)
from purge.services import decisions
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.factories.purge import BY_COLUMN, BY_EMAIL, a_delta_layer, a_table_dataset

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30
ROWS = pa.table(
    {
        "customer_id": [5, 7, 7, 7],
        "email": ["a@x.example", "uma@x.example", "dora@x.example", None],
    }
)


@pytest.fixture
def orders(company: Company) -> Path:
    """A Delta table whose dataset knows people by number and email, and nothing else."""
    company.dataset.delete()
    folder = purge.a_folder(company.namespace, "tables") / "orders"
    write_deltalake(folder, ROWS)
    a_table_dataset(a_delta_layer(), identifiers=BY_COLUMN + BY_EMAIL)
    return folder


def held(company: Company, **changes: object) -> LegalHold:
    subject: dict[str, object] = {"subject": {"email": "uma@x.example"}}
    return company.hold(**(subject | changes))


def looked_again(company: Company, request: ErasureRequest) -> ErasureRequest:
    decisions.look_again(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    company.locate(request.pk)
    request.refresh_from_db()
    return company.erase(company.approve(request))


def emails(folder: Path) -> list[str | None]:
    found: list[str | None] = DeltaTable(folder).to_pyarrow_table()["email"].to_pylist()
    return sorted(found, key=str)


def test_a_row_of_two_people_stays_while_one_is_held_and_goes_once_that_is_over(
    company: Company, orders: Path
) -> None:
    hold = held(company)

    request = company.located()
    [found] = ErasureReport.objects.get(hash=request.report_hash).document["objects"]
    request = company.erase(company.approve(request))

    assert (found["records"], found["held"], found["held_until"]) == (2, 1, hold.until.isoformat())
    assert emails(orders) == ["a@x.example", "uma@x.example"]
    assert request.state == "partially_failed"
    [problem] = request.problems
    assert (problem["reason"], problem["count"]) == ("legal_hold", 1)
    assert problem["until"] == hold.until.isoformat()
    remains = request.certificates.get().document["remains"]
    assert [one["why"] for one in remains] == ["it is kept under a legal hold"]

    company.lift(hold)
    request = looked_again(company, request)

    assert request.state == "completed"
    assert emails(orders) == ["a@x.example"]
    assert request.certificates.get(kind="complete").document["totals"]["records"] == 3


@pytest.mark.parametrize("over", ["the same layer", "a layer above", "its files"])
def test_a_hold_by_an_identifier_that_another_dataset_knows_keeps_the_row(
    company: Company, orders: Path, over: str
) -> None:
    Dataset.objects.update(identifiers=BY_COLUMN)
    match over:
        case "the same layer":
            layer = Dataset.objects.get().storage_layer
            a_table_dataset(layer, identifiers=BY_EMAIL, prefix="ord")
        case "a layer above":
            a_table_dataset(a_delta_layer(""), identifiers=BY_EMAIL)
        case _:
            layer = StorageLayer.objects.create(
                name="files", kind="filesystem", options={"path": "tables"}
            )
            Dataset.objects.create(
                storage_layer=layer, prefix="orders/", format="parquet", identifiers=BY_EMAIL
            )
    held(company)

    company.erase(company.approved())

    assert emails(orders) == ["a@x.example", "uma@x.example"]


def test_a_table_keeps_what_lies_in_its_files_for_whom_it_knows(
    company: Company, orders: Path
) -> None:
    """The other way round: the files are erased from, and only the table knows the email."""
    shutil.rmtree(orders)
    orders.mkdir()
    pq.write_table(ROWS, orders / "part-1.parquet")
    convert_to_deltalake(orders)
    Dataset.objects.update(identifiers=BY_EMAIL)
    layer = StorageLayer.objects.create(name="files", kind="filesystem", options={"path": "tables"})
    Dataset.objects.create(
        storage_layer=layer, prefix="orders/part", format="parquet", identifiers=BY_COLUMN
    )
    held(company)

    request = company.erase(company.approved())

    assert {one["reason"] for one in request.problems} == {"legal_hold"}
    left = pq.read_table(orders / "part-1.parquet")["email"].to_pylist()
    assert left == ["a@x.example", "uma@x.example"]


def test_a_hold_that_comes_while_rows_are_judged_counts(
    company: Company, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, placed = DeltaTableStore.find, list[LegalHold]()
    request = company.approved()

    def found(self: DeltaTableStore, **what: Any) -> Any:
        result = find(self, **what)
        if not placed:
            placed.append(held(company))
        return result

    monkeypatch.setattr(DeltaTableStore, "find", found)
    request = company.erase(request)

    assert emails(orders) == ["a@x.example", "uma@x.example"]
    assert request.state == "partially_failed"


def test_earlier_versions_stay_for_a_hold_that_comes_before_they_are_removed(
    company: Company, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reclaim, placed = DeltaTableStore.reclaim, list[LegalHold]()
    request = company.approved()

    def reclaimed(self: DeltaTableStore, **what: Any) -> str:
        placed.append(held(company))
        return reclaim(self, **what)

    with monkeypatch.context() as patched:
        patched.setattr(DeltaTableStore, "reclaim", reclaimed)
        request = company.erase(request)

    assert DeltaTable(orders, version=0).to_pyarrow_table().num_rows == 4
    assert {one["reason"] for one in request.problems} == {"legal_hold"}
    for hold in placed:
        company.lift(hold)
    assert company.retry(request).state == "completed"
    assert ErasureStep.objects.get().records == 3
    assert "uma" not in str([one.read_bytes() for one in orders.rglob("*") if one.is_file()])
