"""Nobody loses sight of people on hold by changing the data map."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from purge.domain.locators import Locator
from purge.models import Dataset, LegalHold, StorageLayer
from purge.ports import LayerDescription
from purge.services import data_maps, hold_checks
from tests.app.purge.conftest import Company
from tests.factories import tenancy
from tests.factories.purge import BY_EMAIL, BY_NUMBER
from tests.fakes.tables import FakeTableStore

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH = 30


@pytest.fixture
def company(company: Company) -> Company:
    """Its dataset knows people by their number alone, and another over the same folder by email."""
    company.dataset.identifiers = BY_NUMBER
    company.dataset.save()
    return company


@pytest.fixture
def by_email(company: Company) -> Dataset:
    return Dataset.objects.create(
        storage_layer=company.dataset.storage_layer, prefix="a/", identifiers=BY_EMAIL
    )


def held(company: Company, **changes: object) -> LegalHold:
    subject: dict[str, object] = {"subject": {"email": "c7@customer.example"}}
    return company.hold(**(subject | changes))


def remove(company: Company, dataset: Dataset) -> None:
    actor = tenancy.an_actor(company.ivan)
    data_maps.remove_dataset(dataset=dataset, lake=company.lake, actor=actor, now=timezone.now())


def save(company: Company, dataset: Dataset, values: dict[str, object]) -> None:
    actor = tenancy.an_actor(company.ivan)
    data_maps.save_dataset(dataset=dataset, values=values, actor=actor, now=timezone.now())


def save_layer(company: Company, layer: StorageLayer, values: dict[str, object]) -> None:
    actor = tenancy.an_actor(company.ivan)
    data_maps.save_layer(
        layer=layer, values=values, lake=company.lake, actor=actor, now=timezone.now()
    )


def test_the_only_dataset_that_finds_somebody_on_hold_is_not_removed(
    company: Company, by_email: Dataset
) -> None:
    hold = held(company)

    with pytest.raises(hold_checks.OnlyDatasetFindsHeld, match=r"by email.*Lift those holds"):
        remove(company, by_email)

    company.lift(hold)
    remove(company, by_email)
    assert not Dataset.objects.filter(pk=by_email.pk).exists()


def test_a_dataset_by_whose_identifiers_nobody_is_held_is_removed(
    company: Company, by_email: Dataset
) -> None:
    held(company, subject={"customer_id": 7})

    remove(company, by_email)

    assert not Dataset.objects.filter(pk=by_email.pk).exists()


@pytest.mark.parametrize(
    ("path", "changes", "finds_them"),
    [
        ("sales", {}, True),
        ("", {}, True),
        ("sales/a", {}, True),
        ("sales/a/b", {}, False),
        ("elsewhere", {}, False),
        ("sales", {"locator": Locator.FILE_NAME}, False),
        ("sales", {"identifiers": [{"name": "email", "path": "mail", "type": "string"}]}, False),
    ],
)
def test_it_is_removed_where_another_dataset_finds_them_too(
    company: Company, by_email: Dataset, path: str, changes: dict[str, object], *, finds_them: bool
) -> None:
    layer = StorageLayer.objects.create(name="again", kind="filesystem", options={"path": path})
    Dataset.objects.create(storage_layer=layer, **({"identifiers": BY_EMAIL} | changes))
    held(company)

    if finds_them:
        remove(company, by_email)
    else:
        with pytest.raises(hold_checks.OnlyDatasetFindsHeld):
            remove(company, by_email)


@pytest.mark.parametrize("change", [{"prefix": "elsewhere/"}, {"prefix": "a/b"}, {"format": "csv"}])
def test_a_dataset_that_finds_somebody_on_hold_is_not_moved(
    company: Company, by_email: Dataset, change: dict[str, object]
) -> None:
    held(company)

    with pytest.raises(hold_checks.IdentifierHeld, match="email"):
        save(company, by_email, change)


@pytest.mark.parametrize(
    ("before", "after", "subject"),
    [
        (
            {"name": "email", "path": "email", "type": "string"},
            {"name": "email", "path": "email", "type": "integer"},
            {"email": "c7@customer.example"},
        ),
        (
            {"name": "email", "path": "id", "type": "uuid"},
            {"name": "email", "path": "id", "type": "string"},
            {"email": "58342554-38D6-4EC8-948C-50044D0A33FD"},
        ),
        (
            {"name": "email", "columns": [{"column": "shop", "type": "integer"}, "number"]},
            {"name": "email", "columns": ["shop", "number"]},
            {"email": ["007", "line-9"]},
        ),
    ],
)
def test_an_identifier_keeps_its_type_while_somebody_is_held_by_it(
    company: Company,
    by_email: Dataset,
    before: dict[str, object],
    after: dict[str, object],
    subject: dict[str, object],
) -> None:
    """By another type the record names nobody, and would go with the next erasure."""
    save(company, by_email, {"identifiers": [before]})
    hold = held(company, subject=subject)

    with pytest.raises(hold_checks.IdentifierHeld, match="email"):
        save(company, by_email, {"identifiers": [after]})

    company.lift(hold)
    save(company, by_email, {"identifiers": [after]})


def test_a_layer_does_not_lead_elsewhere_while_its_datasets_find_somebody_on_hold(
    company: Company, by_email: Dataset
) -> None:
    held(company)
    layer = by_email.storage_layer

    with pytest.raises(hold_checks.LayerHeld, match="Lift those holds"):
        save_layer(company, layer, {"options": {"path": "elsewhere"}})

    layer.refresh_from_db()
    assert layer.options == {"path": "sales"}
    save_layer(company, layer, {"name": "renamed"})


def test_credentials_that_lead_to_another_server_move_a_layer(company: Company) -> None:
    class There(FakeTableStore):
        def __init__(self, credentials: Personal[str] | None) -> None:
            super().__init__()
            self._place = "" if credentials is None else credentials.reveal()

        def place(self) -> str:
            return self._place

    def tables(described: LayerDescription) -> FakeTableStore:
        return There(described.credentials)

    company.lake = dataclasses.replace(company.lake, tables=tables)
    layer = StorageLayer(namespace=company.namespace)
    save_layer(company, layer, {"name": "shop", "kind": "postgresql", "credentials": "first/"})
    dataset = Dataset.objects.create(storage_layer=layer, format="table", identifiers=BY_EMAIL)
    held(company, subject=None, dataset=dataset)

    with pytest.raises(hold_checks.LayerHeld):
        save_layer(company, layer, {"credentials": "second/"})

    layer.refresh_from_db()
    save_layer(company, layer, {"credentials": "first/"})


def test_a_dataset_is_not_removed_beside_a_hold_that_is_being_placed(
    make_company: Callable[[str], Company],
) -> None:
    """Who removes it waits for the hold, sees it, and is refused."""
    acme = make_company("acme")

    def removed() -> None:
        try:
            with namespace_scope(acme.namespace.pk):
                remove(acme, Dataset.objects.get(pk=acme.dataset.pk))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        with namespace_scope(acme.namespace.pk):
            held(acme, subject={"customer_id": 7})
            removing = elsewhere.submit(removed)
            assert wait([removing], timeout=0.5).done == set()

        with pytest.raises(hold_checks.OnlyDatasetFindsHeld):
            removing.result(timeout=ENOUGH)


def test_removing_it_by_rest_is_refused_in_words(company: Company, by_email: Dataset) -> None:
    held(company)
    browser = tenancy.signed_in(company.ivan, role="admin")

    answer = browser.delete(f"/api/v1/namespaces/acme/datasets/{by_email.pk}/")

    assert answer.status_code == 409
    assert answer.json()["code"] == "dataset_finds_people_on_legal_hold"
