"""The decision page: what an officer sees, what a link's visitor cannot do."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.isolation.scopes import namespace_scope
from purge.models import ErasureRequest
from purge.views import decision
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


def page(request: ErasureRequest, verb: str = "") -> str:
    return f"/n/acme/erasures/{request.pk}/{verb}"


def state(request: ErasureRequest) -> str:
    with namespace_scope(request.namespace_id):
        return ErasureRequest.objects.get(pk=request.pk).state


def approval(request: ErasureRequest, **changes: str) -> dict[str, str]:
    return {"report_hash": request.report_hash, "confirmation": "erase 1 record"} | changes


def test_a_stranger_is_asked_to_sign_in(request_: ErasureRequest) -> None:
    response = Client().get(page(request_))

    assert response.status_code == 302
    assert "next=" in response["Location"]


def test_an_officer_reads_the_report(acme: Company, request_: ErasureRequest) -> None:
    response = tenancy.signed_in(acme.olga, role="officer").get(page(request_))

    text = response.content.decode()
    assert response.status_code == 200
    assert "sales/1.ndjson" in text
    assert "erase 1 record" in text
    assert "all stored results of queries in this namespace go too" in text
    assert request_.report_hash in text
    assert "no-store" in response["Cache-Control"]
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe-inline" not in response["Content-Security-Policy"]


def test_a_page_stays_short_however_much_remains(acme: Company, request_: ErasureRequest) -> None:
    with namespace_scope(acme.namespace.pk):
        request_.problems = [
            {"name": f"sales/{one}.ndjson", "reason": "legal_hold", "count": 1}
            for one in range(decision.SHOWN_OBJECTS + 1)
        ]
        request_.save()

    text = tenancy.signed_in(acme.olga, role="officer").get(page(request_)).content.decode()

    assert text.count("sales/199.ndjson") == 1
    assert "sales/200.ndjson" not in text
    assert "And 1 more" in text


def test_the_person_is_shown_masked(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located(people=[{"email": "dora@customer.example"}])

    text = tenancy.signed_in(acme.olga, role="officer").get(page(request)).content.decode()

    assert "dora@customer" not in text
    assert "d•••e" in text


@pytest.mark.parametrize("verb", ["", "approve/", "reject/", "samples/"])
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_following_a_link_changes_nothing(
    acme: Company, request_: ErasureRequest, verb: str, method: str
) -> None:
    browser = tenancy.signed_in(acme.olga, role="officer")

    getattr(browser, method)(page(request_, verb))

    assert state(request_) == "awaiting_approval"


def test_a_post_without_the_token_changes_nothing(acme: Company, request_: ErasureRequest) -> None:
    strict = tenancy.signed_in(acme.olga, role="officer", client=Client(enforce_csrf_checks=True))

    response = strict.post(page(request_, "approve/"), approval(request_))

    assert response.status_code == 403
    assert state(request_) == "awaiting_approval"


def test_a_post_of_a_stranger_changes_nothing(request_: ErasureRequest) -> None:
    assert Client().post(page(request_, "approve/"), approval(request_)).status_code == 302
    assert state(request_) == "awaiting_approval"


def test_an_officer_approves(acme: Company, request_: ErasureRequest) -> None:
    response = tenancy.signed_in(acme.olga, role="officer").post(
        page(request_, "approve/"), approval(request_)
    )

    assert response.status_code == 302
    assert state(request_) == "approved"


@pytest.mark.parametrize("confirmation", ["", "erase", "erase 2 records"])
def test_an_approval_repeats_what_will_be_erased(
    acme: Company, request_: ErasureRequest, confirmation: str
) -> None:
    response = tenancy.signed_in(acme.olga, role="officer").post(
        page(request_, "approve/"), approval(request_, confirmation=confirmation)
    )

    assert response.status_code == 400
    assert state(request_) == "awaiting_approval"


def test_an_approval_of_another_report_is_refused(acme: Company, request_: ErasureRequest) -> None:
    response = tenancy.signed_in(acme.olga, role="officer").post(
        page(request_, "approve/"), approval(request_, report_hash="0" * 64)
    )

    assert response.status_code == 409
    assert state(request_) == "awaiting_approval"


def test_a_lake_that_changed_asks_for_a_new_report(acme: Company, request_: ErasureRequest) -> None:
    with (acme.folder / "1.ndjson").open("ab") as writer:
        writer.write(purge.records(9))

    response = tenancy.signed_in(acme.olga, role="officer").post(
        page(request_, "approve/"), approval(request_)
    )

    assert response.status_code == 409
    assert state(request_) == "locating"
    # It looks again by itself: at the page, which can be looked at, not at the button's address.
    text = response.content.decode()
    assert f'data-poll="{page(request_, "status/")}?state=locating"' in text
    assert f'data-poll-page="{page(request_)}"' in text
    assert "portal.js" in text
    assert "Refresh" not in response.headers


def test_the_page_asks_how_far_the_work_is(acme: Company, request_: ErasureRequest) -> None:
    browser = tenancy.signed_in(acme.olga, role="officer")

    def told(state: str) -> dict[str, object]:
        answer: dict[str, object] = browser.get(page(request_, "status/"), {"state": state}).json()
        return answer

    assert told("awaiting_approval")["is_final"] is True
    with namespace_scope(acme.namespace.pk):
        changes = {"state": "locating", "progress_done": 5, "progress_total": 40}
        ErasureRequest.objects.filter(pk=request_.pk).update(**changes)

    assert told("locating") == {
        "is_final": False,
        "state": "Locating",
        "text": "5 of 40 objects",
        "percent": 12,
    }
    assert told("received")["is_final"] is True
    assert Client().get(page(request_, "status/")).status_code == 302


def test_nobody_else_asks_how_far_it_is(
    make_company: Callable[[str], Company], request_: ErasureRequest
) -> None:
    eve = tenancy.signed_in(make_company("evil").olga, role="officer")

    assert eve.get(page(request_, "status/")).status_code == 404


def test_an_officer_rejects_with_a_reason(acme: Company, request_: ErasureRequest) -> None:
    browser = tenancy.signed_in(acme.olga, role="officer")

    without = browser.post(page(request_, "reject/"), {"reason": ""})
    with_reason = browser.post(page(request_, "reject/"), {"reason": "A legal duty to keep."})

    assert without.status_code == 400
    assert with_reason.status_code == 302
    assert state(request_) == "rejected"
    assert b'"id": 7' in (acme.folder / "1.ndjson").read_bytes()


def test_looking_at_samples_is_written_down(acme: Company, request_: ErasureRequest) -> None:
    response = tenancy.signed_in(acme.olga, role="officer").post(page(request_, "samples/"))

    assert "c7@customer.example" in response.content.decode()
    assert state(request_) == "awaiting_approval"


def test_ivan_who_asked_sees_it_and_cannot_decide(acme: Company, request_: ErasureRequest) -> None:
    browser = tenancy.signed_in(acme.ivan, role="admin")

    assert browser.get(page(request_)).status_code == 200
    assert browser.post(page(request_, "approve/"), approval(request_)).status_code == 403
    assert state(request_) == "awaiting_approval"


def test_eve_of_another_namespace_finds_nothing(
    make_company: Callable[[str], Company], request_: ErasureRequest
) -> None:
    evil = make_company("evil")
    browser = tenancy.signed_in(evil.olga, role="officer")

    for address in (page(request_), page(request_).replace("/acme/", "/evil/")):
        assert browser.get(address).status_code == 404
        assert browser.post(f"{address}approve/", approval(request_)).status_code == 404
    assert state(request_) == "awaiting_approval"


def test_the_certificate_is_handed_out_after_the_end(
    acme: Company, request_: ErasureRequest
) -> None:
    browser = tenancy.signed_in(acme.olga, role="officer")
    assert browser.get(page(request_, "certificate.json")).status_code == 404
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approve(request_))

    response = browser.get(page(request_, "certificate.json"))

    assert response.json()["document"]["totals"]["records"] == 1
    assert "Certificate 1" in browser.get(page(request_)).content.decode()
