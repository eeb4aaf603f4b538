"""Ids of another namespace within a body, a list or a filter: as if they did not exist."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.kernel.identifiers import new_id
from purge.models import ErasureRequest, LegalHold
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

ACME = "/api/v1/namespaces/acme"


@pytest.fixture
def evil(make_company: Callable[[str], Company], acme: Company) -> Company:
    """The other one, with an erasure that waits for a decision."""
    made = make_company("evil")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    with namespace_scope(made.namespace.pk):
        made.located()
    return made


def theirs(evil: Company) -> ErasureRequest:
    with namespace_scope(evil.namespace.pk):
        return ErasureRequest.objects.get()


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_several_decisions_reach_no_other_namespace(
    acme: Company, evil: Company, verb: str
) -> None:
    officer = tenancy.signed_in(acme.olga, role="officer")
    request = theirs(evil)

    def answers(ids: list[object]) -> list[dict[str, str]]:
        approvals = [{"id": str(one), "report_hash": request.report_hash} for one in ids]
        rejections = {"ids": [str(one) for one in ids], "reason": "No."}
        body = {"approvals": approvals} if verb == "approve" else rejections
        answer = officer.post(
            f"{ACME}/erasure-requests/{verb}/", body, content_type="application/json"
        )
        found: list[dict[str, str]] = answer.json()["results"]
        return [{**one, "id": "", "erasure_request": ""} for one in found]

    stranger, absent = answers([request.pk, new_id()])

    assert stranger["code"] == "not_found"
    assert {**stranger, "request_id": ""} == {**absent, "request_id": ""}
    assert theirs(evil).state == "awaiting_approval"


def test_the_page_of_several_reaches_no_other_namespace(acme: Company, evil: Company) -> None:
    officer = tenancy.signed_in(acme.olga, role="officer")
    request = theirs(evil)

    shown = officer.get("/n/acme/erasures/review/", {"chosen": [str(request.pk)]})
    for verb in ("approve", "reject"):
        values = {"report": [f"{request.pk}:{request.report_hash}"], "verb": verb, "reason": "No."}
        assert officer.post("/n/acme/erasures/decide/", values).status_code == 302

    assert shown.status_code == 302
    assert theirs(evil).state == "awaiting_approval"


def test_a_dataset_lies_in_no_layer_of_another_namespace(acme: Company, evil: Company) -> None:
    ivan = tenancy.signed_in(acme.ivan, role="admin")
    body = {"prefix": "x/", "identifiers": purge.IDENTIFIERS, "format": "ndjson"}
    own = f"{ACME}/datasets/{acme.dataset.pk}/"
    told = []

    for layer in (evil.dataset.storage_layer_id, new_id()):
        values = {**body, "storage_layer": str(layer)}
        made = ivan.post(f"{ACME}/datasets/", values, content_type="application/json")
        moved = ivan.patch(own, {"storage_layer": str(layer)}, content_type="application/json")
        told.append(
            (made.status_code, moved.status_code, made.content.replace(str(layer).encode(), b""))
        )

    assert told[0] == told[1]
    assert told[0][0] == told[0][1] == 400


def test_a_hold_is_on_no_dataset_of_another_namespace(acme: Company, evil: Company) -> None:
    olga = tenancy.signed_in(acme.olga, role="officer")
    told = []

    for dataset in (evil.dataset.pk, new_id()):
        until = (timezone.now() + timedelta(days=1)).isoformat()
        body = {"dataset": str(dataset), "reason": "A court asked.", "until": until}
        answer = olga.post(f"{ACME}/legal-holds/", body, content_type="application/json")
        told.append((answer.status_code, answer.content.replace(str(dataset).encode(), b"")))

    assert told[0] == told[1]
    with namespace_scope(evil.namespace.pk):
        assert not LegalHold.objects.exists()


@pytest.mark.parametrize(
    "path", ["datasets/?storage_layer=", "legal-holds/?dataset=", "returns/?dataset="]
)
def test_a_filter_by_another_namespaces_id_tells_nothing(
    acme: Company, evil: Company, path: str
) -> None:
    ivan = tenancy.signed_in(acme.ivan, role="admin")
    there = evil.dataset.storage_layer_id if "storage_layer" in path else evil.dataset.pk
    told = []

    for one in (there, new_id()):
        answer = ivan.get(f"{ACME}/{path}{one}")
        told.append((answer.status_code, answer.content.replace(str(one).encode(), b"")))

    assert told[0] == told[1]
