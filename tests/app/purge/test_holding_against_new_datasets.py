"""A dataset that comes while people are on hold keeps them from its first moment on."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.models import Dataset, ErasureRequest
from purge.services import data_maps, hold_checks, locks
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.factories.purge import BY_EMAIL, BY_NUMBER
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30
SHOP = {"column": "shop", "type": "integer"}
LINE = {"name": "line", "columns": [SHOP, "number"]}
HELD: dict[str, object] = {"email": "c7@customer.example"}


@pytest.fixture
def layer() -> FakeStorageLayer:
    layer = FakeStorageLayer()
    layer.put("sales/1.ndjson", purge.records(5, 7))
    return layer


@pytest.fixture
def acme(make_company: Callable[[str], Company], layer: FakeStorageLayer) -> Company:
    """Sales know people by number. Somebody is held by an email, which other data have."""
    acme = make_company("acme")
    acme.lake = dataclasses.replace(acme.lake, layer=lambda _: layer)
    with namespace_scope(acme.namespace.pk):
        acme.dataset.prefix, acme.dataset.identifiers = "sales", BY_NUMBER
        acme.dataset.save()
        save(acme, prefix="elsewhere", identifiers=BY_EMAIL)
    return acme


@pytest.fixture
def request_approved(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        request = acme.approved()
        acme.hold(subject=HELD)
    return request


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool


def save(company: Company, **values: object) -> Dataset:
    return data_maps.save_dataset(
        dataset=Dataset(storage_layer=company.dataset.storage_layer),
        values={"format": "ndjson", "locator": "row"} | values,
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


def arrive(acme: Company) -> None:
    """The only dataset that finds in sales who is on hold."""
    try:
        with namespace_scope(acme.namespace.pk):
            save(acme, prefix="sales/", identifiers=BY_EMAIL)
    finally:
        connections.close_all()


def customers(layer: FakeStorageLayer) -> list[object]:
    [content] = layer.contents.values()
    return [json.loads(line)["customer"]["id"] for line in content.splitlines()]


def test_one_that_comes_while_an_object_is_read_keeps_its_people(
    acme: Company,
    layer: FakeStorageLayer,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
) -> None:
    stage, came = layer.stage, list[object]()

    def staged(**what: Any) -> Any:
        if not came:
            came.append(elsewhere.submit(arrive, acme).result(timeout=ENOUGH))
        return stage(**what)

    layer.stage = staged  # type: ignore[method-assign]
    acme.carry_out(request_approved)

    assert came
    assert customers(layer) == [5, 7]
    with namespace_scope(acme.namespace.pk):
        request_approved.refresh_from_db()
        assert {one["reason"] for one in request_approved.problems} == {"legal_hold"}


def test_one_waits_for_what_is_being_erased(
    acme: Company,
    layer: FakeStorageLayer,
    request_approved: ErasureRequest,
    elsewhere: ThreadPoolExecutor,
) -> None:
    publish, coming, came = layer.publish, list[Future[None]](), list[set[Future[None]]]()

    def published(**what: Any) -> None:
        coming.append(elsewhere.submit(arrive, acme))
        came.append(wait(coming, timeout=0.5).done)
        publish(**what)

    layer.publish = published  # type: ignore[method-assign]
    acme.carry_out(request_approved)
    coming[0].result(timeout=ENOUGH)

    assert came == [set()]
    assert customers(layer) == [5]


def test_one_that_waits_too_long_is_told_so(
    acme: Company, elsewhere: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with namespace_scope(acme.namespace.pk):
        acme.hold(subject=HELD)
    monkeypatch.setattr(locks, "LONGEST_WAIT", "200ms")

    with locks.no_hold_arrives(acme.namespace.pk):
        arrival = elsewhere.submit(arrive, acme)

        with pytest.raises(locks.DatasetMustWait):
            arrival.result(timeout=ENOUGH)

        with namespace_scope(acme.namespace.pk):
            save(acme, prefix="nobody", identifiers=BY_NUMBER)

    elsewhere.submit(arrive, acme).result(timeout=ENOUGH)


def test_columns_of_other_types_know_whom_a_hold_is_about(company: Company) -> None:
    """ "007" is 7 to the dataset of that day, and a text to the one that came later."""
    save(company, prefix="orders/", identifiers=[LINE])
    company.hold(subject={"line": ["007", "x-9"]})
    as_text = {"name": "line", "columns": ["shop", "number"]}
    save(company, prefix="late/", identifiers=[as_text])
    folder = company.folder / "late"
    folder.mkdir()
    record = b'{"customer": {"id": 7}, "shop": "007", "number": "x-9"}\n'
    (folder / "1.ndjson").write_bytes(record + purge.records(7))

    request = company.erase(company.approved())

    assert {one["reason"] for one in request.problems} == {"legal_hold"}
    assert (folder / "1.ndjson").read_bytes() == record


@pytest.mark.parametrize(
    "other",
    [
        {"name": "line", "path": "line", "type": "string"},
        {"name": "line", "columns": ["number", "shop"]},
        {"name": "line", "columns": ["shop", "number", "year"]},
    ],
)
def test_other_columns_under_the_name_of_a_hold_are_refused(
    company: Company, other: dict[str, object]
) -> None:
    save(company, prefix="orders/", identifiers=[LINE])
    hold = company.hold(subject={"line": ["7", "x-9"]})

    with pytest.raises(hold_checks.IdentifierHeldOtherwise, match=r"by line.*or another name"):
        save(company, prefix="late/", identifiers=[other])

    save(company, prefix="late/", identifiers=[other | {"name": "parcel"}])
    company.lift(hold)
    save(company, prefix="later/", identifiers=[other])
