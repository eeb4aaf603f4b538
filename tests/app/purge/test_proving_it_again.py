"""From the decision page to a fresh proof and back, and then the decision (threat T55)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import UserSession
from purge.models import ErasureRequest
from tests.app.purge.conftest import Company
from tests.factories import tenancy


@pytest.fixture
def olga(acme: Company) -> Client:
    """Her browser, eleven minutes after she signed in."""
    browser = tenancy.signed_in(acme.olga, role="officer")
    with namespace_scope(acme.namespace.pk):
        then = timezone.now() - timedelta(minutes=11)
        UserSession.objects.filter(user=acme.olga).update(authenticated_at=then)
    return browser


def state(request: ErasureRequest) -> str:
    with namespace_scope(request.namespace_id):
        return ErasureRequest.objects.get(pk=request.pk).state


def test_the_page_leads_to_the_proof_and_the_decision_follows(
    olga: Client, request_: ErasureRequest
) -> None:
    page = f"/n/acme/erasures/{request_.pk}/"
    decision = {"report_hash": request_.report_hash, "confirmation": "erase 1 record"}
    came_from = {"referer": f"{settings.PUBLIC_URL}{page}", "host": "localhost:8000"}

    refused = olga.post(f"{page}approve/", decision, headers=came_from)
    proved = olga.post("/step-up/", {"password": tenancy.PASSWORD, "next": page})
    approved = olga.post(f"{page}approve/", decision)

    assert refused.status_code == 403
    assert f"/step-up/?next=%2Fn%2Facme%2Ferasures%2F{request_.pk}%2F" in refused.content.decode()
    assert proved["Location"] == page
    assert approved.status_code == 302
    assert state(request_) != "awaiting_approval"


def test_rejecting_wants_it_too(olga: Client, request_: ErasureRequest) -> None:
    answer = olga.post(
        f"/n/acme/erasures/{request_.pk}/reject/", {"reason": "Not a person of ours"}
    )

    assert answer.status_code == 403
    assert state(request_) == "awaiting_approval"


def test_a_session_of_the_api_is_told_where(olga: Client, request_: ErasureRequest) -> None:
    answer = olga.post(
        f"/api/v1/namespaces/acme/erasure-requests/{request_.pk}/approve/",
        {"report_hash": request_.report_hash},
        content_type="application/json",
    )

    assert answer.json()["code"] == "authentication_too_old"
    assert answer.json()["step_up_url"] == "/step-up/"
    assert state(request_) == "awaiting_approval"
