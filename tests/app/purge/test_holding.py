"""Legal holds: what is held stays, is named in report and certificate, and goes by retry later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import ActorKind
from governance.kernel.permissions import PermissionDenied
from governance.tenancy.services import actors, step_up
from purge.models import ErasureReport, ErasureRequest, LegalHold
from purge.services import erasure_requests, free_texts, holds
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

TOMORROW = timedelta(days=1)


def lines(company: Company, name: str = "1.ndjson") -> list[bytes]:
    return (company.folder / name).read_bytes().splitlines()


def retried(company: Company, request: ErasureRequest) -> ErasureRequest:
    erasure_requests.retry(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    company.locate(request.pk)
    request.refresh_from_db()
    return company.erase(company.approve(request))


@pytest.fixture(autouse=True)
def record(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6, 8))


def test_a_held_person_is_kept_and_goes_once_the_hold_is_lifted(company: Company) -> None:
    hold = company.hold()

    request = company.located(people=[{"customer_id": 7}, {"customer_id": 8}])
    report = ErasureReport.objects.get(erasure_request=request).document
    assert (report["totals"]["records"], report["totals"]["held"]) == (1, 1)
    assert report["objects"][0]["held_until"] == hold.until.isoformat()

    request = company.erase(company.approve(request))

    assert request.state == "partially_failed"
    assert [b'"id": 7' in line for line in lines(company)] == [False, True, False]
    assert request.problems[0]["reason"] == "legal_hold"
    partial = request.certificates.get()
    assert (partial.kind, partial.document["remains"][0]["until"]) == (
        "partial",
        hold.until.isoformat(),
    )

    company.lift(hold)
    assert retried(company, request).state == "completed"
    assert len(lines(company)) == 2
    assert request.certificates.get(kind="complete").number == 2


def test_a_record_of_two_people_stays_while_one_of_them_is_held(company: Company) -> None:
    """Erasing an email address must not take a record of a held customer number with it."""
    company.hold()

    request = company.erase(company.approved(people=[{"email": "c7@customer.example"}]))

    assert request.state == "partially_failed"
    assert len(lines(company)) == 4


def test_a_hold_that_was_placed_after_the_approval_counts(company: Company) -> None:
    request = company.approved()
    company.hold()

    company.erase(request)

    assert (request.state, request.problems[0]["reason"]) == ("partially_failed", "legal_hold")
    assert len(lines(company)) == 4


def test_a_held_dataset_is_not_touched(company: Company) -> None:
    hold = company.hold(subject=None, dataset=company.dataset)

    request = company.located()
    report = ErasureReport.objects.get(erasure_request=request).document
    assert report["objects"] == []
    assert report["unreachable"] == [
        {"name": "sales/", "reason": "legal_hold", "until": hold.until.isoformat()}
    ]
    request = company.erase(company.approve(request))
    assert request.state == "partially_failed"
    assert len(lines(company)) == 4

    company.lift(hold)
    assert retried(company, request).state == "completed"
    assert len(lines(company)) == 3


def test_a_dataset_that_is_held_after_the_approval_is_not_touched(company: Company) -> None:
    request = company.approved()
    company.hold(subject=None, dataset=company.dataset)

    company.erase(request)

    assert (request.state, request.problems[0]["reason"]) == ("partially_failed", "legal_hold")
    assert len(lines(company)) == 4


def test_a_hold_ends_by_itself(company: Company) -> None:
    hold = company.hold()
    LegalHold.objects.filter(pk=hold.pk).update(until=timezone.now() - TOMORROW)

    assert company.erase(company.approved()).state == "completed"


def test_a_hold_names_nobody(company: Company) -> None:
    hold = company.hold(subject={"email": "c77123@customer.example"})

    assert "c77123" not in str(LegalHold.objects.filter(pk=hold.pk).values().get())
    assert hold.fingerprints[0].startswith("email:")
    with pytest.raises(free_texts.RequestInvalid):
        company.hold(subject={"email": "dora@x.example"}, reason="dora@x.example sued us")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"until": timezone.now() - TOMORROW},
        {"reason": " "},
        {"subject": {"customer_id": "seven"}},
    ],
)
def test_what_is_no_hold_is_refused(company: Company, changes: dict[str, object]) -> None:
    with pytest.raises(free_texts.RequestInvalid):
        company.hold(**changes)


def test_lifting_needs_a_person_a_reason_a_recent_proof_and_happens_once(company: Company) -> None:
    hold = company.hold()
    olga = tenancy.an_actor(company.olga)
    long_ago = timezone.now() - timedelta(minutes=11)
    stale = actors.for_user(user=company.olga, role=None, authenticated_at=long_ago)

    with pytest.raises(holds.HoldNeedsPerson):
        company.lift(hold, actor=replace(olga, kind=ActorKind.TOKEN))
    with pytest.raises(step_up.AuthenticationTooOld):
        company.lift(hold, actor=stale)
    with pytest.raises(PermissionDenied):
        company.lift(hold, actor=tenancy.an_actor(tenancy.a_user("uma", roles=["reader"])))
    company.lift(hold)
    with pytest.raises(holds.HoldLifted):
        company.lift(hold)

    assert AuditEvent.objects.filter(action="legal_hold.lifted", target_id=hold.pk).count() == 1


def test_eve_sees_no_hold_of_another_namespace(
    make_company: Callable[[str], Company], company: Company
) -> None:
    hold = company.hold()
    evil = make_company("evil")
    with namespace_scope(evil.namespace.pk):
        browser: Client = tenancy.signed_in(evil.olga, role="officer")
        assert not LegalHold.objects.exists()

    assert browser.get(f"/api/v1/namespaces/evil/legal-holds/{hold.pk}/").status_code == 404
    assert browser.get("/api/v1/namespaces/acme/legal-holds/").status_code == 404


def test_an_officer_is_told_that_all_of_it_is_held(company: Company) -> None:
    company.hold()
    request = company.located()
    olga = tenancy.signed_in(company.olga, role="officer")

    page = olga.get(f"/n/acme/erasures/{request.pk}/").content.decode()

    assert "All that was found is under a legal hold" in page
    assert "erased for good" not in page


def test_holds_are_placed_and_lifted_in_the_admin(company: Company) -> None:
    browser = tenancy.signed_in(company.ivan, role="admin")
    until = timezone.now() + TOMORROW
    values = {"reason": "A court asked.", "until_0": f"{until:%Y-%m-%d}", "until_1": "12:00:00"}
    address = "/admin/purge/legalhold/"

    person = browser.post(f"{address}add/", {**values, "person": "customer_id=7"})
    whole = browser.post(f"{address}add/", {**values, "kept": str(company.dataset.pk)})
    neither = browser.post(f"{address}add/", values)

    assert (person.status_code, whole.status_code, neither.status_code) == (302, 302, 200)
    for hold in LegalHold.objects.all():
        shown = browser.get(f"{address}{hold.pk}/change/").content.decode()
        assert "On hold" in shown
        assert "(&#x27;held" not in shown
        browser.post(f"{address}{hold.pk}/do/lift/", {"reason": "It is over."})
    assert LegalHold.objects.filter(lifted_at__isnull=False).count() == 2


def test_holds_are_placed_and_lifted_by_rest(company: Company) -> None:
    browser = tenancy.signed_in(company.olga, role="officer")
    base = "/api/v1/namespaces/acme/legal-holds/"
    body = {
        "subject": {"customer_id": 7},
        "reason": "A court asked.",
        "until": (timezone.now() + TOMORROW).isoformat(),
    }

    placed = browser.post(base, body, content_type="application/json").json()
    lifted = browser.post(
        f"{base}{placed['id']}/lift/", {"reason": "Over."}, content_type="application/json"
    )

    assert placed["subject"][0].startswith("customer_id:")
    assert lifted.json()["lifted_because"] == "Over."


@pytest.mark.parametrize("reason", ["x" * 1001, "a\0b"])
def test_a_reason_that_cannot_be_kept_is_refused_in_words(company: Company, reason: str) -> None:
    hold = company.hold()

    with pytest.raises(free_texts.RequestInvalid, match=r"longer|control"):
        holds.lift(
            hold_id=hold.pk,
            reason=reason,
            actor=tenancy.an_actor(company.olga, role="officer"),
            now=timezone.now(),
        )
    with pytest.raises(free_texts.RequestInvalid, match=r"longer|control"):
        company.hold(reason=reason)
