"""Decisions and workers at the same moment, by connections of their own."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.outbox.models import OutboxMessage
from purge import job_names
from purge.models import ErasureDecision
from purge.services import locks, rules
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 200 if os.environ.get("LAKEWARDEN_FULL") else 10


def test_six_approvals_at_once_are_one_decision_and_one_execution(
    make_company: Callable[[str], Company],
) -> None:
    company = make_company("acme")
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))

    def approve(number: int, barrier: threading.Barrier, request: object) -> str:
        officer = (company.olga, company.ahmed)[number % 2]
        try:
            with namespace_scope(company.namespace.pk):
                barrier.wait()
                company.approve(request, actor=tenancy.an_actor(officer, role="officer"))  # type: ignore[arg-type]
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "approved"

    for _ in range(ROUNDS):
        with namespace_scope(company.namespace.pk):
            request = company.located()
        barrier = threading.Barrier(6)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda one: approve(one, barrier, request), range(6)))  # noqa: B023 - used up within the round

        assert sorted(answers) == ["approved", *["erasure_state_conflict"] * 5]
        with namespace_scope(company.namespace.pk):
            assert ErasureDecision.objects.filter(erasure_request=request).count() == 1
            jobs = OutboxMessage.objects.filter(
                name=job_names.ERASE, payload__erasure_request_id=str(request.pk)
            )
            assert jobs.count() == 1


def test_one_of_two_officers_posting_often_is_never_two_people(
    make_company: Callable[[str], Company],
) -> None:
    """Two are wanted, one posts six times at once: one approval, and it goes on waiting."""
    company = make_company("acme")
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    with namespace_scope(company.namespace.pk):
        rules.change(
            values={"approvals_needed": 2},
            actor=tenancy.an_actor(company.ivan),
            now=timezone.now(),
        )
        request = company.located()
    barrier = threading.Barrier(6)

    def approve(_number: int) -> str:
        try:
            with namespace_scope(company.namespace.pk):
                barrier.wait()
                actor = tenancy.an_actor(company.olga, role="officer")
                return company.approve(request, actor=actor).state
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(approve, range(6)))

    assert answers == [*["already_decided"] * 5, "awaiting_approval"]
    with namespace_scope(company.namespace.pk):
        assert ErasureDecision.objects.count() == 1


def test_two_workers_are_never_at_one_erasure(make_company: Callable[[str], Company]) -> None:
    company = make_company("acme")
    with namespace_scope(company.namespace.pk):
        request = company.ask()

    def other() -> str:
        try:
            with locks.exclusively(request.pk):
                return "in"
        except locks.ErasureBusy:
            return "busy"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with locks.exclusively(request.pk):
            assert pool.submit(other).result() == "busy"
        assert pool.submit(other).result() == "in"
