"""Two approvals, by two people whom nobody of them made; an officer the requester made is none."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import RoleBinding, User
from governance.tenancy.services import actors, roles, step_up, users
from purge import selectors
from purge.domain.erasure import MadeByRequester, SameHuman, SelfApprovalForbidden
from purge.models import ErasureDecision, ErasureRequest
from purge.services import decisions, rules
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


@pytest.fixture(autouse=True)
def record(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))


@pytest.fixture
def two(company: Company) -> None:
    """The namespace wants two people."""
    change(company, approvals_needed=2)


def change(company: Company, **values: object) -> None:
    rules.change(
        values=values,  # type: ignore[arg-type]
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )


def approve(company: Company, request: ErasureRequest, user: User) -> ErasureRequest:
    done = company.approve(request, actor=tenancy.an_actor(user, role="officer"))
    request.refresh_from_db()
    return done


def made_by(maker: User, name: str, *given: str) -> User:
    return users.create_local(
        person=LocalPerson(login_name=name, email=f"{name}@customer.example"),
        password=tenancy.PASSWORD,
        roles=[tenancy.the_role(one) for one in given],
        actor=tenancy.an_actor(maker),
        now=timezone.now(),
    )


def test_two_people_approve_where_the_rules_want_two(company: Company, two: None) -> None:
    request = company.located()

    assert approve(company, request, company.olga).state == "awaiting_approval"
    assert {one.pk for one in selectors.deciders(request)} == {company.ahmed.pk}
    assert approve(company, request, company.ahmed).state == "approved"

    assert (request.approved_by_id, request.second_approved_by_id) == (
        company.olga.pk,
        company.ahmed.pk,
    )
    request = company.erase(request)
    assert request.state == "completed"
    assert [one["by"] for one in request.certificates.get().document["approved"]] == [
        str(company.olga.pk),
        str(company.ahmed.pk),
    ]


def test_one_person_counts_once(company: Company, two: None) -> None:
    request = company.located()
    approve(company, request, company.olga)

    with pytest.raises(decisions.AlreadyDecided):
        approve(company, request, company.olga)

    assert request.state == "awaiting_approval"


def test_one_human_with_two_accounts_counts_once(company: Company, two: None) -> None:
    request = company.located()
    approve(company, request, company.olga)
    twin = tenancy.a_user("twin", roles=["officer"], email=company.olga.email.upper())

    with pytest.raises(SameHuman):
        approve(company, request, twin)


def test_an_approver_makes_no_second_one(company: Company, two: None) -> None:
    request = company.located()
    RoleBinding.objects.create(user=company.olga, role=tenancy.the_role("admin"))
    puppet = made_by(company.olga, "puppet", "officer")
    approve(company, request, company.olga)

    with pytest.raises(MadeByRequester):
        approve(company, request, puppet)


def test_an_officer_whom_the_requester_made_does_not_decide(company: Company) -> None:
    puppet = made_by(company.ivan, "puppet", "officer")
    request = company.located()

    with pytest.raises(MadeByRequester):
        approve(company, request, puppet)
    with pytest.raises(MadeByRequester):
        decisions.reject(
            request_id=request.pk,
            reason="no",
            actor=tenancy.an_actor(puppet),
            now=timezone.now(),
        )
    assert puppet.pk not in {one.pk for one in selectors.deciders(request)}


def test_an_officer_whom_the_requester_gave_the_role_does_not_decide(company: Company) -> None:
    user = tenancy.a_user("uma", roles=["reader"])
    role = tenancy.the_role("officer")
    roles.bind(user=user, role=role, actor=tenancy.an_actor(company.ivan), now=timezone.now())

    with pytest.raises(MadeByRequester):
        approve(company, company.located(), user)


def test_a_harmless_role_from_the_requester_does_not_matter(company: Company) -> None:
    roles.bind(
        user=company.olga,
        role=tenancy.the_role("reader"),
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )

    assert approve(company, company.located(), company.olga).state == "approved"


def test_an_officer_whose_password_the_requester_set_does_not_decide(company: Company) -> None:
    users.set_password(
        user=company.olga,
        password="known to ivan",
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )

    with pytest.raises(MadeByRequester):
        approve(company, company.located(), company.olga)


def test_a_made_account_cannot_make_the_officer(company: Company) -> None:
    middle = made_by(company.ivan, "middle", "admin")
    puppet = made_by(middle, "puppet", "officer")

    with pytest.raises(MadeByRequester):
        approve(company, company.located(), puppet)


def test_the_first_approval_is_void_once_its_officer_lost_the_role(
    company: Company, two: None
) -> None:
    request = company.located()
    approve(company, request, company.olga)
    RoleBinding.objects.filter(user=company.olga).delete()

    assert approve(company, request, company.ahmed).state == "awaiting_approval"

    assert ErasureDecision.objects.get(decided_by_id=company.olga.pk).voided_at is not None
    assert AuditEvent.objects.filter(action="erasure.approval_voided").count() == 1


def test_both_approvals_are_asked_again_before_anything_is_cut(company: Company, two: None) -> None:
    request = company.located()
    approve(company, request, company.olga)
    approve(company, request, company.ahmed)
    RoleBinding.objects.filter(user=company.olga).delete()

    assert company.erase(request).state == "awaiting_approval"
    assert request.second_approved_by_id is None
    assert len((company.folder / "1.ndjson").read_bytes().splitlines()) == 3


def test_a_new_report_voids_the_first_approval(company: Company, two: None) -> None:
    request = company.located()
    approve(company, request, company.olga)
    decisions.look_again(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    company.locate(request.pk)
    request.refresh_from_db()

    assert approve(company, request, company.ahmed).state == "awaiting_approval"
    assert len(selectors.approvals(request)) == 1


def test_an_officer_may_change_their_mind(company: Company, two: None) -> None:
    request = company.located()
    approve(company, request, company.olga)

    done = decisions.reject(
        request_id=request.pk,
        reason="A duty to keep.",
        actor=tenancy.an_actor(company.olga),
        now=timezone.now(),
    )

    assert done.state == "rejected"


def test_fewer_approvals_are_not_enough_for_what_was_asked_before(
    company: Company, two: None
) -> None:
    request = company.located()
    change(company, approvals_needed=1)

    assert approve(company, request, company.olga).state == "awaiting_approval"


def test_more_approvals_count_for_what_waits_already(company: Company) -> None:
    request = company.located()
    change(company, approvals_needed=2)

    assert approve(company, request, company.olga).state == "awaiting_approval"


@pytest.mark.parametrize(
    "second", ["missing", "the first once more", "the requester"], ids=lambda one: one
)
def test_the_database_refuses_one_approval_where_two_are_needed(
    company: Company, two: None, second: str
) -> None:
    request = company.located()
    people = {
        "missing": None,
        "the first once more": company.olga.pk,
        "the requester": request.requested_by_id,
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=request.pk).update(
            state="approved",
            approved_by_id=company.olga.pk,
            second_approved_by_id=people[second],
        )


@pytest.mark.parametrize(
    "values", [{"approvals_needed": 3}, {"undecided_days": 0}, {"came_back": "erase"}]
)
def test_rules_that_make_no_sense_are_refused(company: Company, values: dict[str, object]) -> None:
    with pytest.raises(rules.RulesInvalid):
        change(company, **values)


def aged(user: User) -> object:
    proved_at = timezone.now() - timedelta(minutes=11)
    return actors.for_user(user=user, role=None, authenticated_at=proved_at)


def test_deciding_needs_a_recent_proof(company: Company) -> None:
    request = company.located()
    actor = aged(company.olga)

    with pytest.raises(step_up.AuthenticationTooOld):
        company.approve(request, actor=actor)  # type: ignore[arg-type]
    with pytest.raises(step_up.AuthenticationTooOld):
        decisions.reject(
            request_id=request.pk,
            reason="no",
            actor=actor,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    assert request.state == "awaiting_approval"


def test_several_are_decided_at_once_each_by_its_own_report(company: Company) -> None:
    first, second = company.located(), company.located(people=[{"customer_id": 6}])
    own = company.located(people=[{"customer_id": 5}])
    ErasureRequest.objects.filter(pk=own.pk).update(requested_by_id=company.olga.pk)
    answers = decisions.approve_many(
        reports=[(one.pk, one.report_hash) for one in (first, own)] + [(second.pk, "0" * 64)],
        lake=purge.a_lake(),
        actor=tenancy.an_actor(company.olga),
        now=timezone.now(),
    )

    assert [(one.state, one.code) for one in answers] == [
        ("approved", ""),
        ("awaiting_approval", SelfApprovalForbidden.code),
        ("awaiting_approval", "report_stale"),
    ]


def test_bulk_decisions_by_rest(company: Company) -> None:
    first, second = company.located(), company.located(people=[{"customer_id": 6}])
    with namespace_scope(company.namespace.pk):
        browser: Client = tenancy.signed_in(company.olga, role="officer")
    base = "/api/v1/namespaces/acme/erasure-requests/"

    done = browser.post(
        f"{base}approve/",
        {"approvals": [{"id": str(first.pk), "report_hash": first.report_hash}]},
        content_type="application/json",
    )
    rejected = browser.post(
        f"{base}reject/",
        {"ids": [str(second.pk), str(first.pk)], "reason": "A duty to keep."},
        content_type="application/json",
    )

    assert [one["state"] for one in done.json()["results"]] == ["approved"]
    assert [(one["state"], one["code"]) for one in rejected.json()["results"]] == [
        ("rejected", ""),
        ("approved", "erasure_state_conflict"),
    ]
