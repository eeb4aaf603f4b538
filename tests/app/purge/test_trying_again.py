"""Several that failed are tried again together, each from where it stopped."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from purge import job_names
from purge.models import ErasureRequest, ErasureStep
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

PAGE = "/n/acme/erasures/"
REST = "/api/v1/namespaces/acme/erasure-requests/retry/"


@pytest.fixture
def failed(acme: Company) -> list[ErasureRequest]:
    """Two that are half done: of each one object was held open by its writer."""
    requests = []
    with namespace_scope(acme.namespace.pk):
        for customer in (7, 8):
            for name in ("free", "held"):
                (acme.folder / f"{customer}-{name}").write_bytes(purge.records(5, customer))
        for customer in (7, 8):
            request = acme.approved(people=[{"customer_id": customer}])
            with (acme.folder / f"{customer}-held").open("ab"):
                requests.append(acme.erase(request))
    assert [one.state for one in requests] == ["partially_failed"] * 2
    return requests


@pytest.fixture
def waiting(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.located(people=[{"customer_id": 9}])


def states(acme: Company) -> list[str]:
    with namespace_scope(acme.namespace.pk):
        return list(ErasureRequest.objects.order_by("pk").values_list("state", flat=True))


def test_both_go_on_from_where_they_stopped(acme: Company, failed: list[ErasureRequest]) -> None:
    client = tenancy.signed_in(acme.ivan)
    shown = client.get(f"{PAGE}?show=trouble").content.decode()
    assert all(str(one.pk) in shown for one in failed)
    assert "Try the chosen again" in shown

    answer = client.post(f"{PAGE}retry/", {"chosen": [one.pk for one in failed]})

    assert answer.content.decode().count("Purging") == 2
    with namespace_scope(acme.namespace.pk):
        done = ErasureStep.objects.filter(state="done").values_list("finished_at", flat=True)
        before = set(done)
        for request in failed:
            assert acme.erase(request).state == "completed"
        assert len(before) == 2
        assert before < set(done.all())  # what was done is not done again
    assert states(acme) == ["completed"] * 2
    assert (acme.folder / "7-held").read_bytes() == purge.records(5)


def test_what_did_not_fail_is_left_as_it_is(
    acme: Company, failed: list[ErasureRequest], waiting: ErasureRequest
) -> None:
    with namespace_scope(acme.namespace.pk):
        token = tenancy.a_token("purge:write")
    nobodys = "01890a5d-ac96-774b-bcce-b302099a8057"

    answer = post(token, [str(failed[0].pk), str(waiting.pk), nobodys])

    assert [(one["state"], one["code"]) for one in answer.json()["results"]] == [
        ("purging", ""),
        ("awaiting_approval", "erasure_state_conflict"),
        ("", "not_found"),
    ]
    assert states(acme) == ["purging", "partially_failed", "awaiting_approval"]
    with namespace_scope(acme.namespace.pk):
        jobs = OutboxMessage.objects.filter(name=job_names.ERASE)
        assert jobs.filter(payload__erasure_request_id=str(failed[0].pk)).count() == 2


def test_who_may_not_ask_for_erasures_tries_none_again(
    acme: Company, failed: list[ErasureRequest], make_company: Callable[[str], Company]
) -> None:
    ids = [str(one.pk) for one in failed]
    officer = tenancy.signed_in(acme.olga)
    assert "Try the chosen again" not in officer.get(f"{PAGE}?show=trouble").content.decode()
    assert officer.post(f"{PAGE}retry/", {"chosen": ids}).status_code == 403
    with namespace_scope(acme.namespace.pk):
        assert post(tenancy.a_token("purge:read"), ids).status_code == 403
    evil = make_company("evil")
    with namespace_scope(evil.namespace.pk):
        eve = tenancy.a_token("purge:write")
    assert post(eve, ids).status_code == 404

    assert tenancy.signed_in(acme.ivan).post(f"{PAGE}retry/").status_code == 302
    assert tenancy.signed_in(acme.ivan).get(f"{PAGE}retry/").status_code == 405
    assert states(acme) == ["partially_failed"] * 2


def post(token: str, ids: list[str]) -> Any:
    return Client().post(
        REST,
        {"ids": ids},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
