"""Approving an erasure: by a second human, once, on the report in force."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from governance.kernel.actors import Actor, ActorKind
from governance.kernel.permissions import PermissionDenied
from governance.tenancy.models import Identity, RoleBinding, User
from governance.tenancy.services import actors, users
from purge.domain.erasure import SelfApprovalForbidden, StateConflict, SubjectMayNotDecide
from purge.models import ErasureDecision, ErasureRequest
from purge.services import deciders, decisions, erasure_requests
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


@pytest.fixture(autouse=True)
def record(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))


def asked_by(company: Company, user: User) -> ErasureRequest:
    """A request by somebody who holds both rights: asking and deciding."""
    for role in ("admin", "officer"):
        RoleBinding.objects.get_or_create(user=user, role=tenancy.the_role(role))
    return company.located(actor=tenancy.an_actor(user))


def officer(user: User) -> Actor:
    return tenancy.an_actor(user, role="officer")


def test_an_officer_approves(company: Company) -> None:
    request = company.approve(company.located())

    assert request.state == "approved"
    assert request.approved_by_id == company.olga.pk
    decision = ErasureDecision.objects.get()
    assert (decision.decided_by_id, decision.decided_in_role) == (company.olga.pk, "officer")


def test_a_requester_cannot_approve_their_own_request(company: Company) -> None:
    request = asked_by(company, company.olga)

    with pytest.raises(SelfApprovalForbidden):
        company.approve(request, actor=officer(company.olga))

    request.refresh_from_db()
    assert request.state == "awaiting_approval"


def test_a_requester_cannot_reject_their_own_request(company: Company) -> None:
    request = asked_by(company, company.olga)

    with pytest.raises(SelfApprovalForbidden):
        decisions.reject(
            request_id=request.pk, reason="no", actor=officer(company.olga), now=timezone.now()
        )


def test_a_second_account_with_the_same_email_is_the_same_human(company: Company) -> None:
    request = asked_by(company, company.olga)
    twin = tenancy.a_user("twin", roles=["officer"], email=company.olga.email.upper())

    with pytest.raises(SelfApprovalForbidden):
        company.approve(request, actor=officer(twin))


def test_a_second_account_with_the_same_subject_is_the_same_human(company: Company) -> None:
    request = asked_by(company, company.olga)
    for user in (company.olga, company.ahmed):
        Identity.objects.create(
            user=user, provider_kind="saml", provider_id=uuid4(), subject="o.berg"
        )

    with pytest.raises(SelfApprovalForbidden):
        company.approve(request, actor=officer(company.ahmed))


def test_whom_it_is_about_cannot_decide(company: Company) -> None:
    request = company.located(people=[{"email": company.olga.email}])

    with pytest.raises(SubjectMayNotDecide):
        company.approve(request)


def test_a_token_cannot_approve(company: Company) -> None:
    request = company.located()
    actor = replace(officer(company.olga), kind=ActorKind.TOKEN)

    with pytest.raises(deciders.DecisionNeedsPerson):
        company.approve(request, actor=actor)


def test_nobody_without_the_right_approves(company: Company) -> None:
    with pytest.raises(PermissionDenied):
        company.approve(company.located(), actor=tenancy.an_actor(company.ivan))


def test_the_database_refuses_a_decision_by_the_requester(company: Company) -> None:
    request = company.located()
    values = {
        "erasure_request": request,
        "decision": "approve",
        "report_hash": request.report_hash,
        "decided_at": timezone.now(),
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureDecision.objects.create(
            **values,
            requested_by_id=request.requested_by_id,
            decided_by_id=request.requested_by_id,
        )


def test_pretending_that_somebody_else_had_asked_does_not_help(company: Company) -> None:
    request = company.located()

    def forge() -> None:
        ErasureDecision.objects.create(
            erasure_request=request,
            decision="approve",
            report_hash=request.report_hash,
            decided_at=timezone.now(),
            requested_by_id=uuid4(),
            decided_by_id=request.requested_by_id,
        )
        connection.check_constraints()

    with pytest.raises(IntegrityError), transaction.atomic():
        forge()


@pytest.mark.parametrize("state", ["approved", "purging", "verifying", "completed"])
def test_the_database_refuses_a_state_without_an_approver(company: Company, state: str) -> None:
    request = company.located()

    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=request.pk).update(state=state)


def test_the_database_refuses_the_requester_as_approver(company: Company) -> None:
    request = company.located()

    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=request.pk).update(
            state="approved", approved_by_id=request.requested_by_id
        )


def test_a_final_state_keeps_no_subjects(company: Company) -> None:
    request = company.located()
    assert request.subjects

    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=request.pk).update(state="cancelled")

    erasure_requests.cancel(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    request.refresh_from_db()
    assert (request.state, request.subjects) == ("cancelled", "")


def test_it_is_approved_once(company: Company) -> None:
    request = company.approved()

    with pytest.raises(StateConflict):
        company.approve(request, actor=officer(company.ahmed))

    assert ErasureDecision.objects.count() == 1


def test_a_rejected_one_is_not_approved(company: Company) -> None:
    request = company.located()
    decisions.reject(
        request_id=request.pk,
        reason="A legal duty",
        actor=officer(company.olga),
        now=timezone.now(),
    )

    with pytest.raises(StateConflict):
        company.approve(request, actor=officer(company.ahmed))


def test_an_old_report_cannot_be_approved(company: Company) -> None:
    request = company.located()
    old = request.report_hash
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 7))
    decisions.look_again(request_id=request.pk, actor=officer(company.olga), now=timezone.now())
    company.locate(request.pk)

    with pytest.raises(decisions.ReportStale):
        decisions.approve(
            request_id=request.pk,
            report_hash=old,
            lake=purge.a_lake(),
            actor=officer(company.olga),
            now=timezone.now(),
        )
    request.refresh_from_db()
    assert company.approve(request).state == "approved"


def test_a_changed_object_makes_the_approval_stale(company: Company) -> None:
    request = company.located()
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 7))

    with pytest.raises(decisions.LakeChanged):
        company.approve(request)


def test_an_approver_who_lost_the_right_does_not_count(company: Company) -> None:
    request = company.approved()
    RoleBinding.objects.filter(user=company.olga).delete()

    company.erase(request)

    assert request.state == "awaiting_approval"
    assert request.approved_by_id is None
    assert ErasureDecision.objects.get().voided_at is not None
    assert len((company.folder / "1.ndjson").read_bytes().splitlines()) == 3
    assert (
        company.erase(company.approve(request, actor=officer(company.ahmed))).state == "completed"
    )


def test_an_approver_who_was_deactivated_does_not_count(company: Company) -> None:
    request = company.approved()
    users.set_active(user=company.olga, active=False, actor=actors.system(), now=timezone.now())

    assert company.erase(request).state == "awaiting_approval"


@pytest.mark.parametrize("state", ["received", "locating"])
def test_nothing_is_approved_before_the_report(company: Company, state: str) -> None:
    request = company.ask()
    ErasureRequest.objects.filter(pk=request.pk).update(state=state)
    request.refresh_from_db()

    with pytest.raises(StateConflict):
        company.approve(request)


def test_an_approval_comes_before_the_expiry_or_not_at_all(company: Company) -> None:
    """T62: also where nothing has marked it as expired yet."""

    def approve(request: ErasureRequest, *, at: datetime) -> ErasureRequest:
        return decisions.approve(
            request_id=request.pk,
            report_hash=request.report_hash,
            lake=company.lake,
            actor=actors.for_user(user=company.olga, role=None, authenticated_at=at),
            now=at,
        )

    late, in_time = company.located(), company.located()

    with pytest.raises(decisions.ApprovalTooLate):
        approve(late, at=late.expires_at)
    before = in_time.expires_at - timedelta(seconds=1)

    assert approve(in_time, at=before).state == "approved"
    late.refresh_from_db()
    assert (late.state, late.approved_by_id) == ("awaiting_approval", None)
