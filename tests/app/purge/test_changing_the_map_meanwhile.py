"""T62: who may change the data map cannot turn an approval against other people's records."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.secrets import sealing
from purge.models import Dataset, ErasureDecision, ErasureRequest
from purge.ports import LayerKind
from purge.services import data_map_digests, data_maps
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

RECORDS = b"".join(
    json.dumps({"customer": {"id": customer}, "seller": {"id": seller}}).encode() + b"\n"
    for customer, seller in ((7, 1), (5, 7), (6, 7))
)
SELLER = [{"name": "customer_id", "path": "seller.id", "type": "integer"}]


@pytest.fixture(autouse=True)
def record(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(RECORDS)


def another_path(company: Company) -> None:
    save(company, {"identifiers": SELLER})


def another_prefix(company: Company) -> None:
    save(company, {"prefix": "1"})


def another_locator(company: Company) -> None:
    save(company, {"locator": "scan"})


def another_folder(company: Company) -> None:
    other = purge.a_folder(company.namespace, "other")
    (other / "1.ndjson").write_bytes(RECORDS)
    data_maps.save_layer(
        layer=company.dataset.storage_layer,
        values={"options": {"path": "other"}},
        lake=company.lake,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


def no_dataset_any_more(company: Company) -> None:
    data_maps.remove_dataset(
        dataset=Dataset.objects.get(),
        lake=company.lake,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


CHANGES = [another_path, another_prefix, another_locator, another_folder, no_dataset_any_more]
each_change = pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)


def save(company: Company, values: dict[str, Any]) -> None:
    data_maps.save_dataset(
        dataset=Dataset.objects.get(),
        values=values,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


@each_change
def test_a_change_after_the_approval_voids_it_and_cuts_nothing(
    company: Company, change: Callable[[Company], None]
) -> None:
    request = company.approved()
    change(company)

    company.erase(request)

    assert (request.state, request.approved_by_id) == ("locating", None)
    assert (company.folder / "1.ndjson").read_bytes() == RECORDS
    assert ErasureDecision.objects.get().voided_at is not None
    assert AuditEvent.objects.filter(action="erasure.approval_voided").exists()


def test_the_new_report_shows_what_would_go_now(company: Company) -> None:
    request = company.approved()
    another_path(company)
    company.erase(request)

    company.locate(request.pk)
    request.refresh_from_db()

    report = request.reports.get(hash=request.report_hash)
    assert report.document["totals"]["records"] == 2
    assert company.erase(company.approve(request)).state == "completed"


@each_change
def test_a_change_before_the_approval_makes_it_stale(
    company: Company, change: Callable[[Company], None]
) -> None:
    request = company.located()
    change(company)

    assert not data_map_digests.match(request.reports.get())


@each_change
def test_nothing_is_changed_under_an_erasure_at_work(
    company: Company, change: Callable[[Company], None]
) -> None:
    request = company.approved()
    company.erase(request)
    ErasureRequest.objects.filter(pk=request.pk).update(state="purging", subjects="x")

    with pytest.raises(data_map_digests.DatasetBeingErased):
        change(company)


@each_change
def test_what_failed_is_not_tried_again_under_another_map(
    company: Company, change: Callable[[Company], None]
) -> None:
    request = company.approved()
    with (company.folder / "1.ndjson").open("ab"):
        company.erase(request)
    assert request.state == "partially_failed"
    change(company)

    company.retry(request)

    assert request.state == "locating"
    assert (company.folder / "1.ndjson").read_bytes() == RECORDS


def test_what_only_describes_may_change(company: Company) -> None:
    request = company.approved()
    save(company, {"compression": "gzip"})
    company.dataset.storage_layer.refresh_from_db()
    data_maps.save_layer(
        layer=company.dataset.storage_layer,
        values={"name": "renamed"},
        lake=company.lake,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )

    assert company.erase(request).state == "completed"


def test_another_dataset_may_be_changed_meanwhile(company: Company) -> None:
    request = company.approved()
    purge.a_folder(company.namespace, "elsewhere")
    other = purge.a_dataset(path="elsewhere")
    company.erase(request)
    ErasureRequest.objects.filter(pk=request.pk).update(state="purging", subjects="x")

    data_maps.save_dataset(
        dataset=other,
        values={"identifiers": SELLER},
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )

    other.refresh_from_db()
    assert other.identifiers == SELLER


def test_another_server_of_the_same_layer_is_another_map(company: Company) -> None:
    layer = company.dataset.storage_layer
    layer.kind = LayerKind.POSTGRESQL
    sealing.put(layer, "credentials", "postgres://reader:one@db.example/shop")
    layer.save()
    before = data_map_digests.of_datasets([company.dataset.pk])

    sealing.put(layer, "credentials", "postgres://reader:one@db.example/shop")
    layer.save()
    same = data_map_digests.of_datasets([company.dataset.pk])
    sealing.put(layer, "credentials", "postgres://reader:one@other.example/shop")
    layer.save()

    assert same == before
    assert data_map_digests.of_datasets([company.dataset.pk]) != before
    assert "other.example" not in str(data_map_digests.of_datasets([company.dataset.pk]))
