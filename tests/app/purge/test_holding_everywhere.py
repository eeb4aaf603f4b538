"""Legal holds where a record is not simply cut: whole objects, shared objects, a later moment."""

import dataclasses
from typing import Any

import pytest
from django.utils import timezone

from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.domain.locators import Locator
from purge.models import Dataset, ErasureReport, ErasureRequest
from purge.services import data_maps, hold_checks
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)

BY_NAME = [{"name": "customer_id", "pattern": r"(?P<customer_id>\d+)-", "type": "integer"}]


@pytest.mark.parametrize(
    ("locator", "identifiers", "key", "beside"),
    [
        (Locator.FILE_NAME, BY_NAME, "7-.csv", ()),
        (Locator.PARTITION, None, "customer_id=7/a", ()),
        (Locator.METADATA_FILE, None, "a.mp4", (("a.mp4.metadata.json", '{"customer_id": 7}'),)),
    ],
)
def test_an_object_that_is_a_held_persons_whole_stays(
    company: Company,
    locator: Locator,
    identifiers: list[dict[str, str]] | None,
    key: str,
    beside: tuple[tuple[str, str], ...],
) -> None:
    by_path = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]
    company.dataset.locator = locator.value
    company.dataset.identifiers = identifiers or by_path
    company.dataset.save()
    for name, content in ((key, "x"), *beside):
        path = company.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    hold = company.hold()

    request = company.located()
    report = ErasureReport.objects.get(hash=request.report_hash).document
    request = company.erase(company.approve(request))

    assert (company.folder / key).exists()
    assert report["totals"]["records"] == 0
    assert request.state == "partially_failed"
    assert {one["reason"] for one in request.problems} == {"legal_hold"}
    assert {one["until"] for one in request.problems} == {hold.until.isoformat()}


def test_an_object_of_a_held_dataset_is_not_cut_for_another_that_has_it_too(
    company: Company,
) -> None:
    Dataset.objects.create(
        storage_layer=company.dataset.storage_layer, prefix="a/", identifiers=purge.IDENTIFIERS
    )
    kept = Dataset.objects.get(prefix="a/")
    (company.folder / "a").mkdir()
    for name in ("a/1.ndjson", "2.ndjson"):
        (company.folder / name).write_bytes(purge.records(5, 7, 6))
    approved = company.approved()
    company.hold(subject=None, dataset=kept)

    request = company.erase(approved)

    assert (company.folder / "a/1.ndjson").read_bytes() == purge.records(5, 7, 6)
    assert (company.folder / "2.ndjson").read_bytes().count(b"\n") == 2
    assert request.state == "partially_failed"
    assert {one["reason"] for one in request.problems} == {"legal_hold"}


def test_a_hold_counts_in_a_dataset_of_another_type_that_came_later(company: Company) -> None:
    company.hold()
    company.dataset.identifiers = [{"name": "customer_id", "path": "customer.id", "type": "string"}]
    company.dataset.save()
    line = b'{"customer": {"id": "7"}}\n'
    (company.folder / "1.ndjson").write_bytes(line)

    request = company.erase(company.approved())

    assert (company.folder / "1.ndjson").read_bytes() == line
    assert {one["reason"] for one in request.problems} == {"legal_hold"}


def test_a_version_whose_removal_waited_is_kept_for_a_hold_that_came_meanwhile(
    company: Company,
) -> None:
    layer = FakeStorageLayer(keeps_versions=True)
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    layer.put("1.ndjson", purge.records(5, 7))
    layer.put("1.ndjson", purge.records(5, 6))
    layer.keeps_locked.add("1.ndjson")
    request = company.erase(company.approved())
    assert request.problems[0]["reason"] == "object_locked"
    layer.keeps_locked.clear()
    company.hold()

    company.retry(request)

    assert list(layer.old.values()) == [purge.records(5, 7)]
    assert request.problems[0]["reason"] == "legal_hold"


def test_a_hold_that_is_placed_while_the_object_is_read_counts(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    approved = company.approved()
    stage = FilesystemStorageLayer.stage

    def slow(self: FilesystemStorageLayer, **what: Any) -> Any:
        ready = stage(self, **what)
        company.hold()
        return ready

    monkeypatch.setattr(FilesystemStorageLayer, "stage", slow)

    company.erase(approved)

    assert (company.folder / "1.ndjson").read_bytes() == purge.records(5, 7)


def test_a_held_dataset_is_not_removed_nor_its_hold_with_it(company: Company) -> None:
    company.hold(subject=None, dataset=company.dataset)

    with pytest.raises(hold_checks.DatasetHeld):
        data_maps.remove_dataset(
            dataset=company.dataset,
            lake=company.lake,
            actor=tenancy.an_actor(company.ivan),
            now=timezone.now(),
        )


def test_a_dataset_with_old_versions_can_be_changed(company: Company) -> None:
    layer = FakeStorageLayer(keeps_versions=True)
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    for customer in (5, 7, 6):
        layer.put("1.ndjson", purge.records(customer))
    company.located()

    data_maps.save_dataset(
        dataset=company.dataset,
        values={"identifiers": purge.IDENTIFIERS[:1]},
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )

    assert company.erase(company.approved()).state == "completed"
    assert purge.records(7) not in layer.old.values()


@pytest.fixture
def layer(company: Company) -> FakeStorageLayer:
    """It keeps what is replaced."""
    layer = FakeStorageLayer(keeps_versions=True)
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    layer.put("1.ndjson", purge.records(5, 7))
    return layer


def erased_while_held(
    company: Company, layer: FakeStorageLayer, customer: int, monkeypatch: pytest.MonkeyPatch
) -> ErasureRequest:
    """Customer 7, by a worker that dies between publishing and removing what that replaced.

    No hold comes in between while it lives. One comes before the next worker goes on.
    """
    approved = company.approved()

    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(layer, "remove", dies)
        with pytest.raises(KeyboardInterrupt):
            company.carry_out(approved)
    company.hold(subject={"customer_id": customer})
    return company.erase(approved)


def test_a_hold_that_is_placed_while_a_version_is_published_keeps_the_one_it_replaced(
    company: Company, layer: FakeStorageLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = erased_while_held(company, layer, 7, monkeypatch)

    assert list(layer.old.values()) == [purge.records(5, 7)]
    assert {one["reason"] for one in request.problems} == {"legal_hold"}


def test_a_hold_on_somebody_else_meanwhile_keeps_nothing_of_theirs(
    company: Company, layer: FakeStorageLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = erased_while_held(company, layer, 5, monkeypatch)

    assert request.state == "completed"
    assert layer.old == {}
