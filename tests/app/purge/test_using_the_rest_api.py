"""The data map and erasures by a script with a token, and what a token never may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from purge import job_names, wiring
from purge.domain import signatures
from purge.models import ErasureRequest
from purge.ports import LayerDescription, LayerInvalid, LayerKind
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

BASE = "/api/v1/namespaces/acme/"
IDENTIFIERS = [{"name": "customer_id", "path": "customer.id", "type": "integer"}]


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "customer-7.ndjson").write_bytes(purge.records(5, 7, 6))
    return made


def script(company: Company, *scopes: str) -> Client:
    with namespace_scope(company.namespace.pk):
        token = tenancy.a_token(*(scopes or ("purge:write",)))
    return Client(headers={"Authorization": f"Bearer {token}"})


def post(client: Client, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    response = client.post(f"{BASE}{path}", body or {}, content_type="application/json")
    return response.status_code, response.json()


def asked(client: Client) -> str:
    status, body = post(
        client, "erasure-requests/", {"subjects": [{"customer_id": 7}], "reason": "Asked"}
    )
    assert status == 201, body
    return str(body["id"])


def test_a_layer_and_a_dataset_are_made_tried_and_indexed(acme: Company) -> None:
    client = script(acme)

    status, layer = post(
        client,
        "storage-layers/",
        {"name": "lake", "kind": "filesystem", "options": {"path": "sales"}, "credentials": "s3"},
    )
    tried = post(client, f"storage-layers/{layer['id']}/test/")
    made, dataset = post(
        client, "datasets/", {"storage_layer": layer["id"], "identifiers": IDENTIFIERS}
    )
    started, job = post(client, f"datasets/{dataset['id']}/index/")

    assert (status, made, started) == (201, 201, 202)
    assert layer["credentials"] == "••••"
    assert [step["ok"] for step in tried[1]["steps"]] == [True, True, True]
    assert job["kind"] == job_names.INDEX


@pytest.mark.parametrize(
    "options",
    [
        {"path": "/etc"},
        {"path": "../evil"},
        {"path": "sales/../../evil"},
        {"path": 7},
        {"root": "sales"},
    ],
)
def test_a_layer_outside_the_namespaces_part_of_the_lake_is_refused(
    acme: Company, options: dict[str, object]
) -> None:
    status, problem = post(
        script(acme), "storage-layers/", {"name": "x", "kind": "filesystem", "options": options}
    )

    assert (status, problem["code"]) == (400, "storage_layer_invalid")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"identifiers": []}, "/identifiers"),
        ({"identifiers": [{"name": "a b", "path": "x"}]}, "/identifiers/0/name"),
        ({"identifiers": [*IDENTIFIERS, *IDENTIFIERS]}, "/identifiers"),
        ({"format": "pdf"}, "/format"),
        ({"prefix": "../x"}, "/prefix"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_an_unusable_dataset_is_refused_at_its_field(
    acme: Company, changes: dict[str, object], pointer: str
) -> None:
    body = {
        "storage_layer": str(acme.dataset.storage_layer_id),
        "prefix": "2026/",
        "identifiers": IDENTIFIERS,
    }

    status, problem = post(script(acme), "datasets/", body | changes)

    assert status == 400
    first, *_ = problem["errors"]
    assert first["pointer"].startswith(pointer)


def test_a_layer_with_datasets_is_not_removed(acme: Company) -> None:
    response = script(acme).delete(f"{BASE}storage-layers/{acme.dataset.storage_layer_id}/")

    assert (response.status_code, response.json()["code"]) == (409, "storage_layer_in_use")


def test_a_script_asks_and_follows(acme: Company) -> None:
    client = script(acme)
    request_id = asked(client)

    body = client.get(f"{BASE}erasure-requests/{request_id}/").json()

    assert body["state"] == "received"
    assert body["report"] is None
    assert body["subjects"][0].startswith("customer_id:")
    assert client.get(f"{BASE}erasure-requests/{request_id}/report/").status_code == 404
    with namespace_scope(acme.namespace.pk):
        names = OutboxMessage.objects.values_list("name", flat=True)
        assert job_names.LOCATE in names


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"subjects": []}, "/subjects"),
        ({"subjects": [{"phone": 7}]}, "/subjects/0"),
        ({"subjects": [{"customer_id": "seven"}]}, "/subjects/0/customer_id"),
        ({"subjects": [{"customer_id": None}]}, "/subjects/0/customer_id"),
        ({"reason": ""}, "/reason"),
        ({"reason": "Customer 7 wrote"}, "/reason"),
        ({"reference": "letter of 7"}, "/reference"),
        ({"reference": "a\r\nBcc: eve@stranger.example"}, "/reference"),
        ({"reason": "a\x01b"}, "/reason"),
        ({"due_at": "2001-01-01T00:00:00Z"}, "/due_at"),
        ({"state": "approved"}, "/state"),
        ({"approver_email": "olga@customer.example"}, "/approver_email"),
    ],
)
def test_an_unusable_request_is_refused_at_its_field(
    acme: Company, changes: dict[str, object], pointer: str
) -> None:
    body = {"subjects": [{"customer_id": 7}], "reason": "Asked"} | changes

    status, problem = post(script(acme), "erasure-requests/", body)

    assert status == 400, problem
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def located(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.located()


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_token_never_decides(acme: Company, verb: str) -> None:
    request = located(acme)
    body = {"report_hash": request.report_hash} if verb == "approve" else {"reason": "no"}

    status, problem = post(script(acme), f"erasure-requests/{request.pk}/{verb}/", body)

    assert (status, problem["code"]) == (403, "decision_needs_person")
    assert located_state(acme, request) == "awaiting_approval"


def located_state(acme: Company, request: ErasureRequest) -> str:
    with namespace_scope(acme.namespace.pk):
        return ErasureRequest.objects.get(pk=request.pk).state


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_no_state_is_written_from_outside(acme: Company, method: str) -> None:
    request = located(acme)

    response = getattr(script(acme), method)(
        f"{BASE}erasure-requests/{request.pk}/",
        {"state": "approved"},
        content_type="application/json",
    )

    assert response.status_code == 405
    assert located_state(acme, request) == "awaiting_approval"


def test_an_officer_approves_in_a_session(acme: Company) -> None:
    request = located(acme)
    browser = tenancy.signed_in(acme.olga, role="officer")

    empty, _ = post(browser, f"erasure-requests/{request.pk}/approve/")
    wrong, stale = post(
        browser, f"erasure-requests/{request.pk}/approve/", {"report_hash": "0" * 64}
    )
    right, body = post(
        browser, f"erasure-requests/{request.pk}/approve/", {"report_hash": request.report_hash}
    )

    assert (empty, wrong, stale["code"]) == (400, 409, "report_stale")
    assert (right, body["state"], body["approved_by_id"]) == (200, "approved", str(acme.olga.pk))


def test_a_changed_lake_is_409_and_a_new_report(acme: Company) -> None:
    request = located(acme)
    (acme.folder / "customer-7.ndjson").write_bytes(purge.records(7, 7))

    status, problem = post(
        tenancy.signed_in(acme.olga, role="officer"),
        f"erasure-requests/{request.pk}/approve/",
        {"report_hash": request.report_hash},
    )

    assert (status, problem["code"]) == (409, "report_stale")
    assert located_state(acme, request) == "locating"


def test_report_and_certificate_are_read_without_a_name(acme: Company) -> None:
    request = located(acme)
    client = script(acme, "purge:read")
    report = client.get(f"{BASE}erasure-requests/{request.pk}/report/").json()
    assert report["document"]["objects"][0]["name"] == "sales/customer-•••.ndjson"
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approve(request))

    certificate = client.get(f"{BASE}erasure-requests/{request.pk}/certificate/").json()

    assert signatures.is_genuine(
        document=certificate["document"],
        signature=certificate["signature"],
        public_key=certificate["public_key"],
    )
    assert client.get(f"{BASE}erasure-requests/{request.pk}/").json()["certificate"] == 1


def test_cancelling_destroys_the_subjects(acme: Company) -> None:
    request = located(acme)
    client = script(acme)

    assert post(client, f"erasure-requests/{request.pk}/cancel/")[1]["state"] == "cancelled"
    status, problem = post(client, f"erasure-requests/{request.pk}/cancel/")

    assert (status, problem["code"]) == (409, "erasure_state_conflict")


def test_eve_finds_nothing(acme: Company, make_company: Callable[[str], Company]) -> None:
    request = located(acme)
    eve = script(make_company("evil"))

    for path in (
        f"erasure-requests/{request.pk}/",
        f"erasure-requests/{request.pk}/report/",
        f"datasets/{acme.dataset.pk}/",
        f"storage-layers/{acme.dataset.storage_layer_id}/",
    ):
        assert eve.get(f"{BASE}{path}").status_code == 404
        assert eve.get(f"/api/v1/namespaces/evil/{path}").status_code == 404
    response = eve.post(
        "/api/v1/namespaces/evil/datasets/",
        {"storage_layer": str(acme.dataset.storage_layer_id), "identifiers": IDENTIFIERS},
        content_type="application/json",
    )
    assert response.status_code == 400


def test_a_reading_token_writes_nothing(acme: Company) -> None:
    status, _ = post(
        script(acme, "purge:read"),
        "erasure-requests/",
        {"subjects": [{"customer_id": 7}], "reason": "Asked"},
    )

    assert status == 403


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_namespaces_name_never_leads_out_of_the_lake(name: str) -> None:
    with pytest.raises(LayerInvalid):
        wiring.storage_layer(LayerDescription(kind=LayerKind.FILESYSTEM, namespace_name=name))
