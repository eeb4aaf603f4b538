"""The list, the calendar, decisions on several, returns and the check of certificates, as pages."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import UserSession
from purge.domain.months import Month
from purge.models import ErasureRequest, ErasureStep, Return
from purge.services import erasures, suppression
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    return made


@pytest.fixture
def olga(acme: Company) -> Client:
    with namespace_scope(acme.namespace.pk):
        return tenancy.signed_in(acme.olga, role="officer")


def located(acme: Company, **changes: object) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.located(**changes)


def text(browser: Client, address: str) -> str:
    response = browser.get(f"/n/acme/erasures/{address}")
    assert response.status_code == 200
    return response.content.decode()


def aged(acme: Company) -> None:
    """Everybody's proof of identity is eleven minutes old."""
    with namespace_scope(acme.namespace.pk):
        then = timezone.now() - timedelta(minutes=11)
        UserSession.objects.update(authenticated_at=then)


def test_an_empty_list_says_what_to_do_next(olga: Client) -> None:
    assert "Nobody has asked to be forgotten" in text(olga, "")
    assert "Nothing waits for a decision" in text(olga, "?show=decide")


def test_the_list_is_narrowed_by_what_is_to_be_done(acme: Company, olga: Client) -> None:
    located(acme, reference="Letter 1")
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approved(people=[{"customer_id": 6}], reference="Letter 2"))

    assert "Letter 1" in text(olga, "?show=decide")
    assert "Letter 2" not in text(olga, "?show=decide")
    assert "Letter 2" in text(olga, "?show=ended")
    assert "Letter 1" not in text(olga, "?show=all&reference=2")


def test_the_calendar_shows_what_is_due_on_its_day(acme: Company, olga: Client) -> None:
    request = located(acme, reference="Letter 1")

    page = text(olga, f"calendar/?month={request.due_at:%Y-%m}")

    assert f'datetime="{request.due_at:%Y-%m-%d}"' in page
    assert "Letter 1" in page
    assert "Overdue" not in page
    with namespace_scope(acme.namespace.pk):
        ErasureRequest.objects.update(due_at=timezone.now() - timedelta(days=2))
    assert "2 days overdue" in text(olga, "calendar/?month=nonsense")


def test_a_month_without_a_due_date_names_the_next(acme: Company, olga: Client) -> None:
    assert "No open erasure is due later" in text(olga, "calendar/?month=2020-02")

    request = located(acme, reference="Letter 1")
    page = text(olga, "calendar/?month=2020-02")

    assert "Nothing is due in this month" in page
    assert f"/n/acme/erasures/{request.pk}/" in page
    assert f'href="?month={request.due_at:%Y-%m}"' in page
    assert "Nothing is due" not in text(olga, f"calendar/?month={request.due_at:%Y-%m}")


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("2026-02", "2026-02"), ("2026-13", "2026-11"), ("", "2026-11"), ("99999-1", "2026-11")],
)
def test_a_month_is_read_from_the_address(wanted: str, shown: str) -> None:
    month = Month.parse(wanted, today=date(2026, 11, 23))

    assert str(month) == shown
    assert month.before.after == month
    assert month.weeks[0][0].weekday() == 0


def test_several_are_reviewed_and_then_approved_at_once(acme: Company, olga: Client) -> None:
    first = located(acme, reference="Letter 1")
    second = located(acme, reference="Letter 2", people=[{"customer_id": 6}])

    review = text(olga, f"review/?chosen={first.pk}&chosen={second.pk}&chosen=nonsense")
    assert "Decide on 2 erasures" in review
    answer = olga.post(
        "/n/acme/erasures/decide/",
        {
            "verb": "approve",
            "confirmation": "approve 2 erasures",
            "report": [f"{first.pk}:{first.report_hash}", f"{second.pk}:{'0' * 64}"],
        },
    ).content.decode()

    assert "Approved" in answer
    assert "This is not the report in force" in answer
    with namespace_scope(acme.namespace.pk):
        states = {one.pk: one.state for one in ErasureRequest.objects.all()}
    assert states == {first.pk: "approved", second.pk: "awaiting_approval"}


def test_several_are_rejected_for_one_reason(acme: Company, olga: Client) -> None:
    request = located(acme)
    report = f"{request.pk}:{request.report_hash}"
    address = "/n/acme/erasures/decide/"

    assert olga.post(address, {"verb": "reject", "report": report}).status_code == 400
    olga.post(address, {"verb": "reject", "report": report, "reason": "A duty to keep."})

    with namespace_scope(acme.namespace.pk):
        assert ErasureRequest.objects.get().state == "rejected"


def test_what_was_decided_meanwhile_is_told_and_left(acme: Company, olga: Client) -> None:
    first, second = located(acme), located(acme, people=[{"customer_id": 6}])
    reports = [f"{one.pk}:{one.report_hash}" for one in (first, second)]
    post = {"verb": "reject", "reason": "A duty to keep."}
    address = "/n/acme/erasures/decide/"
    olga.post(address, {**post, "report": reports[0]})

    answer = olga.post(address, {**post, "report": [*reports, "nonsense"]})

    assert answer.status_code == 200
    assert "Somebody decided on the others meanwhile." in answer.content.decode()
    with namespace_scope(acme.namespace.pk):
        states = {one.state for one in ErasureRequest.objects.all()}
    assert states == {"rejected"}


def test_an_old_proof_loses_nothing_that_was_typed(acme: Company, olga: Client) -> None:
    request = located(acme)
    aged(acme)
    page = f"/n/acme/erasures/{request.pk}/"

    before = text(olga, f"{request.pk}/")
    refused = olga.post(f"{page}reject/", {"reason": "A duty that took long to write."})
    approval = {"report_hash": request.report_hash, "confirmation": "erase 1 record"}
    also = olga.post(f"{page}approve/", approval)
    many = olga.post(
        "/n/acme/erasures/decide/",
        {"verb": "reject", "report": f"{request.pk}:x", "reason": "A duty."},
    )

    assert "prove it now" in before
    assert {refused.status_code, also.status_code, many.status_code} == {403}
    assert b"A duty that took long to write." in refused.content
    assert f"/step-up/?next=%2Fn%2Facme%2Ferasures%2F{request.pk}%2F%23decide" in (
        refused.content.decode()
    )
    assert b'value="erase 1 record"' in also.content
    rest = olga.post(
        f"/api/v1/namespaces/acme/erasure-requests/{request.pk}/reject/",
        {"reason": "A duty."},
        content_type="application/json",
    )
    assert (rest.status_code, rest.json()["code"]) == (403, "authentication_too_old")
    assert rest.json()["step_up_url"]


def test_the_page_says_why_an_officer_may_not_decide(acme: Company, olga: Client) -> None:
    request = located(acme)
    with namespace_scope(acme.namespace.pk):
        twin = tenancy.a_user("twin", roles=["officer"], email=acme.ivan.email)
        browser = tenancy.signed_in(twin, role="officer")

    assert "You may not decide on this one" in text(browser, f"{request.pk}/")
    assert "Approve erasure" not in text(browser, f"{request.pk}/")


def test_the_page_tells_what_happened(acme: Company, olga: Client) -> None:
    request = located(acme)

    page = text(olga, f"{request.pk}/")

    assert "ivan-acme" in page
    happened = ("Asked for", "Looking for the records", "Report made", "Waiting for a decision")
    places = [page.index(words) for words in happened]
    assert places == sorted(places)


def test_a_report_without_records_asks_for_nothing_to_be_deleted(
    acme: Company, olga: Client
) -> None:
    request = located(acme, people=[{"customer_id": 404}])

    page = text(olga, f"{request.pk}/")

    assert "No record was found, so nothing is deleted" in page
    assert "erased for good" not in page


def test_a_form_that_is_shown_again_opens_where_the_mistake_is(acme: Company, olga: Client) -> None:
    request = located(acme)
    address = f"/n/acme/erasures/{request.pk}/"

    assert "autofocus" not in text(olga, f"{request.pk}/")
    answer = olga.post(
        f"{address}approve/", {"report_hash": request.report_hash, "confirmation": "erase it"}
    )
    assert re.search(r"<input[^>]+autofocus", answer.content.decode())
    answer = olga.post(f"{address}reject/", {})
    assert re.search(r"<textarea[^>]+autofocus", answer.content.decode())


def test_work_is_stopped_between_two_objects(acme: Company, olga: Client) -> None:
    (acme.folder / "2.ndjson").write_bytes(purge.records(7, 5))
    with namespace_scope(acme.namespace.pk):
        request = acme.approved()
        ErasureRequest.objects.filter(pk=request.pk).update(state="purging")
        erasures._plan_steps(request)
        browser = tenancy.signed_in(acme.ivan, role="admin")
    assert "Stop" in text(browser, f"{request.pk}/")

    browser.post(f"/n/acme/erasures/{request.pk}/cancel/")
    with namespace_scope(acme.namespace.pk):
        request = acme.erase(request)

        assert (request.state, request.subjects) == ("cancelled", "")
        assert request.certificates.get().kind == "partial"
        assert ErasureStep.objects.filter(state="done").count() == 0
    assert b'"id": 7' in (acme.folder / "2.ndjson").read_bytes()


def came_back(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approved(people=[{"email": "c7@customer.example"}]))
    (acme.folder / "3.ndjson").write_bytes(purge.records(7))
    with namespace_scope(acme.namespace.pk):
        purge.indexed(acme.dataset)


def test_who_came_back_is_flagged_once_and_named_nowhere(acme: Company, olga: Client) -> None:
    came_back(acme)
    with namespace_scope(acme.namespace.pk):
        (acme.folder / "4.ndjson").write_bytes(purge.records(7, 7))
        purge.indexed(acme.dataset)

        row = Return.objects.select_related("suppression").get()
        assert "c7@" not in str(Return.objects.values().get())
    page = text(olga, "returns/")
    assert row.suppression.public_fingerprint in page
    assert "Whoever may ask for erasures decides" in page
    assert "1 erased person is back" in text(olga, "")


def test_what_came_back_can_be_erased_again(acme: Company) -> None:
    came_back(acme)
    with namespace_scope(acme.namespace.pk):
        row = Return.objects.get()
        browser = tenancy.signed_in(acme.ivan, role="admin")
    address = f"/n/acme/erasures/returns/{row.pk}/"

    assert browser.post(address, {"verb": "erase"}).status_code == 302
    assert browser.post(address, {"verb": "erase"}).status_code == 409

    with namespace_scope(acme.namespace.pk):
        row.refresh_from_db()
        assert (row.state, row.subject) == ("asked", "")
        assert row.erasure_request is not None
        request = ErasureRequest.objects.get(pk=row.erasure_request.pk)
        acme.locate(request.pk)
        request.refresh_from_db()
        assert request.origin == "came_back"
        assert acme.erase(acme.approve(request)).state == "completed"
    assert (acme.folder / "3.ndjson").read_bytes() == b""


def test_who_may_stay_is_looked_out_for_no_more(acme: Company) -> None:
    came_back(acme)
    with namespace_scope(acme.namespace.pk):
        row = Return.objects.get()
        suppression.dismiss(return_id=row.pk, actor=tenancy.an_actor(acme.ivan), now=timezone.now())
        (acme.folder / "4.ndjson").write_bytes(purge.records(7))
        purge.indexed(acme.dataset)

        assert Return.objects.count() == 1
        assert Return.objects.get().subject == ""


def test_a_certificate_is_checked_by_pasting_it(acme: Company, olga: Client) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.erase(acme.approved(reference="Łódź 東京"))
    body = olga.get(f"/n/acme/erasures/{request.pk}/certificate.json").json()
    address = "/n/acme/erasures/check/"

    def pasted(certificate: object) -> str:
        return olga.post(address, {"certificate": json.dumps(certificate)}).content.decode()

    assert "Genuine" in pasted(body)
    assert "Not genuine" in pasted({**body, "document": {**body["document"], "totals": {}}})
    assert "Not genuine" in pasted({**body, "hash": "0" * 64})
    assert "Not genuine" in pasted({**body, "public_key": "AAAA"})
    for broken in ("", "{", "[]", "{}", '{"document": {}}'):
        assert olga.post(address, {"certificate": broken}).status_code == 400


def test_a_certificate_is_printed_whatever_letters_it_holds(acme: Company, olga: Client) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.erase(acme.approved(reference="Łódź 東京 é", identity_proof="Straße ✓"))

    page = olga.get(f"/n/acme/erasures/{request.pk}/certificate.pdf")
    rest = olga.get(
        f"/api/v1/namespaces/acme/erasure-requests/{request.pk}/certificate/?format=pdf"
    )

    assert page.content.startswith(b"%PDF-")
    assert page["Content-Type"] == rest["Content-Type"] == "application/pdf"
    assert rest.content.startswith(b"%PDF-")
    assert olga.get(f"/n/acme/erasures/{request.pk}/certificate.pdf?number=99").status_code == 404


def test_eve_sees_none_of_it(make_company: Callable[[str], Company], acme: Company) -> None:
    request = located(acme, reference="Letter 1")
    evil = make_company("evil")
    browser = tenancy.signed_in(evil.olga, role="officer")

    for address in ("", "calendar/", "returns/", "check/", f"review/?chosen={request.pk}"):
        assert browser.get(f"/n/acme/erasures/{address}").status_code == 404
        own = browser.get(f"/n/evil/erasures/{address}", follow=True)
        assert b"Letter 1" not in own.content
    answer = browser.post(
        "/n/evil/erasures/decide/",
        {"verb": "reject", "report": f"{request.pk}:x", "reason": "no"},
        follow=True,
    )
    assert b"Letter 1" not in answer.content


def test_nobody_without_the_right_sees_the_pages(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        browser = tenancy.signed_in(tenancy.a_user("uma", roles=["reader"]), role="reader")

    for address in ("", "calendar/", "returns/", "check/", "review/"):
        assert browser.get(f"/n/acme/erasures/{address}").status_code == 403
    assert "Erasures" not in browser.get("/").content.decode()
