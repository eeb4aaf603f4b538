"""Legal holds where datasets have objects in common, and where somebody would move a hold away."""

import dataclasses
from datetime import timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from django.utils import timezone
from pytest_django import Settings

from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.locators import Locator
from purge.models import Dataset, ErasureRequest, LegalHold, StorageLayer
from purge.services import data_maps, hold_checks, holds
from tests.app.purge.conftest import Company
from tests.factories import purge, s3, tenancy
from tests.factories.purge import BY_EMAIL, BY_NUMBER
from tests.fakes.storage import FakeStorageLayer
from tests.servers.seaweedfs import PLAIN, VERSIONED, S3Store

pytestmark = pytest.mark.django_db(transaction=True)

SEVEN = "c7@customer.example"


@pytest.fixture
def company(company: Company) -> Company:
    """Its dataset knows people by their number alone."""
    company.dataset.identifiers = BY_NUMBER
    company.dataset.save()
    return company


def held(company: Company, **changes: object) -> LegalHold:
    subject: dict[str, object] = {"subject": {"email": SEVEN}}
    return company.hold(**(subject | changes))


def a_dataset(layer: StorageLayer, prefix: str, **changes: object) -> Dataset:
    values: dict[str, object] = {"identifiers": BY_EMAIL} | changes
    return Dataset.objects.create(storage_layer=layer, prefix=prefix, **values)


def another_layer(path: str) -> StorageLayer:
    return StorageLayer.objects.create(
        name=f"again {path}", kind="filesystem", options={"path": path}
    )


def reasons(request: ErasureRequest) -> set[str]:
    return {one["reason"] for one in request.problems}


@pytest.mark.parametrize("locator", [Locator.ROW, Locator.SCAN])
@pytest.mark.parametrize("over", ["the same layer", "another layer", "a folder above"])
def test_a_hold_by_an_identifier_that_another_dataset_knows_keeps_the_record(
    company: Company, over: str, locator: Locator
) -> None:
    Dataset.objects.update(locator=locator)
    (company.folder / "a").mkdir()
    (company.folder / "a/1.ndjson").write_bytes(purge.records(5, 7, 6))
    layer = company.dataset.storage_layer
    match over:
        case "the same layer":
            a_dataset(layer, "a/")
        case "another layer":
            a_dataset(another_layer("sales/a"), "")
        case _:
            a_dataset(another_layer(""), "sales/")
    held(company)

    request = company.erase(company.approved(people=[{"customer_id": 7}, {"customer_id": 6}]))

    left = purge.records(5, 7, 6).splitlines(keepends=True)
    assert (company.folder / "a/1.ndjson").read_bytes() == left[0] + left[1]
    assert request.state == "partially_failed"
    assert reasons(request) == {"legal_hold"}


def test_a_dataset_beside_it_has_no_say(company: Company) -> None:
    """Customer numbers may be order numbers next door."""
    (company.folder / "a").mkdir()
    (company.folder / "a/1.ndjson").write_bytes(purge.records(5, 7))
    company.dataset.prefix = "a/"
    company.dataset.save()
    a_dataset(company.dataset.storage_layer, "b/")
    held(company)

    assert company.erase(company.approved()).state == "completed"


def test_an_object_that_is_a_held_persons_by_its_name_to_another_dataset_stays(
    company: Company,
) -> None:
    pattern = [{"name": "visitor", "pattern": r"visitor-(?P<visitor>\d+)", "type": "integer"}]
    a_dataset(another_layer(""), "", identifiers=pattern, locator=Locator.FILE_NAME)
    (company.folder / "visitor-9.ndjson").write_bytes(purge.records(5, 7))
    held(company, subject={"visitor": 9})

    request = company.erase(company.approved())

    assert (company.folder / "visitor-9.ndjson").read_bytes() == purge.records(5, 7)
    assert reasons(request) == {"legal_hold"}


@pytest.mark.parametrize("metadata", [b'{"email": "c7@customer.example', b"\xff\xfe", b""])
def test_an_object_whose_metadata_nobody_can_read_may_be_a_held_persons(
    company: Company, metadata: bytes
) -> None:
    a_dataset(another_layer(""), "sales/mine", locator=Locator.METADATA_FILE)
    (company.folder / "mine.ndjson").write_bytes(purge.records(5, 7))
    (company.folder / "mine.ndjson.metadata.json").write_bytes(metadata)
    held(company)

    request = company.erase(company.approved(people=[{"customer_id": 5}]))

    assert (company.folder / "mine.ndjson").read_bytes() == purge.records(5, 7)
    assert "legal_hold" in reasons(request)


def test_an_object_that_goes_whole_stays_for_a_record_that_another_dataset_knows(
    company: Company,
) -> None:
    company.dataset.identifiers = [{"name": "shop", "pattern": r"shop-(\d+)", "type": "integer"}]
    company.dataset.locator = Locator.FILE_NAME
    company.dataset.save()
    a_dataset(another_layer("sales"), "")
    (company.folder / "shop-3.ndjson").write_bytes(purge.records(5, 7))
    held(company)

    request = company.erase(company.approved(people=[{"shop": 3}]))

    assert (company.folder / "shop-3.ndjson").exists()
    assert reasons(request) == {"legal_hold"}


@pytest.mark.parametrize(("path", "prefix"), [("sales", "a/"), ("sales/a", ""), ("", "sales/a")])
def test_a_held_dataset_is_kept_from_a_second_layer_over_the_same_folder(
    company: Company, path: str, prefix: str
) -> None:
    kept = a_dataset(another_layer(path), prefix)
    (company.folder / "a").mkdir()
    for name in ("a/1.ndjson", "2.ndjson"):
        (company.folder / name).write_bytes(purge.records(5, 7))
    approved = company.approved()
    held(company, subject=None, dataset=kept)

    request = company.erase(approved)

    assert (company.folder / "a/1.ndjson").read_bytes() == purge.records(5, 7)
    assert (company.folder / "2.ndjson").read_bytes() == purge.records(5)
    assert reasons(request) == {"legal_hold"}


def test_a_held_dataset_is_kept_from_a_second_layer_over_the_same_bucket(
    company: Company, s3_store: S3Store, settings: Settings
) -> None:
    lake = s3.a_lake(s3_store, settings, PLAIN)
    company.dataset.delete()
    company.dataset = lake.dataset()
    again = lake.dataset(name="again", path=f"{lake.path}/a")
    for name in ("a/1.ndjson", "2.ndjson"):
        lake.put(name, purge.records(5, 7))
    held(company, subject=None, dataset=again)

    request = company.erase(company.approved())

    assert lake.get("a/1.ndjson") == purge.records(5, 7)
    assert lake.get("2.ndjson") == purge.records(5)
    assert reasons(request) == {"legal_hold"}


@pytest.mark.parametrize("prefix", ["", "orders/part", "other"])
def test_a_hold_on_the_files_of_a_table_keeps_the_table(company: Company, prefix: str) -> None:
    """A Delta table is a folder of files, which another dataset may name as such."""
    folder = purge.a_folder(company.namespace, "tables") / "orders"
    write_deltalake(folder, pa.table({"customer_id": [5, 7]}))
    company.dataset.delete()
    layer = StorageLayer.objects.create(
        name="delta", kind="table", options={"engine": "delta", "path": "tables"}
    )
    by_column = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]
    a_dataset(layer, "", identifiers=by_column, format="table")
    files = a_dataset(another_layer("tables"), prefix, format="parquet", identifiers=by_column)
    held(company, subject=None, dataset=files)

    company.erase(company.approved())

    there = DeltaTable(folder).to_pyarrow_table()["customer_id"].to_pylist()
    assert (7 in there) == (prefix != "other")


def cut_under_a_lock(company: Company) -> tuple[FakeStorageLayer, ErasureRequest]:
    """Cut while nobody was held. What was replaced was locked, and is no longer."""
    company.dataset.identifiers = BY_NUMBER + BY_EMAIL
    company.dataset.save()
    layer = FakeStorageLayer(keeps_versions=True)
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    layer.put("1.ndjson", purge.records(5, 7, 6))
    layer.keeps_locked.add("1.ndjson")
    request = company.erase(company.approved())
    assert reasons(request) == {"object_locked"}
    layer.keeps_locked.clear()
    return layer, request


def test_an_old_version_stays_while_somebody_is_held_whose_record_was_cut_with_anothers(
    company: Company,
) -> None:
    layer, request = cut_under_a_lock(company)
    other = held(company)

    company.retry(request)

    assert list(layer.old.values()) == [purge.records(5, 7, 6)]
    assert reasons(request) == {"legal_hold"}
    assert request.problems[0]["until"] == other.until.isoformat()
    LegalHold.objects.update(until=timezone.now() - timedelta(days=1))
    assert company.retry(request).state == "completed"
    assert layer.old == {}


def test_a_hold_on_somebody_whose_record_was_not_cut_keeps_no_old_version(company: Company) -> None:
    layer, request = cut_under_a_lock(company)
    held(company, subject={"email": "c6@customer.example"})

    assert company.retry(request).state == "completed"
    assert layer.old == {}


def test_a_replaced_version_in_a_bucket_stays_for_a_hold_that_came_meanwhile(
    company: Company, s3_store: S3Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker died after publishing; the hold came before the next one went on."""
    lake = s3.a_lake(s3_store, settings, VERSIONED)
    company.dataset.delete()
    company.dataset = lake.dataset()
    lake.put("1.ndjson", purge.records(5, 7))
    request = company.approved()
    with monkeypatch.context() as patched:
        patched.setattr(S3StorageLayer, "remove", _die)
        with pytest.raises(KeyboardInterrupt):
            company.carry_out(request)
    held(company)

    request = company.erase(request)

    assert lake.get("1.ndjson") == purge.records(5)
    assert purge.records(5, 7) in lake.contents()
    assert reasons(request) == {"legal_hold"}


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("change", [{"prefix": "elsewhere/"}, {"format": "csv"}])
def test_a_held_dataset_is_not_moved_from_under_its_hold(
    company: Company, change: dict[str, object]
) -> None:
    hold = held(company, subject=None, dataset=company.dataset)

    with pytest.raises(hold_checks.DatasetHeld, match="Lift the hold"):
        save(company, change)

    company.dataset.refresh_from_db()
    save(company, {"locator": Locator.SCAN})
    holds.lift(
        hold_id=hold.pk, reason="Over.", actor=tenancy.an_actor(company.olga), now=timezone.now()
    )
    save(company, change)


def test_a_layer_is_not_moved_from_under_a_held_dataset(company: Company) -> None:
    held(company, subject=None, dataset=company.dataset)
    layer = company.dataset.storage_layer

    with pytest.raises(hold_checks.LayerHeld, match="Lift those holds"):
        save_layer(company, layer, {"options": {"path": "elsewhere"}})

    layer.refresh_from_db()
    save_layer(company, layer, {"name": "renamed"})


@pytest.mark.parametrize(
    "identifiers",
    [
        BY_EMAIL,
        [{"name": "customer_id", "path": "order.id", "type": "integer"}],
        [{"name": "customer_id", "columns": ["id", "country"]}],
        [{"name": "customer_id", "path": "customer.id", "type": "string"}],
    ],
)
def test_whom_a_hold_is_about_cannot_be_made_unknown(
    company: Company, identifiers: list[dict[str, object]]
) -> None:
    held(company, subject={"customer_id": 7})

    with pytest.raises(hold_checks.IdentifierHeld, match="customer_id"):
        save(company, {"identifiers": identifiers})

    company.dataset.refresh_from_db()
    save(company, {"identifiers": BY_NUMBER + BY_EMAIL})


def test_moving_a_held_dataset_by_rest_is_refused_in_words(company: Company) -> None:
    held(company, subject=None, dataset=company.dataset)
    browser = tenancy.signed_in(company.ivan, role="admin")

    answer = browser.patch(
        f"/api/v1/namespaces/acme/datasets/{company.dataset.pk}/",
        {"prefix": "elsewhere/"},
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_on_legal_hold")


def save(company: Company, values: dict[str, object]) -> None:
    data_maps.save_dataset(
        dataset=company.dataset,
        values=values,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


def save_layer(company: Company, layer: StorageLayer, values: dict[str, object]) -> None:
    data_maps.save_layer(
        layer=layer,
        values=values,
        lake=company.lake,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )
