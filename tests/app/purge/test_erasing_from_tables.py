"""Tables of an engine, from request to certificate."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from django.utils import timezone

from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.domain.plans import Plan
from purge.models import ErasureReport, ErasureStep, StorageLayer
from purge.ports import LayerInvalid, ObjectUnreachable
from purge.services import data_maps, decisions
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = pa.table(
    {"customer_id": [5, 7, 6], "email": ["a@x.example", "dora@x.example", "b@x.example"]}
)


@pytest.fixture
def orders(company: Company) -> DeltaTable:
    """A Delta table in the namespace's part of the lake, and nothing else to erase from."""
    folder = purge.a_folder(company.namespace, "tables") / "orders"
    write_deltalake(folder, ROWS)
    write_deltalake(folder, ROWS, mode="append")
    purge.a_table_dataset(purge.a_delta_layer())
    return DeltaTable(folder)


def test_rows_go_and_the_step_says_what_became_of_the_bytes(
    company: Company, orders: DeltaTable
) -> None:
    request = company.located()
    [found] = ErasureReport.objects.get(hash=request.report_hash).document["objects"]

    request = company.erase(company.approve(request))

    assert (found["plan"], found["records"]) == (Plan.DELETE_ROWS, 2)
    assert "every earlier version" in found["detail"]
    assert request.state == "completed"
    step = ErasureStep.objects.get(erasure_request=request)
    assert step.records == 2
    assert "Earlier versions can no longer be read" in step.reclaim
    orders.update_incremental()
    assert sorted(orders.to_pyarrow_table()["customer_id"].to_pylist()) == [5, 5, 6, 6]


def test_rows_that_only_an_earlier_version_holds_are_erased_too(
    company: Company, orders: DeltaTable
) -> None:
    orders.delete("customer_id = 7")

    request = company.erase(company.approved())

    assert request.state == "completed"
    folder = company.folder.parent / "tables" / "orders"
    assert not [one for one in folder.rglob("*") if one.is_file() and b"dora" in one.read_bytes()]


@pytest.mark.parametrize(
    ("kind", "options", "credentials"),
    [
        ("table", {}, None),
        ("table", {"engine": "hive"}, None),
        ("table", {"engine": "hudi"}, None),
        ("table", {"engine": "delta", "path": "/etc"}, None),
        ("table", {"engine": "delta", "catalog": "x"}, None),
        ("table", {"engine": "iceberg", "catalog": "../x.db"}, None),
        ("postgresql", {}, None),
        ("postgresql", {"rewrite": "yes"}, "postgresql://u@db.customer.example/x"),
        ("postgresql", {}, "host=/var/run user=u"),
    ],
)
def test_a_layer_that_cannot_be_used_is_refused(
    company: Company, kind: str, options: dict[str, object], credentials: str | None
) -> None:
    with pytest.raises(LayerInvalid):
        data_maps.save_layer(
            layer=StorageLayer(namespace=company.namespace),
            values={"name": "x", "kind": kind, "options": options, "credentials": credentials},
            lake=company.lake,
            actor=tenancy.an_actor(company.ivan),
            now=company.dataset.created_at,
        )


def test_bytes_that_cannot_be_reclaimed_yet_keep_no_newly_approved_row_waiting(
    company: Company, orders: DeltaTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise ObjectUnreachable(reason="being_written")

    with monkeypatch.context() as patched:
        patched.setattr(DeltaTableStore, "reclaim", refuse)
        request = company.erase(company.approved())
        assert request.problems[0]["reason"] == "being_written"
        write_deltalake(orders.table_uri, ROWS, mode="append")
        decisions.look_again(
            request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
        )
        company.locate(request.pk)
        request.refresh_from_db()

        company.erase(company.approve(request))

    orders.update_incremental()
    assert 7 not in orders.to_pyarrow_table()["customer_id"].to_pylist()
