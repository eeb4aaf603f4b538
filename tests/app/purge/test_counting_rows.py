"""Rows of tables are counted once, wherever a worker dies and whatever others did meanwhile."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import timezone
from psycopg import Connection

from governance.isolation.scopes import namespace_scope
from purge.adapters.tables.delta_table_store import DeltaVersion
from purge.models import ErasureReport, ErasureRequest, ErasureStep
from purge.services import decisions
from tests.app.purge.conftest import Company
from tests.contract.test_table_stores import PostgreSQLBench
from tests.factories import purge, tenancy
from tests.fakes.killer import Killer, was_killed

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = pa.table(
    {
        "customer_id": [5, 7, 7, 7],
        "email": ["a@x.example", "uma@x.example", "dora@x.example", None],
    }
)


@pytest.fixture
def orders(company: Company) -> Path:
    company.dataset.delete()
    folder = purge.a_folder(company.namespace, "tables") / "orders"
    write_deltalake(folder, ROWS)
    purge.a_table_dataset(purge.a_delta_layer())
    return folder


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "dies_before",
    [
        "purge.services.steps.deleting",
        "purge.adapters.tables.delta_table_store.DeltaVersion.delete",
        "purge.services.steps.deleted",
        "purge.adapters.tables.delta_table_store.DeltaVersion.reclaim",
        "purge.services.steps.reclaimed",
    ],
)
def test_rows_are_counted_once_wherever_a_worker_dies(
    company: Company, orders: Path, monkeypatch: pytest.MonkeyPatch, dies_before: str
) -> None:
    """Earlier versions have a copy of each row, and are found again when it starts over."""
    DeltaTable(orders).delete("email = 'dora@x.example'")
    request = company.located()
    [found] = ErasureReport.objects.get(hash=request.report_hash).document["objects"]
    company.approve(request)
    with monkeypatch.context() as patched:
        patched.setattr(dies_before, _die)
        with pytest.raises(KeyboardInterrupt):
            company.carry_out(request)

    request = company.erase(request)

    assert request.state == "completed"
    assert ErasureStep.objects.get().records == found["records"] == 5
    assert "stopped while it deleted" not in ErasureStep.objects.get().reclaim


def test_rows_that_wait_to_be_reclaimed_are_not_counted_by_the_next_report_again(
    company: Company, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(DeltaVersion, "reclaim", _die)
        with pytest.raises(KeyboardInterrupt):
            company.carry_out(company.approved())
    request = ErasureRequest.objects.get()
    (orders / "on-its-way.parquet").write_bytes(next(orders.glob("part*")).read_bytes())
    request = company.erase(request)
    assert {one["reason"] for one in request.problems} == {"being_written"}
    (orders / "on-its-way.parquet").unlink()
    write_deltalake(orders, ROWS.slice(1, 1), mode="append")

    decisions.look_again(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    company.locate(request.pk)
    request.refresh_from_db()
    request = company.erase(company.approve(request))

    assert request.state == "completed"
    assert ErasureStep.objects.get().records == 4


def test_a_deletion_that_nobody_can_tell_of_is_counted_and_said(
    company: Company, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody cleaned the log up before the next worker came."""
    request = company.approved()
    with monkeypatch.context() as patched:
        patched.setattr("purge.services.steps.deleted", _die)
        with pytest.raises(KeyboardInterrupt):
            company.carry_out(request)
    opened = DeltaTable(orders)
    opened.alter.set_table_properties({"delta.appendOnly": "false"})
    opened.create_checkpoint()
    (orders / "_delta_log" / f"{1:020d}.json").unlink()

    request = company.erase(request)

    step = ErasureStep.objects.get()
    assert (request.problems, step.records) == ([], 3)
    assert "stopped while it deleted" in step.reclaim


# --- a real kill, of a worker that deletes in PostgreSQL

FEWEST_POINTS, MOST_POINTS = 20, 120
STRIDE = 5


@pytest.mark.parametrize("first", [0, 1])
def test_rows_in_postgresql_are_counted_once_wherever_a_worker_is_killed(
    make_company: Callable[[str], Company], first: int
) -> None:
    """Every fifth point, before and after what is committed by turns."""
    company = make_company("acme")
    shop = PostgreSQLBench()
    company.lake = dataclasses.replace(company.lake, tables=lambda _: shop.store)
    with namespace_scope(company.namespace.pk):
        company.dataset.delete()
        purge.a_table_dataset(purge.a_delta_layer())
    point, killed = first + 1 - STRIDE, True
    while killed:
        point += STRIDE
        assert point < MOST_POINTS
        shop.put("sales.orders", {"customer_id": 7}, {"customer_id": 8}, {"customer_id": 7})
        with namespace_scope(company.namespace.pk):
            request = company.approved()

        killed = killed_at(point, company, request)

        with namespace_scope(company.namespace.pk):
            company.erase(request)
            assert request.state == "completed", request.problems
            step = ErasureStep.objects.get(erasure_request=request)
            assert (step.state, step.records) == ("done", 2)
            assert "stopped while it deleted" not in step.reclaim
        assert {one["customer_id"] for one in shop.rows("sales.orders")} == {8}
    assert point > FEWEST_POINTS


def killed_at(point: int, company: Company, request: ErasureRequest) -> bool:
    def carry_out(killer: Killer) -> None:
        killer.around(DatabaseWrapper, "_commit")
        killer.around(Connection, "commit")
        company.carry_out(request)

    return was_killed(carry_out, at=point)
