"""The admin: the data map made, tried and indexed; erasures asked for and followed."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from purge import job_names, selectors
from purge.models import Dataset, ErasureRequest, StorageLayer
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    return made


@pytest.fixture
def ivan(acme: Company) -> Client:
    return tenancy.signed_in(acme.ivan, role="admin")


def test_ivan_adds_a_layer_and_tries_it(acme: Company, ivan: Client) -> None:
    made = ivan.post(
        "/admin/purge/storagelayer/add/",
        {"name": "lake", "kind": "filesystem", "path": "sales"},
    )
    with namespace_scope(acme.namespace.pk):
        layer = StorageLayer.objects.get(name="lake")

    tried = ivan.post(f"/admin/purge/storagelayer/{layer.pk}/do/test/", {"begins": ""})

    assert made.status_code == 302
    text = tried.content.decode()
    assert "Everything that erasing needs works." in text
    assert "1 objects, 0 of them unreachable" in text


def test_a_layer_outside_the_lake_is_refused_in_the_form(ivan: Client) -> None:
    answer = ivan.post(
        "/admin/purge/storagelayer/add/",
        {"name": "lake", "kind": "filesystem", "path": "/etc"},
    )

    assert answer.status_code == 200
    assert "outside the namespace" in answer.content.decode()


def test_a_bucket_is_described_by_fields_and_its_keys_are_not_shown_again(
    acme: Company, ivan: Client
) -> None:
    keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s3cr3t/key"}
    form = {"name": "raw", "kind": "s3", "bucket": "company-lake", "region": "eu-central-1"}
    made = ivan.post("/admin/purge/storagelayer/add/", {**form, **keys})
    with namespace_scope(acme.namespace.pk):
        layer = StorageLayer.objects.get(name="raw")
        described = selectors.description(layer)
    page = ivan.get(f"/admin/purge/storagelayer/{layer.pk}/change/").content.decode()

    kept = ivan.post(f"/admin/purge/storagelayer/{layer.pk}/change/", {**form, "path": "sales"})

    assert (made.status_code, kept.status_code) == (302, 302)
    assert layer.options == {"bucket": "company-lake", "region": "eu-central-1"}
    assert described.credentials is not None
    assert json.loads(described.credentials.reveal()) == keys
    assert "AKIAEXAMPLE" not in page
    assert "leave empty to keep it" in page
    with namespace_scope(acme.namespace.pk):
        layer.refresh_from_db()
        assert selectors.description(layer).credentials == described.credentials
    assert layer.options == {"bucket": "company-lake", "path": "sales", "region": "eu-central-1"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"bucket": "No"}, "bucket"), ({"region": "Mars!"}, "region"), ({"access_key_id": "A"}, "")],
)
def test_a_wrong_option_is_named_at_its_field(
    ivan: Client, wrong: dict[str, str], field: str
) -> None:
    keys = {"access_key_id": "A", "secret_access_key": "B"} if field else {}
    form = {"name": "raw", "kind": "s3", "bucket": "company-lake", **keys, **wrong}

    answer = ivan.post("/admin/purge/storagelayer/add/", form)

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field or "secret_access_key"]


def test_a_wrong_identifier_is_named_at_its_row(acme: Company, ivan: Client) -> None:
    place = {"storage_layer": str(acme.dataset.storage_layer_id), "prefix": "x/"}
    how = {"format": "ndjson", "compression": "none", "locator": "row"}
    rows = {"name_1": "email", "where_1": "mail", "name_3": "a b", "where_3": "c"}

    nobody = ivan.post("/admin/purge/dataset/add/", {**place, **how})
    answer = ivan.post("/admin/purge/dataset/add/", {**place, **how, **rows})

    assert list(nobody.context["adminform"].form.errors) == ["name_1"]
    assert list(answer.context["adminform"].form.errors) == ["name_3"]


def test_the_only_layer_is_chosen_already(acme: Company, ivan: Client) -> None:
    one = ivan.get("/admin/purge/dataset/add/").context["adminform"].form
    with namespace_scope(acme.namespace.pk):
        StorageLayer.objects.create(name="other", kind="filesystem", options={"path": "other"})
    two = ivan.get("/admin/purge/dataset/add/").context["adminform"].form

    assert one.fields["storage_layer"].initial == acme.dataset.storage_layer_id
    assert two.fields["storage_layer"].initial is None


def test_saving_a_dataset_unchanged_keeps_its_index(acme: Company, ivan: Client) -> None:
    stored = [{"name": "id", "column": "customer_id"}, {"name": "who", "columns": ["a", "b"]}]
    with namespace_scope(acme.namespace.pk):
        acme.dataset.identifiers = stored
        acme.dataset.indexed_at = timezone.now()
        acme.dataset.save()
    form = ivan.get(f"/admin/purge/dataset/{acme.dataset.pk}/change/").context["adminform"].form
    values = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}

    answer = ivan.post(
        f"/admin/purge/dataset/{acme.dataset.pk}/change/",
        {name: value for name, value in values.items() if value is not None},
    )

    assert answer.status_code == 302
    with namespace_scope(acme.namespace.pk):
        acme.dataset.refresh_from_db()
    assert acme.dataset.identifiers == stored
    assert acme.dataset.indexed_at is not None


def test_identifiers_that_rows_cannot_say_stay_json(acme: Company, ivan: Client) -> None:
    mixed = [{"name": "who", "columns": [{"column": "a"}, {"column": "b", "type": "integer"}]}]
    with namespace_scope(acme.namespace.pk):
        acme.dataset.identifiers = mixed
        acme.dataset.save()

    page = ivan.get(f"/admin/purge/dataset/{acme.dataset.pk}/change/")

    assert "identifiers" in page.context["adminform"].form.fields
    assert "name_1" not in page.context["adminform"].form.fields


def test_olga_may_look_at_the_data_map(acme: Company) -> None:
    olga = tenancy.signed_in(acme.olga, role="officer")

    layer = olga.get(f"/admin/purge/storagelayer/{acme.dataset.storage_layer_id}/change/")
    dataset = olga.get(f"/admin/purge/dataset/{acme.dataset.pk}/change/")

    assert "path: " in layer.content.decode()
    assert "customer_id in customer.id" in dataset.content.decode()


def test_ivan_adds_a_dataset_and_indexes_it(acme: Company, ivan: Client) -> None:
    made = ivan.post(
        "/admin/purge/dataset/add/",
        {
            "storage_layer": str(acme.dataset.storage_layer_id),
            "prefix": "2026/",
            "format": "ndjson",
            "compression": "none",
            "locator": "row",
            "name_1": "customer_id",
            "where_1": "customer.id",
            "type_1": "integer",
            "name_3": "person",
            "where_3": "first_name, last_name",
            "type_3": "string",
        },
    )
    assert made.status_code == 302, made.content.decode()[:3000]
    with namespace_scope(acme.namespace.pk):
        dataset = Dataset.objects.get(prefix="2026/")
    assert dataset.identifiers == [
        {"name": "customer_id", "path": "customer.id", "type": "integer"},
        {
            "name": "person",
            "columns": [
                {"column": "first_name", "type": "string"},
                {"column": "last_name", "type": "string"},
            ],
        },
    ]

    answer = ivan.post(f"/admin/purge/dataset/{dataset.pk}/do/index-now/", follow=True)

    assert "Indexing has started" in answer.content.decode()
    assert "Waiting" in ivan.get(f"/admin/purge/dataset/{dataset.pk}/change/").content.decode()
    with namespace_scope(acme.namespace.pk):
        assert OutboxMessage.objects.filter(name=job_names.INDEX).count() == 1


def test_ivan_asks_for_an_erasure(acme: Company, ivan: Client) -> None:
    answer = ivan.post(
        "/admin/purge/erasurerequest/add/",
        {
            "people": "customer_id=7, email=c7@customer.example\ncustomer_id=8",
            "reason": "Two letters",
            "reference": "",
            "due_at_0": "",
            "due_at_1": "",
        },
    )

    assert answer.status_code == 302, answer.content.decode()[:3000]
    with namespace_scope(acme.namespace.pk):
        request = ErasureRequest.objects.get()
    assert (request.subject_count, request.state) == (2, "received")
    page = ivan.get(f"/admin/purge/erasurerequest/{request.pk}/change/").content.decode()
    assert f"/n/acme/erasures/{request.pk}/" in page
    assert "c7@customer" not in page


@pytest.mark.parametrize("people", ["", "dora", "phone=7", "customer_id=seven"])
def test_unusable_people_are_refused_in_the_form(acme: Company, ivan: Client, people: str) -> None:
    answer = ivan.post(
        "/admin/purge/erasurerequest/add/",
        {"people": people, "reason": "A letter", "reference": "", "due_at_0": "", "due_at_1": ""},
    )

    assert answer.status_code == 200
    with namespace_scope(acme.namespace.pk):
        assert not ErasureRequest.objects.exists()


def test_an_empty_form_marks_whom_and_why(ivan: Client) -> None:
    page = ivan.post("/admin/purge/erasurerequest/add/", {}).content.decode()

    assert "Say who is to be forgotten" in page
    assert page.count("This field is required") == 1


@pytest.mark.parametrize("model", ["storagelayer", "dataset", "erasurerequest"])
def test_each_list_opens_for_ivan_and_olga_and_not_for_uma(
    acme: Company, ivan: Client, model: str
) -> None:
    with namespace_scope(acme.namespace.pk):
        acme.located()
        uma = tenancy.a_user("uma", roles=["reader"])
    olga = tenancy.signed_in(acme.olga, role="officer")

    assert ivan.get(f"/admin/purge/{model}/").status_code == 200
    assert olga.get(f"/admin/purge/{model}/").status_code == 200
    assert tenancy.signed_in(uma, role="reader").get(f"/admin/purge/{model}/").status_code != 200


def test_nobody_writes_a_state_in_the_admin(acme: Company, ivan: Client) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located()

    answer = ivan.post(f"/admin/purge/erasurerequest/{request.pk}/change/", {"state": "approved"})

    assert answer.status_code in {200, 302, 403}
    with namespace_scope(acme.namespace.pk):
        assert ErasureRequest.objects.get().state == "awaiting_approval"


def test_ivan_cancels(acme: Company, ivan: Client) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located()

    ivan.post(f"/admin/purge/erasurerequest/{request.pk}/do/cancel/")

    with namespace_scope(acme.namespace.pk):
        assert ErasureRequest.objects.get().state == "cancelled"


def test_eve_sees_no_row_of_acme(acme: Company, make_company: Callable[[str], Company]) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located()
    eve = tenancy.signed_in(make_company("evil").ivan, role="admin")

    assert str(request.pk)[-12:] not in eve.get("/admin/purge/erasurerequest/").content.decode()
    answer = eve.get(f"/admin/purge/erasurerequest/{request.pk}/change/")
    assert answer.status_code in {302, 404}
