"""Legal holds in tables of engines: rows of people on hold stay, and go by retry later."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, convert_to_deltalake, write_deltalake
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.models import (
    Dataset,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
    LegalHold,
    StorageLayer,
)
from purge.ports import Deletion, Format, LayerKind
from purge.services import decisions
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.tables import FakeTableStore

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30
BY_NUMBER = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]
BY_BOTH = [*BY_NUMBER, {"name": "email", "path": "email", "type": "string"}]
ROWS = pa.table(
    {
        "customer_id": [5, 7, 7, 7],
        "email": ["a@x.example", "uma@x.example", "dora@x.example", None],
    }
)


def a_layer(path: str = "tables") -> StorageLayer:
    return StorageLayer.objects.create(
        name=f"delta {path}", kind=LayerKind.TABLE, options={"engine": "delta", "path": path}
    )


def a_table_dataset(
    layer: StorageLayer, identifiers: list[dict[str, str]], prefix: str = ""
) -> None:
    Dataset.objects.create(
        storage_layer=layer, prefix=prefix, format=Format.TABLE, identifiers=identifiers
    )


@pytest.fixture
def orders(company: Company) -> Path:
    """A Delta table whose dataset knows people by number and email, and nothing else."""
    company.dataset.delete()
    folder = purge.a_folder(company.namespace, "tables") / "orders"
    write_deltalake(folder, ROWS)
    a_table_dataset(a_layer(), BY_BOTH)
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
    Dataset.objects.update(identifiers=BY_NUMBER)
    by_email = BY_BOTH[1:]
    match over:
        case "the same layer":
            layer = Dataset.objects.get().storage_layer
            a_table_dataset(layer, by_email, prefix="ord")
        case "a layer above":
            a_table_dataset(a_layer(""), by_email)
        case _:
            layer = StorageLayer.objects.create(
                name="files", kind="filesystem", options={"path": "tables"}
            )
            Dataset.objects.create(
                storage_layer=layer, prefix="orders/", format="parquet", identifiers=by_email
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
    Dataset.objects.update(identifiers=BY_BOTH[1:])
    layer = StorageLayer.objects.create(name="files", kind="filesystem", options={"path": "tables"})
    Dataset.objects.create(
        storage_layer=layer, prefix="orders/part", format="parquet", identifiers=BY_NUMBER
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


# --- no moment between the last look and the deed


@pytest.fixture
def store() -> FakeTableStore:
    store = FakeTableStore()
    store.put("orders", {"customer_id": 5}, {"customer_id": 7})
    return store


@pytest.fixture
def acme(make_company: Callable[[str], Company], store: FakeTableStore) -> Company:
    """With no scope open: each thread opens its own."""
    acme = make_company("acme")
    acme.lake = dataclasses.replace(acme.lake, tables=lambda _: store)
    with namespace_scope(acme.namespace.pk):
        acme.dataset.delete()
        a_table_dataset(a_layer(), BY_NUMBER)
    return acme


@pytest.fixture
def request_approved(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.approved()


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool


def place(acme: Company, until_then: Callable[[], object] = lambda: None) -> None:
    """By a connection of its own, committed after `until_then`."""
    try:
        with namespace_scope(acme.namespace.pk):
            held(acme, subject={"customer_id": 7})
            until_then()
    finally:
        connections.close_all()


def test_who_places_one_waits_for_rows_that_are_being_deleted(
    acme: Company,
    store: FakeTableStore,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = store.delete
    placing: list[Future[None]] = []
    placed: list[set[Future[None]]] = []

    def slow(*, announce: Any, **what: Any) -> int:
        @contextmanager
        def announced(deletion: Deletion) -> Iterator[None]:
            with announce(deletion):
                placing.append(elsewhere.submit(place, acme))
                placed.append(wait(placing, timeout=0.5).done)
                yield

        return delete(announce=announced, **what)

    monkeypatch.setattr(store, "delete", slow)
    acme.carry_out(request_approved)
    placing[0].result(timeout=ENOUGH)

    assert placed == [set()]
    assert store.rows["orders"] == [{"customer_id": 5}]
    with namespace_scope(acme.namespace.pk):
        assert LegalHold.objects.count() == 1


def test_who_deletes_rows_waits_for_a_hold_that_is_being_placed(
    acme: Company,
    store: FakeTableStore,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
) -> None:
    is_placed, may_commit = Event(), Event()

    def until_then() -> None:
        is_placed.set()
        may_commit.wait(ENOUGH)

    hold = elsewhere.submit(place, acme, until_then)
    assert is_placed.wait(ENOUGH)
    Timer(0.5, may_commit.set).start()
    acme.carry_out(request_approved)
    hold.result(timeout=ENOUGH)

    assert store.rows["orders"] == [{"customer_id": 5}, {"customer_id": 7}]
    with namespace_scope(acme.namespace.pk):
        request_approved.refresh_from_db()
        assert {one["reason"] for one in request_approved.problems} == {"legal_hold"}
